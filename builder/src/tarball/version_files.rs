//! `version` and `gitinfo.json`: the two files that a tarball has besides the content of its branch.

use jiff::Timestamp;
use serde_json::json;
use tardist_contract::{BranchName, CommitId, RepoName};

use crate::content::Content;

/// What a tarball is made of.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// The repository's name, which is also the name of the top folder.
    pub name: &'a RepoName,
    /// The branch.
    pub branch: &'a BranchName,
    /// The commit.
    pub commit: &'a CommitId,
    /// When it was committed: Unix seconds.
    pub committed_at: i64,
    /// The repository's URL for `gitinfo.json`: without `.git`.
    pub url: &'a str,
}

/// Puts `version` and `gitinfo.json` into the content. They have the form that extdist's `nightly.py`
/// gives them, but the time of the commit in place of the clock's. MediaWiki's Special:Version reads
/// `gitinfo.json` (<https://www.mediawiki.org/wiki/Manual:Gitinfo.json>).
pub fn add_version_files(content: &mut Content, subject: &Subject<'_>) {
    let Subject { name, branch, commit, committed_at, url } = subject;
    let time = Timestamp::from_second(*committed_at).unwrap_or(Timestamp::UNIX_EPOCH);
    let time = time.strftime("%Y-%m-%dT%H:%M:%S");
    let version = format!("{name}: {branch}\n{time}\n\n{}\n", commit.short());
    content.put("version", version.into_bytes());
    // Python's json.dump: a space after each colon and comma, keys in this order.
    let text = |value: String| json!(value).to_string();
    let id = text(format!("{commit}\n"));
    let gitinfo = format!(
        r#"{{"head": {id}, "headSHA1": {id}, "headCommitDate": "{committed_at}", "branch": {id}, "remoteURL": {}}}"#,
        text((*url).to_owned())
    );
    content.put("gitinfo.json", gitinfo.into_bytes());
}
