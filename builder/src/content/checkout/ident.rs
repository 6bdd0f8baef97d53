//! `$Id$` becomes `$Id: <id of the blob> $`, where the attribute `ident` is set.
//!
//! Git has two ways through its code for this, and they differ in rare cases. Both are here, so that
//! each file gets the bytes that Git gives it.

use crate::content::blob::BlobId;

/// `ident_to_worktree` of Git, which has the whole file in memory. `None` if nothing changes.
pub(crate) fn whole(blob: &[u8], id: BlobId) -> Option<Vec<u8>> {
    let new = value(id);
    let mut out = room(blob, &new);
    let mut rest = blob;
    let mut found = false;
    while let Some(at) = find(rest, b'$') {
        let (before, after) = rest.split_at(at + 1);
        out.extend_from_slice(before);
        rest = after;
        let Some(keyword) = rest.strip_prefix(b"Id") else { continue };
        match keyword.first() {
            Some(b'$') => rest = &keyword[1..],
            Some(b':') => {
                let Some(end) = find(&keyword[1..], b'$') else { break };
                let value = &keyword[1..=end];
                // Written by another version control system, or ended by a dollar sign of another line.
                let foreign = value.get(1..).and_then(|value| find(value, b' '));
                if value.contains(&b'\n') || foreign.is_some_and(|at| at + 2 < value.len()) {
                    continue;
                }
                rest = &keyword[end + 2..];
            }
            _ => continue,
        }
        found = true;
        out.extend_from_slice(b"Id");
        out.extend_from_slice(&new);
    }
    out.extend_from_slice(rest);
    found.then_some(out)
}

/// `ident_filter_fn` of Git, which reads byte by byte. It does not see the `$Id$` in `$$Id$`, and also
/// takes a tab for a sign of another version control system. `None` if nothing changes.
pub(crate) fn streamed(blob: &[u8], id: BlobId) -> Option<Vec<u8>> {
    // With the NUL that ends a string in C: Git compares it, too.
    const HEAD: &[u8] = b"$Id\0";
    let new = value(id);
    let mut out = room(blob, &new);
    let mut found = false;
    let mut matched = 0;
    let mut bytes = blob.iter().copied().enumerate();
    while let Some((at, byte)) = bytes.next() {
        if HEAD.get(matched) == Some(&byte) {
            matched += 1;
            continue;
        }
        let whole = matched == HEAD.len() - 1;
        out.extend_from_slice(&HEAD[..std::mem::take(&mut matched)]);
        match byte {
            b'$' if whole => {
                out.extend_from_slice(&new);
                found = true;
            }
            b':' if whole => {
                let length = blob[at..].iter().position(|b| b"\n$".contains(b));
                let value = &blob[at..length.map_or(blob.len(), |length| at + length + 1)];
                if value.last() == Some(&b'$') && !is_foreign(value) {
                    out.extend_from_slice(&new);
                    found = true;
                } else {
                    out.extend_from_slice(value);
                }
                if value.len() > 1 {
                    bytes.nth(value.len() - 2);
                }
            }
            byte => out.push(byte),
        }
    }
    out.extend_from_slice(&HEAD[..matched]);
    found.then_some(out)
}

/// What comes behind `$Id`.
fn value(id: BlobId) -> Vec<u8> {
    format!(": {id} $").into_bytes()
}

/// Room for the result: a `Vec` that grows would need three times as much for a moment.
fn room(blob: &[u8], value: &[u8]) -> Vec<u8> {
    let keywords = blob.windows(3).filter(|part| part == b"$Id").count();
    Vec::with_capacity(blob.len() + keywords * value.len())
}

/// Whether `: … $` has a space before the one at its end.
fn is_foreign(value: &[u8]) -> bool {
    value.strip_prefix(b": ").is_some_and(|value| {
        let value = value.split(|&b| b == 0).next().unwrap_or_default();
        value.windows(2).any(|pair| b" \t\r\n".contains(&pair[0]) && pair[1] != b'$')
    })
}

fn find(bytes: &[u8], byte: u8) -> Option<usize> {
    bytes.iter().position(|&b| b == byte)
}
