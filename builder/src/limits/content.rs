//! Limits on the files of a branch. Hostile trees, links and attributes could otherwise fill memory and disk,
//! or never come to an end.
//!
//! Each holds for one content: a branch with all its submodules, and what Composer adds. Together they keep a
//! content below 300 MB of memory and a few seconds of work, whatever the repository holds.
//!
//! The largest that real repositories have was measured on 339 branches of ten of Wikimedia's larger
//! extensions and skins, Wikibase and VisualEditor among them.

/// How deep folders may be nested, those of submodules included. Linux ends a path at 4,096 bytes, which is
/// 2,048 folders; real ones have up to 11.
pub const MAX_DEPTH: usize = 256;

/// How many files and folders a tarball may have: Wikibase, with the most, has 8,300. Links to folders can
/// multiply them, and so can a tree that contains the same tree many times. A folder takes up to 1 kB of memory.
pub const MAX_MEMBERS: u64 = 100_000;

/// How many bytes all tree objects that are read may have. An entry of a tree takes 28 bytes and its name, so
/// that Wikibase has 0.4 MB.
pub const MAX_TREES: u64 = 16 << 20;

/// How many bytes the paths of all files and folders of a tarball may have; Wikibase has 0.45 MB. Links can
/// make paths longer than those of the tree.
pub const MAX_PATHS: u64 = 32 << 20;

/// How many bytes the texts of all symbolic links may have, equal ones counted once. Real ones
/// have up to 3 links, with texts of up to 26 bytes.
pub const MAX_LINK_TEXTS: u64 = 4 << 20;

/// How many names a path may go through, those of the links on it included. The folders of
/// real repositories are up to 11 deep.
pub const MAX_PATH_NAMES: u64 = 1000;

/// How many names are looked at to list the members of a tarball: each entry of a folder, and each name on the
/// way of a symbolic link. Wikibase takes 8,300. All of them take below 1 s.
pub const MAX_LINK_STEPS: u64 = 5_000_000;

/// How many gitlinks a content may have, those of submodules included. Real ones have up to 6.
pub const MAX_GITLINKS: u64 = 1000;

/// How many problems are kept: hostile content could have millions.
pub const MAX_PROBLEMS: usize = 10_000;

/// How many bytes of a path, or of the text of a link, are shown in a message. A name has up to 255.
pub const MAX_SHOWN: usize = 300;

/// How many names that some systems do not take are named one by one. They stay in the tarball, so a few are
/// enough to know of them.
pub const MAX_ODD_NAMES: usize = 5;

/// How many bytes the `.gitattributes` files of a content may have, with the paths of their folders; real
/// ones have up to 1.2 kB.
pub const MAX_GITATTRIBUTES: u64 = 1 << 20;

/// How many lines of `.gitattributes` with a pattern count, of those that can convert a file. Real
/// contents have up to 39 lines in all.
pub const MAX_ATTRIBUTE_RULES: u64 = 10_000;

/// How many macros a tree's `.gitattributes` may define, of those that can convert a file. Real files have
/// none.
pub const MAX_ATTRIBUTE_MACROS: u64 = 100;

/// How many steps it may take to find out the attributes of all files: one for each line that is tried, each
/// state that is set, and each pair of a byte of the path and a part of the pattern. The 8,000 files of
/// Wikibase with forty patterns would take 3·10⁷. A step takes 2 to 4 ns, so that all take 1 to 2 s.
pub const MAX_ATTRIBUTE_STEPS: u64 = 500_000_000;

/// The largest file that is converted (line ends, `$Id$`, encodings), in bytes. A conversion needs the whole
/// file in memory. The largest file of real ones has 3.4 MB, and none of them asks for a conversion.
pub const MAX_CONVERTED_FILE: u64 = 8 << 20;

/// The largest result of a conversion, in bytes: `$Id$` can make a file 12 times as large.
pub const MAX_CONVERSION: u64 = 2 * MAX_CONVERTED_FILE;

/// How many bytes the files may have that `.gitattributes` ask to convert, equal ones counted once. The largest
/// of Wikimedia's tarballs has 180 MB in all, and most of that is no text.
pub const MAX_CONVERTED: u64 = 256 << 20;

/// The longest `composer.json`, `composer.lock` or `installed.json` that is read, in bytes; Wikibase's lock has 200 kB.
pub const MAX_COMPOSER_JSON: u64 = 8 << 20;

/// How many bytes of files are written to disk for Composer to work on. The largest of Wikimedia's tarballs has
/// 180 MB.
pub const MAX_UNPACKED: u64 = 1 << 30;

/// How many things that are missing from a tarball are named. A branch may have 100 submodules.
pub const MAX_MISSING: usize = 50;

/// The longest reason why something is missing, in bytes. The end of Composer's output is the longest.
pub const MAX_REASON: usize = 2000;

/// How many files that are Git LFS pointers are named. They are counted all.
pub const MAX_NAMED_POINTERS: usize = 3;

/// How many problems of a branch are published. Hostile content could have millions.
pub const MAX_PUBLISHED_PROBLEMS: usize = 50;

/// How many bytes the published problems of a branch may have together.
pub const MAX_PUBLISHED_PROBLEM_BYTES: usize = 8 << 10;
