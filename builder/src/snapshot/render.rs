//! Renders the catalogue to the ready-made response bodies of the snapshot. Pure: no I/O.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    io::{self, Write as _},
};

use flate2::{Compression, GzBuilder};
use jiff::Timestamp;
use serde::Serialize;
use tardist_contract::{
    BranchName, Kind,
    document::{Branch, LocalizedMetadata, Repository, Tarball},
    schema::{GZIP_FROM, JSON, TEXT},
};

use crate::{
    Error,
    catalogue::{BranchRecord, Catalogue, RepositoryRecord},
    metadata::About,
    repository_id::RepositoryId,
    snapshot::{extension_json, sample},
};

/// zlib's default.
const GZIP_LEVEL: Compression = Compression::new(6);

/// A ready-made response body with its entity tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedBody {
    /// The text.
    pub text: String,
    /// The entity tag without quotes: the first half of the text's SHA-256 in hexadecimal.
    pub etag: String,
}

impl RenderedBody {
    /// The text compressed with gzip, so that it need not be compressed for each request. It has no file name
    /// and no time in it, so the same text always gives the same bytes. `None` for texts below
    /// [`GZIP_FROM`] bytes, which would hardly get smaller.
    ///
    /// # Errors
    /// The errors of the compressor. There are none when it writes to memory.
    pub fn gzip(&self) -> io::Result<Option<Vec<u8>>> {
        if self.text.len() < GZIP_FROM {
            return Ok(None);
        }
        let mut gzip = GzBuilder::new().write(Vec::new(), GZIP_LEVEL);
        gzip.write_all(self.text.as_bytes())?;
        gzip.finish().map(Some)
    }
}

/// Everything in a snapshot that is rendered.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The response bodies of requests without parameters, by path and media type.
    pub answers: BTreeMap<(String, &'static str), RenderedBody>,
    /// The JSON document of each repository.
    pub documents: BTreeMap<RepositoryId, RenderedBody>,
    /// See [`fingerprint`].
    pub fingerprint: String,
}

/// What response bodies depend on besides the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Basis<'a> {
    /// The start of the URLs of tarballs; empty where they are paths.
    pub public_url: &'a str,
    /// The release branches of which MediaWiki has no release yet.
    pub unreleased: &'a BTreeSet<BranchName>,
}

/// Renders a catalogue.
///
/// # Errors
/// [`Error::Bug`] if a record cannot be written as JSON.
pub fn render(catalogue: &Catalogue, basis: Basis<'_>) -> Result<Rendered, Error> {
    Ok(Rendered { fingerprint: fingerprint(basis)?, ..bodies(catalogue, basis)? })
}

/// A hash of everything that response bodies depend on besides the catalogue. Equal catalogues with equal
/// fingerprints render to equal bodies, so a cycle can compare them without rendering.
///
/// The hash covers the version of tardist, the rendering of a sample with this basis, the search terms of
/// the sample, and the names of the branches without a release. So it also changes with the code of the rendering, between two versions.
///
/// # Errors
/// Those of [`render`].
pub fn fingerprint(basis: Basis<'_>) -> Result<String, Error> {
    let sample = sample::catalogue()?;
    let bodies = bodies(&sample, basis)?;
    let texts = bodies.answers.values().chain(bodies.documents.values()).map(|body| &body.text);
    let terms = sample.keys().map(sample::terms).collect::<Result<String, Error>>()?;
    let unreleased: String = basis.unreleased.iter().map(|branch| format!(" {branch}")).collect();
    let start = format!("{}{unreleased}{terms}", env!("CARGO_PKG_VERSION"));
    Ok(body(texts.fold(start, |all, text| all + text)).etag)
}

/// Renders everything but the fingerprint.
fn bodies(catalogue: &Catalogue, basis: Basis<'_>) -> Result<Rendered, Error> {
    let mut rendered = Rendered::default();
    let mut lists = BTreeMap::new();
    let mut infos = BTreeMap::new();
    for kind in Kind::ALL {
        let members = catalogue.iter().filter(|(id, _)| id.kind == kind);
        let mut names = Vec::new();
        let mut documents = String::from("{");
        for (id, record) in members {
            let Some(document) = document(id, record, basis) else { continue };
            let text = json(&document)?;
            let comma = if names.is_empty() { "" } else { "," };
            let _ = write!(documents, "{comma}\"{}\":{text}", id.name);
            names.push(&id.name);
            rendered.documents.insert(id.clone(), body(text));
        }
        documents.push('}');
        let lines: String = names.iter().map(|name| format!("{name}\n")).collect();
        rendered.answers.insert((format!("/list/{kind}"), TEXT), body(lines));
        rendered
            .answers
            .insert((format!("/list/{kind}"), JSON), body(object(&[(kind, &json(&names)?)])));
        rendered
            .answers
            .insert((format!("/info/{kind}"), JSON), body(object(&[(kind, &documents)])));
        let manifests = extension_json::body(catalogue, kind);
        rendered.answers.insert((extension_json::path(kind).to_owned(), JSON), body(manifests));
        lists.insert(kind, json(&names)?);
        infos.insert(kind, documents);
    }
    for (path, parts) in [("/list", lists), ("/info", infos)] {
        let parts: Vec<(Kind, &str)> =
            parts.iter().map(|(kind, text)| (*kind, text.as_str())).collect();
        rendered.answers.insert((path.to_owned(), JSON), body(object(&parts)));
    }
    Ok(rendered)
}

fn json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value)
        .map_err(|e| Error::Bug(format!("a record cannot be written as JSON: {e}")))
}

/// A JSON object with a key for each kind. The values are JSON already.
fn object(members: &[(Kind, &str)]) -> String {
    let members: Vec<String> =
        members.iter().map(|(kind, text)| format!("\"{kind}\":{text}")).collect();
    format!("{{{}}}", members.join(","))
}

fn body(text: String) -> RenderedBody {
    let etag = tardist_contract::entity_tag(text.as_bytes());
    RenderedBody { text, etag }
}

/// The document of `/info/KIND/NAME`. `None` if no branch is published.
fn document(id: &RepositoryId, record: &RepositoryRecord, basis: Basis<'_>) -> Option<Repository> {
    Some(Repository {
        kind: id.kind,
        name: id.name.clone(),
        metadata: newest(record),
        source_url: record.source_url.clone(),
        composer: about(record).find_map(|about| about.composer.clone()),
        manifest_name: about(record).find_map(|about| about.manifest_name.clone()),
        default_branch: default_branch(record, basis.unreleased)?,
        branches: record
            .branches
            .iter()
            .map(|(name, branch)| {
                (name.clone(), branch_document(id, name, branch, basis.public_url))
            })
            .collect(),
    })
}

/// What its branches are called elsewhere, the newest first.
fn about(record: &RepositoryRecord) -> impl Iterator<Item = &About> {
    record.branches.values().filter_map(|branch| branch.about.as_deref())
}

/// Per field: the value of the newest branch that sets it.
pub(crate) fn newest(record: &RepositoryRecord) -> LocalizedMetadata {
    let metadata = || record.branches.values().map(|branch| &branch.metadata);
    let description = metadata().find_map(|m| m.description.clone());
    LocalizedMetadata {
        title: metadata().find_map(|m| m.title.clone()),
        // The other languages are in the table `localized`.
        description_language: description.as_ref().map(|_| "en".to_owned()),
        description,
        authors: metadata()
            .map(|m| &m.authors)
            .find(|a| !a.is_empty())
            .cloned()
            .unwrap_or_default(),
        license: metadata().find_map(|m| m.license.clone()),
        url: metadata().find_map(|m| m.url.clone()),
        r#type: metadata().find_map(|m| m.r#type.clone()),
    }
}

/// The newest release branch that is released, because most wikis run a release. Without one, the newest release
/// branch, and without that, the newest branch.
pub(crate) fn default_branch(
    record: &RepositoryRecord,
    unreleased: &BTreeSet<BranchName>,
) -> Option<BranchName> {
    let releases = || record.branches.keys().filter(|branch| branch.release().is_some());
    let released = releases().find(|branch| !unreleased.contains(*branch));
    released.or_else(|| releases().next()).or_else(|| record.branches.keys().next()).cloned()
}

fn branch_document(
    id: &RepositoryId,
    name: &BranchName,
    branch: &BranchRecord,
    public_url: &str,
) -> Branch {
    let file = branch.tarball(&id.name, name);
    let time =
        |seconds| Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH).to_string();
    Branch {
        commit: branch.commit.clone(),
        committed_at: time(branch.committed_at),
        published_at: time(branch.published_at),
        version: branch.version.clone(),
        requires: branch.requires.clone(),
        metadata: branch.metadata.clone(),
        problems: branch.problems.clone(),
        complete: branch.is_complete(),
        tarball: Tarball {
            url: format!("{public_url}/dist/{}/{}", id.kind, file),
            file,
            size: branch.size,
            sha256: branch.sha256.clone(),
        },
    }
}

#[cfg(test)]
mod tests {
    use tardist_contract::document::Metadata;

    use super::*;

    fn record(commit: char, title: Option<&str>, license: Option<&str>) -> BranchRecord {
        BranchRecord {
            committed_at: 1_786_008_600,
            metadata: Metadata {
                title: title.map(str::to_owned),
                license: license.map(str::to_owned),
                ..Metadata::default()
            },
            ..BranchRecord::of_commit(commit)
        }
    }

    fn catalogue() -> Catalogue {
        let branches = [
            ("REL1_44", record('c', Some("Old"), Some("MIT"))),
            ("master", record('a', None, Some("GPL-2.0-or-later"))),
            ("REL1_45", record('b', Some("New"), None)),
        ];
        let record = RepositoryRecord::of_branches("https://g/Foo.git", branches);
        let bar = RepositoryRecord::of_branches("", [("master", self::record('d', None, None))]);
        BTreeMap::from([
            ("extensions/foo".parse().unwrap(), record),
            ("extensions/Bar".parse().unwrap(), bar),
        ])
    }

    fn at(public_url: &str) -> Basis<'_> {
        static NONE: BTreeSet<BranchName> = BTreeSet::new();
        Basis { public_url, unreleased: &NONE }
    }

    #[test]
    fn the_default_branch_is_the_newest_one_of_which_there_is_a_release() {
        let catalogue = catalogue();
        let set = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
        let default = |id: &str, unreleased: &[&str]| {
            let record = &catalogue[&id.parse().unwrap()];
            default_branch(record, &set(unreleased)).unwrap().to_string()
        };
        for (id, unreleased, expected) in [
            ("extensions/foo", &[][..], "REL1_45"),
            ("extensions/foo", &["REL1_45"], "REL1_44"),
            ("extensions/foo", &["REL1_44", "REL1_45"], "REL1_45"),
            ("extensions/Bar", &["REL1_45"], "master"),
        ] {
            assert_eq!(default(id, unreleased), expected, "{id} {unreleased:?}");
        }
        let unreleased = set(&["REL1_45"]);
        let basis = Basis { unreleased: &unreleased, ..at("") };
        assert_ne!(fingerprint(basis).unwrap(), fingerprint(at("")).unwrap());
    }

    #[test]
    fn each_field_comes_from_the_newest_branch_that_has_it() {
        let rendered = render(&catalogue(), at("https://d")).unwrap();
        let id: RepositoryId = "extensions/foo".parse().unwrap();
        let document: serde_json::Value =
            serde_json::from_str(&rendered.documents[&id].text).unwrap();
        assert_eq!(document["title"], "New");
        assert_eq!(document["license"], "GPL-2.0-or-later");
        assert_eq!(document["description"], serde_json::Value::Null);
        assert_eq!(document["description_language"], serde_json::Value::Null);
        assert_eq!(document["authors"], serde_json::json!([]));
        assert_eq!(document["default_branch"], "REL1_45");
        let branch = &document["branches"]["REL1_45"];
        assert_eq!(branch["committed_at"], "2026-08-06T09:30:00Z");
        assert_eq!(
            branch["tarball"]["url"],
            "https://d/dist/extensions/foo-REL1_45-bbbbbbb.tar.gz"
        );
    }

    #[test]
    fn lists_are_sorted_without_regard_to_case_and_branches_newest_first() {
        let rendered = render(&catalogue(), at("")).unwrap();
        let answer = |path: &str, media| &rendered.answers[&(path.to_owned(), media)].text;
        assert_eq!(answer("/list", JSON), r#"{"extensions":["Bar","foo"],"skins":[]}"#);
        assert_eq!(
            answer("/list/extensions", TEXT),
            "Bar
foo
"
        );
        assert_eq!(answer("/list/skins", JSON), r#"{"skins":[]}"#);
        assert_eq!(answer("/info/skins", JSON), r#"{"skins":{}}"#);
        let info = answer("/info", JSON);
        let place = |text: &str| info.find(text).unwrap();
        assert!(place(r#""master":"#) < place(r#""REL1_45":{"#));
        assert!(place(r#""REL1_45":{"#) < place(r#""REL1_44":{"#));
    }

    #[test]
    fn an_entity_tag_changes_with_the_body_alone() {
        let (one, two) =
            (render(&catalogue(), at("")).unwrap(), render(&catalogue(), at("")).unwrap());
        assert_eq!(one, two);
        assert_ne!(
            one.answers[&("/info".into(), JSON)],
            render(&catalogue(), at("https://d")).unwrap().answers[&("/info".into(), JSON)]
        );
    }

    #[test]
    fn a_large_body_is_compressed_to_the_same_bytes_each_time() {
        let small = body("x".repeat(1_023));
        assert_eq!(small.gzip().unwrap(), None);
        let large = body("x".repeat(1_024));
        let gzip = large.gzip().unwrap().unwrap();
        assert_eq!(large.gzip().unwrap().unwrap(), gzip);
        assert_eq!(gzip[3..8], [0; 5], "no name, no time");
        let mut text = String::new();
        io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*gzip), &mut text).unwrap();
        assert_eq!(text, large.text);
    }

    #[test]
    fn the_fingerprint_changes_with_the_public_url_and_not_with_the_catalogue() {
        let rendered = render(&catalogue(), at("https://d")).unwrap();
        assert_eq!(rendered.fingerprint, fingerprint(at("https://d")).unwrap());
        assert_ne!(rendered.fingerprint, fingerprint(at("")).unwrap());
    }
}
