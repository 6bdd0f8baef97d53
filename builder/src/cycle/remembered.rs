//! The file with what is remembered of the upstreams' lists: `lists.json`. It only saves requests, so a fault with it
//! stops nothing.

use std::{fs::File, io::Read};

use crate::{
    data_dir::{atomic, layout::Layout},
    limits::upstream::MAX_LISTS_FILE,
    upstream::Pages,
};

/// Reads it. What is not there, too long or no such file is forgotten.
pub(super) fn read(layout: &Layout) -> Pages {
    let mut text = Vec::new();
    let read = File::open(layout.lists())
        .and_then(|file| file.take(MAX_LISTS_FILE).read_to_end(&mut text));
    Pages::read(if read.is_ok() { &text } else { &[] })
}

/// Writes it if it has changed. `is_whole` is true if all upstreams could be listed.
pub(super) fn write(pages: &Pages, is_whole: bool, layout: &Layout) {
    let Some(text) = pages.text(is_whole) else { return };
    if let Err(error) = atomic::put(&layout.lists(), |out| Ok(writeln!(out, "{text}"))) {
        tracing::warn!("{error}; the next cycle asks for whole lists");
    }
}
