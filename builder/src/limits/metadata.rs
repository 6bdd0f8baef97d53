//! Limits on manifests and messages, and on what is published of them.
//!
//! The maxima are those of 153 manifests of Wikimedia's extensions and skins over ten years, with their
//! messages in eight languages.

/// The longest manifest that is read, in bytes; VisualEditor's has 114 kB.
pub const MAX_MANIFEST: u64 = 2 << 20;

/// The longest manifest without its large parts that is kept, in bytes.
pub const MAX_EXTRACT: usize = 256 << 10;

/// How many manifests of one branch are looked at; Wikibase has 3.
pub const MAX_MANIFESTS: usize = 20;

/// How many JSON values (texts, numbers, lists, ...) the fields of a manifest may have that are read. Translate, with the
/// most, has 48. A value takes up to 700 bytes of memory.
pub const MAX_VALUES: usize = 5_000;

/// How many authors, or requirements of one kind, are kept; VisualEditor has 16 authors.
pub const MAX_ENTRIES: usize = 500;

/// The longest name, version, licence, type or URL, in bytes; the longest URL has 68.
pub const MAX_FIELD: usize = 1_000;

/// How many bytes the authors of a branch may have together; CodeMirror's have 263.
pub const MAX_AUTHORS: usize = 8 << 10;

/// How many bytes the requirements of a branch may have together; Translate's have 76.
pub const MAX_REQUIREMENTS: usize = 4 << 10;

/// The longest text, in bytes, before and after its conversion to plain text; the longest description has 444.
pub const MAX_TEXT: usize = 8 << 10;

/// The longest key of a message, in bytes: a key is the title of a page, which MediaWiki limits to 255 bytes.
pub const MAX_KEY: usize = 255;

/// How many parameters a message may have. No manifest that was looked at has any.
pub const MAX_PARAMETERS: usize = 20;

/// The longest parameter of a message, in bytes.
pub const MAX_PARAMETER: usize = 1_000;

/// How many bytes of texts a branch may have, in all languages; Vector, with the most, has 42 kB.
pub const MAX_TEXTS: usize = 256 << 10;

/// How many bytes of texts all branches of a repository may have that are made in one cycle. 100 branches, each with as
/// many as Vector has, have half of it.
pub const MAX_TEXTS_OF_REPOSITORY: usize = 8 << 20;

/// From how many bytes on the texts of new branches go from memory to the builder's state: each branch may have
/// [`MAX_TEXTS`], and content decides.
pub const MAX_TEXTS_IN_MEMORY: usize = 32 << 20;

/// How many message files of a branch are read; Wikibase, with the most, has 1,500.
pub const MAX_MESSAGE_FILES: usize = 10_000;

/// How many folders of a branch are read; VisualEditor, with the most, has 7.
pub const MAX_MESSAGE_FOLDERS: usize = 100;

/// How many names in these folders are looked at, of message files and others; Wikibase has 1,500.
pub const MAX_MESSAGE_NAMES: usize = 50_000;

/// The longest message file that is read, in bytes; MediaWiki core's English has 500 kB.
pub const MAX_MESSAGE_FILE: u64 = 8 << 20;

/// How many bytes of message files are read for all branches of a repository; Wikibase has 30 MB in a branch.
pub const MAX_MESSAGES: u64 = 512 << 20;

/// How many bytes of texts are kept for the next branches of a repository; Wikibase's 1,500 files have 0.2 MB of
/// them in a branch.
pub const MAX_KEPT: usize = 16 << 20;

/// How many problems of a branch's metadata are kept. 50 are published.
pub const MAX_PROBLEMS: usize = 1_000;

/// The longest problem, in bytes: a problem names a path, a field and a limit.
pub const MAX_PROBLEM: usize = 500;
