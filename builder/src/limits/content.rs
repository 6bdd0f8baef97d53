//! Limits on the files of a branch. Hostile trees, links and attributes could otherwise fill memory and disk,
//! or never come to an end.

/// How deep folders may be nested. Linux ends a path at 4,096 bytes, which is 2,048 folders.
pub const MAX_DEPTH: usize = 256;

/// How many files and folders a tarball may have: Wikibase has 6,000. Links to folders can multiply
/// them, and so can a tree that contains the same tree many times.
pub const MAX_MEMBERS: usize = 500_000;

/// How many problems are kept: hostile content could have millions.
pub const MAX_PROBLEMS: usize = 10_000;

/// How many steps the matching of one tree's paths may take. The 6,000 files of Wikibase with a
/// hundred patterns take below 10⁸.
pub const MAX_ATTRIBUTE_STEPS: u64 = 20_000_000_000;

/// How many bytes the `.gitattributes` files of a tree may have; those of Wikimedia's extensions have
/// below 1 kB.
pub const MAX_GITATTRIBUTES: usize = 1 << 20;

/// The longest of these files that is read, in bytes; Wikibase's lock has 200 kB.
pub const MAX_COMPOSER_JSON: u64 = 8 << 20;

/// How many problems of a branch are published. Hostile content could have millions.
pub const MAX_PUBLISHED_PROBLEMS: usize = 50;
