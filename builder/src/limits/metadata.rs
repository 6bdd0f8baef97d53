//! Limits on manifests and messages, and on what is published of them.

/// How many files of a branch are read; Wikibase, with the most, has 1,500.
pub const MAX_MESSAGE_FILES: usize = 10_000;

/// How many folders of a branch are read; VisualEditor, with the most, has 7.
pub const MAX_MESSAGE_FOLDERS: usize = 100;

/// How many bytes of texts a branch may have; Vector, with the most, has 42 kB.
pub const MAX_TEXTS: usize = 1 << 20;

/// The longest file that is read, in bytes; MediaWiki core's English has 500 kB.
pub const MAX_MESSAGE_FILE: u64 = 8 << 20;

/// How many bytes of files are read for all branches of a repository; Wikibase has 30 MB in a branch.
pub const MAX_MESSAGES: u64 = 1 << 30;

/// The longest text, in bytes; long descriptions have 1,000.
pub const MAX_TEXT: usize = 8 << 10;

/// The longest manifest that is read, in bytes; Wikibase's has 60 kB.
pub const MAX_MANIFEST: u64 = 4 << 20;

/// How many manifests of one branch are looked at; Wikibase has 3.
pub const MAX_MANIFESTS: usize = 20;

/// How many authors, or requirements of one kind, are kept; the longest list of authors has 30.
pub const MAX_ENTRIES: usize = 500;
