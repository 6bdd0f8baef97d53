//! What a tarball will have, before any of it is read: the size of each member, and where it begins.
//!
//! It owns the limits on bytes. Sizes come from the headers of Git objects: 2 µs for a file, 1 % of the time that
//! a tarball takes. So a repository of a megabyte that unpacks to gigabytes fails before it costs anything.

use crate::{
    Error,
    content::{Content, Member, shown},
    limits::tarball::{ALWAYS_TAKEN, MAX_BYTES, MAX_FILE, MAX_GROWTH},
    tarball::header::{self, Kind},
};

/// A member, and which bytes of the tarball it has before compression.
pub(crate) struct Planned<'a> {
    pub(crate) member: &'a Member<'a>,
    /// Where it begins.
    pub(crate) start: u64,
    /// Where the next one begins.
    pub(crate) end: u64,
}

/// The plan of a tarball with these members below the folder `top`.
///
/// # Errors
/// [`Error::TooLarge`] for a file or a tarball above its limit, [`Error::Damaged`] where an object is missing or
/// broken.
pub(crate) fn plan<'a>(
    content: &Content,
    members: &'a [Member<'a>],
    top: &str,
) -> Result<Vec<Planned<'a>>, Error> {
    let mut planned = Vec::with_capacity(members.len());
    let mut start = 0;
    for member in members {
        let (kind, size) = match member.file {
            Some(file) => (Kind::File { executable: file.executable }, content.size(file)?),
            None => (Kind::Folder, 0),
        };
        if size > MAX_FILE {
            return Err(too_large(format!("the file {}", shown(&member.path)), MAX_FILE));
        }
        let end = start + header::size(top, &member.path, kind) + header::filled(size);
        if end > MAX_BYTES {
            return Err(too_large("its tarball".to_owned(), MAX_BYTES));
        }
        planned.push(Planned { member, start, end });
        start = end;
    }
    if start > ALWAYS_TAKEN {
        growth(start, content.reader().stored_bytes()?)?;
    }
    Ok(planned)
}

/// Fails for a tarball of `bytes` that is too large for mirrors of `stored` bytes.
fn growth(bytes: u64, stored: u64) -> Result<(), Error> {
    let limit = stored.saturating_mul(MAX_GROWTH).max(ALWAYS_TAKEN);
    if bytes > limit {
        let what = format!("its tarball, from a mirror of {stored} bytes,");
        return Err(too_large(what, limit));
    }
    Ok(())
}

fn too_large(what: String, limit: u64) -> Error {
    Error::TooLarge { what, limit, unit: "bytes" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_tarball_may_be_fifty_times_as_large_as_its_mirrors() {
        growth(ALWAYS_TAKEN, 0).unwrap();
        let error = growth(ALWAYS_TAKEN + 1, 1_000).unwrap_err().to_string();
        assert!(error.contains("from a mirror of 1000 bytes, has more than 268435456"), "{error}");
        growth(500 << 20, 10 << 20).unwrap();
        growth((500 << 20) + 1, 10 << 20).unwrap_err();
        growth(MAX_BYTES, u64::MAX).unwrap();
    }
}
