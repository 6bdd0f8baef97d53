//! `/feed.atom` and `/KIND/NAME/feed.atom`: the newest tarballs as an Atom feed (RFC 4287), by which people
//! and programs learn that something was published.
//!
//! An entry is a tarball. Its id is made from the tarball's file name and its commit, which never stand for two
//! different files. So an entry keeps its id wherever the service moves, and other bytes are another entry. The id of
//! a feed is made from its URL: other services have feeds at the same path.

use std::fmt::Write as _;

use tardist_contract::{BranchName, Kind, RepoName, entity_tag};

use crate::{
    http::{
        encoding::compressed,
        problem::ApiError,
        request::Request,
        response::{Representation, Response},
    },
    query::{
        feed::{Entry, Newest, newest},
        snapshot::Snapshot,
    },
    xml::Escaped,
};

/// The media type (RFC 4287, 7). XML says its encoding itself.
const ATOM: &str = "application/atom+xml";

/// The `updated` of a feed without entries, which it has to have: the month of RFC 4287. The time of the snapshot
/// would change an empty feed, and validators take one much earlier for a fault.
const NEVER: &str = "2005-12-01T00:00:00Z";

/// Answers with the newest tarballs of a repository, or of all (`of` is `None`). With `branch` they are those
/// of this branch; a branch that is not there, maybe not yet, gives a feed without entries.
///
/// # Errors
/// 404 for a repository that is not published, 400 for a malformed `branch`, 503 without a snapshot.
pub async fn get(
    request: &Request,
    of: Option<(Kind, &RepoName)>,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let branch = request.branch()?;
    let newest = snapshot.get(newest(of, branch.as_ref())).await?;
    let Some(newest) = newest else {
        return Err(of.map_or(ApiError::Internal, |(kind, _)| ApiError::no_such_repository(kind)));
    };
    let text = feed(of, branch.as_ref(), &newest);
    let mut response = Response::ok(Representation::of(text, newest.modified_at), ATOM);
    if let Some((kind, name)) = of {
        response.described_by(kind, name);
    }
    Ok(compressed(&request.headers, response))
}

/// The feed as XML.
fn feed(of: Option<(Kind, &RepoName)>, branch: Option<&BranchName>, newest: &Newest) -> String {
    let base = newest.public_url.as_str();
    let folder = of.map_or(String::new(), |(kind, name)| format!("/{kind}/{name}"));
    let query = branch
        .map_or(String::new(), |branch| format!("?branch={}", branch.as_str().replace('+', "%2B")));
    let path = format!("{folder}/feed.atom{query}");
    let page = format!("{}{query}", if folder.is_empty() { "/" } else { &folder });
    let title = match (of, branch) {
        (None, None) => "New tarballs of MediaWiki extensions and skins".to_owned(),
        (None, Some(branch)) => format!("New tarballs of MediaWiki extensions and skins, {branch}"),
        (Some((_, name)), None) => format!("New tarballs of {name}"),
        (Some((_, name)), Some(branch)) => format!("New tarballs of {name}, {branch}"),
    };
    let updated = newest.entries.first().map_or(NEVER, |entry| &entry.of.published_at);
    let mut out = String::with_capacity(1_024 * (1 + newest.entries.len()));
    // Writing into a text cannot fail.
    let _ = write!(
        out,
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"en\">\n\
         <id>{}</id>\n<title>{}</title>\n<updated>{}</updated>\n\
         <author><name>tardist</name></author>\n\
         <link rel=\"self\" type=\"{ATOM}\" href=\"{}{}\"/>\n\
         <link rel=\"alternate\" type=\"text/html\" href=\"{}{}\"/>\n",
        urn(&format!("{base}{path}")),
        Escaped(&title),
        Escaped(updated),
        Escaped(base),
        Escaped(&path),
        Escaped(base),
        Escaped(&page),
    );
    for it in &newest.entries {
        entry(&mut out, base, it);
    }
    out.push_str("</feed>\n");
    out
}

fn entry(out: &mut String, base: &str, Entry { kind, name, branch, authors, of }: &Entry) {
    let (file, commit) = (of.tarball.file.as_str(), of.commit.as_str());
    let version = of.version.as_deref().map(str::trim).filter(|version| !version.is_empty());
    let title = match version {
        Some(version) => format!("{name} {version} ({branch}, {})", of.commit.short()),
        None => format!("{name} ({branch}, {})", of.commit.short()),
    };
    let version = version.map_or("No version is given".to_owned(), |it| format!("Version {it}"));
    let complete = if of.complete {
        "The tarball is complete."
    } else {
        "Something that belongs into the tarball is missing from it."
    };
    let summary =
        format!("{version}, branch {branch}, commit {commit} of {}. {complete}", of.committed_at);
    let (published, tarball) = (Escaped(&of.published_at), &of.tarball);
    // Writing into a text cannot fail.
    let _ = write!(
        out,
        "<entry>\n<id>{}</id>\n<title>{}</title>\n\
         <published>{published}</published>\n<updated>{published}</updated>\n\
         <link rel=\"alternate\" type=\"text/html\" href=\"{}/{kind}/{name}\"/>\n\
         <link rel=\"enclosure\" type=\"application/gzip\" length=\"{}\" href=\"{}\"/>\n\
         <category term=\"{kind}\"/>\n<category term=\"{}\"/>\n",
        urn(&format!("{kind}/{file} {commit}")),
        Escaped(&title),
        Escaped(base),
        tarball.size,
        Escaped(&tarball.url),
        Escaped(branch.as_str()),
    );
    // `...` stands for others. A name of nothing but spaces is none (RFC 4287, 3.2.1).
    for author in authors.iter().filter(|it| *it != "..." && !it.trim().is_empty()) {
        let _ = writeln!(out, "<author><name>{}</name></author>", Escaped(author));
    }
    let _ = write!(out, "<summary>{}</summary>\n</entry>\n", Escaped(&summary));
}

/// A UUID made from a text (RFC 9562, 5.8): the same text always has the same one.
fn urn(text: &str) -> String {
    let digits = entity_tag(format!("tardist {text}").as_bytes());
    let digits: Vec<char> = digits.chars().collect();
    let part = |range: std::ops::Range<usize>| digits[range].iter().collect::<String>();
    let variant = ['8', '9', 'a', 'b'][digits[16].to_digit(16).unwrap_or(0) as usize % 4];
    format!(
        "urn:uuid:{}-{}-8{}-{variant}{}-{}",
        part(0..8),
        part(8..12),
        part(13..16),
        part(17..20),
        part(20..32)
    )
}

#[cfg(test)]
mod tests;
