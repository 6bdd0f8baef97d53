//! How many bytes the objects of a repository have on disk.

use std::{fs, io, path::Path};

use crate::{Error, data_dir::files::entries, error::IoContext, object};

/// The bytes of all packs and loose objects in a folder `objects`, and in those that it borrows from. What another
/// worker removes meanwhile does not count.
///
/// # Errors
/// [`Error::Io`] if a file or folder cannot be read.
pub(crate) fn bytes(objects: &Path) -> Result<u64, Error> {
    let mut bytes = 0;
    for objects in object::folders(objects) {
        for folder in
            entries(&objects)?.iter().filter(|path| path.is_dir() && !path.ends_with("info"))
        {
            bytes += bytes_of_files(folder)?;
        }
    }
    Ok(bytes)
}

fn bytes_of_files(folder: &Path) -> Result<u64, Error> {
    let mut bytes = 0;
    for file in entries(folder)? {
        // A pack's index is no content.
        if file.extension().is_none_or(|extension| extension == "pack") {
            match fs::symlink_metadata(&file) {
                Ok(metadata) if metadata.is_file() => bytes += metadata.len(),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).at("read", file),
            }
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_and_loose_objects_count_and_borrowed_ones_too() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, bytes: &[u8]| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        let objects = folder.path().join("mirror/objects");
        write("mirror/objects/pack/pack-1.pack", &[0; 100]);
        write("mirror/objects/pack/pack-1.idx", &[0; 1_000]);
        write("mirror/objects/ab/cdef", &[0; 20]);
        assert_eq!(bytes(&objects).unwrap(), 120);
        write("other/objects/pack/pack-2.pack", &[0; 3]);
        write("third/objects/pack/pack-3.pack", &[0; 4]);
        let [other, third] = ["other", "third"].map(|it| folder.path().join(it).join("objects"));
        let alternates = format!("{}\n{}\n", other.display(), third.display());
        write("mirror/objects/info/alternates", alternates.as_bytes());
        assert_eq!(bytes(&objects).unwrap(), 127);
    }
}
