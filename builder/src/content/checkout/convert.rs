//! What the attributes of a file mean for its bytes, as in Git's `convert.c`.
//!
//! It owns the order of the conversions, and the choice between Git's two ways through its code. Git's
//! defaults on Linux hold (`core.autocrlf` and `core.eol` not set): so `text` alone changes nothing,
//! only `eol=crlf` does. Programs that `filter` names never run: Git without configuration runs none
//! either.

use crate::content::{
    blob::BlobId,
    checkout::{encoding::Encoding, gitattributes::State, ident, line_ends::LineEnds},
    paths::shown,
};

/// The attributes that can change a file, in the order that [`Conversion::new`] takes.
pub(crate) const ATTRIBUTES: [&str; 5] = ["text", "crlf", "eol", "ident", "working-tree-encoding"];

/// Without one of these, the others change nothing.
pub(crate) const DECISIVE: [&str; 3] = ["eol", "ident", "working-tree-encoding"];

/// What a checkout does to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Conversion {
    ident: bool,
    line_ends: LineEnds,
    encoding: Option<Encoding>,
}

impl Conversion {
    /// What these states of [`ATTRIBUTES`] ask for. The first is `None` where the file stays as it
    /// is; the second is the name of an encoding that is not known here.
    pub(crate) fn new(states: [State<'_>; 5]) -> (Option<Self>, Option<String>) {
        let [text, crlf, eol, ident, encoding] = states;
        let (encoding, unknown) = match encoding {
            State::Unspecified => (None, None),
            State::Value([]) => (None, None),
            State::Value(name) => match Encoding::named(name) {
                Some(encoding) => (encoding, None),
                None => (None, Some(shown(name))),
            },
            State::Set | State::Unset => (None, Some("true or false".to_owned())),
        };
        let line_ends = LineEnds::new(text, crlf, eol);
        let conversion = Self { ident: ident == State::Set, line_ends, encoding };
        let changes =
            conversion.ident || conversion.line_ends.changes() || conversion.encoding.is_some();
        (changes.then_some(conversion), unknown)
    }

    /// The bytes of the blob `id` as a checkout writes them; `None` if nothing changes. The second is
    /// true if the encoding does not have one of the characters: then Git does not encode the file.
    pub(crate) fn apply(&self, blob: &[u8], id: BlobId) -> (Option<Vec<u8>>, bool) {
        let mut bytes = None;
        if self.ident {
            bytes = if self.streams() { ident::streamed(blob, id) } else { ident::whole(blob, id) };
        }
        if let Some(converted) = self.line_ends.apply(bytes.as_deref().unwrap_or(blob)) {
            bytes = Some(converted);
        }
        let Some(encoding) = self.encoding else { return (bytes, false) };
        match encoding.encode(bytes.as_deref().unwrap_or(blob)) {
            Some(encoded) => (Some(encoded), false),
            None => (bytes, true),
        }
    }

    /// Whether Git converts the file piece by piece. Then it treats `$Id$` a little differently.
    fn streams(&self) -> bool {
        self.encoding.is_none() && matches!(self.line_ends, LineEnds::Keep | LineEnds::Crlf)
    }
}
