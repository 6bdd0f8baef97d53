//! The version of the format: which bytes a commit gives.

use std::{
    fs::File,
    io::{self, BufReader, Read},
};

use flate2::read::MultiGzDecoder;

/// Which bytes the same commit gives. A change of any byte of any tarball raises it: another header field,
/// another compressor, another order of members. [`is_current_format`] has to recognize it.
///
/// | version | what it was |
/// |---|---|
/// | 1 | the type byte of files was NUL, and the name field of a long path had the path's first 100 bytes |
/// | 2 | the type byte of files is `0`, and the name field of a long path has a hash (`tarball/header.rs`) |
pub const FORMAT: u32 = 2;

/// How many headers are looked at. Each tarball has `version` and `gitinfo.json` among its members.
const MAX_HEADERS: usize = 10_000;

/// True if a tarball has the current [`FORMAT`]: the type byte of its first file tells.
///
/// # Errors
/// The errors of reading, also if it is no gzip.
pub fn is_current_format(file: &File) -> io::Result<bool> {
    let mut tar = MultiGzDecoder::new(BufReader::new(file));
    let mut header = [0; 512];
    for _ in 0..MAX_HEADERS {
        tar.read_exact(&mut header)?;
        match header[156] {
            b'0' => return Ok(true),
            // Folders have no content, unlike long names.
            b'5' => {}
            b'L' => drop(tar.read_exact(&mut [0; 512])),
            _ => return Ok(false),
        }
    }
    Ok(false)
}
