//! Limits on the lists of upstreams. They are read by the process that supervises all others, so what is
//! kept of them has to fit into its memory, whatever they contain.

use std::time::Duration;

/// How many repositories one list may have. Wikimedia has 1,400 extensions and skins, and 100,000 is the
/// largest number that tardist is measured with.
pub const MAX_REPOSITORIES: usize = 100_000;

/// How many pages one list may have: with 100 repositories on a page, as GitHub, GitLab and Phabricator have them,
/// [`MAX_REPOSITORIES`].
pub const MAX_PAGES: usize = 1000;

/// How many bytes all pages of one list may have together: 256 MiB. Gerrit's list of 10,000 projects
/// with six branches each takes 6 MB; GitHub has 6 kB for each repository, so some 45,000 of them fit, and no
/// organization on GitHub has more than 10,000.
pub const MAX_LIST: u64 = 256 << 20;

/// How long all pages of one list may take together. 14 pages of GitHub take 15 seconds.
pub const MAX_LIST_TIME: Duration = Duration::from_secs(20 * 60);

/// How many bytes of a name are kept. A repository's name may have 100, and stands behind the names of
/// the groups that it is in; a file name may have 255.
pub const MAX_NAME: usize = 255;

/// How long a clone URL may be, in bytes. Real ones have below 150.
pub const MAX_URL: usize = 512;

/// How long the URL of a list's next page may be, in bytes. Those of GitHub and GitLab have below 400.
pub const MAX_NEXT: usize = 2048;

/// How many branches a wiki may offer (`snapshots` of its siteinfo); Wikimedia's offers 5. Each is
/// looked for in each repository. Also how many branches of a repository, or of MediaWiki itself, the patterns of the
/// setting `branches` may match.
pub const MAX_BRANCHES: usize = 100;

/// How many branches and tags of MediaWiki itself are read: release branches, those of patterns, and the tags of first
/// releases. It has 50 release branches, and some hundreds of others.
pub const MAX_CORE_REFS: usize = 10_000;

/// How many clone URLs one repository may have in a list of Phabricator; usual are 2 to 4.
pub const MAX_CLONE_URLS: usize = 100;

/// The longest list file that is read: 64 MiB. A line for each of 100,000 repositories takes 10 MB.
pub const MAX_LIST_FILE: u64 = 64 << 20;

/// How much of lists is remembered from cycle to cycle, in bytes: 32 MiB. A repository takes 200 bytes, so
/// [`MAX_REPOSITORIES`] take 20 MB.
pub const MAX_REMEMBERED: usize = 32 << 20;

/// The longest file of remembered lists that is read: what is remembered, written as JSON in JSON.
pub const MAX_LISTS_FILE: u64 = 2 * MAX_REMEMBERED as u64;

/// The longest `ETag` that is remembered, in bytes. Those of GitHub and GitLab have below 80.
pub const MAX_ETAG: usize = 1000;
