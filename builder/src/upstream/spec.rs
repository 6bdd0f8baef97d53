//! What a user writes for one upstream: on the command line and in the environment `TYPE=URL`, or
//! just the URL of a Gerrit; in the configuration file the same, or a table with more to say.
//!
//! A [`Spec`] has been checked as far as that goes without reading files; [`Spec::open`] reads
//! those and makes the adapter.

use std::{
    fmt, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, value::MapAccessDeserializer},
    ser::SerializeMap,
};

use super::{
    Prefixes, Upstream, directory::Directory, gerrit::Gerrit, github::GitHub, gitlab::GitLab,
    list_file::List, mediawiki::MediaWiki, phabricator::Phabricator,
};
use crate::{net::http, settings::config::WIKIMEDIA_GERRIT};

/// The sorts of upstreams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A Gerrit.
    Gerrit,
    /// A wiki with ExtensionDistributor.
    MediaWiki,
    /// An organization or user on GitHub.
    GitHub,
    /// A group on GitLab.
    GitLab,
    /// A Phabricator.
    Phabricator,
    /// A text file of names and URLs.
    List,
    /// Bare repositories on disk.
    Directory,
}

/// Each type with its name and what belongs behind it.
const TYPES: [(Type, &str, &str); 7] = [
    (Type::Gerrit, "gerrit", "https://gerrit.wikimedia.org/r"),
    (Type::MediaWiki, "mediawiki", "https://www.mediawiki.org/w/api.php"),
    (Type::GitHub, "github", "https://github.com/wikimedia"),
    (Type::GitLab, "gitlab", "https://gitlab.example.org/GROUP"),
    (Type::Phabricator, "phabricator", "https://phabricator.example.org"),
    (Type::List, "list", "FILE"),
    (Type::Directory, "directory", "DIR"),
];

impl Type {
    fn row(self) -> (&'static str, &'static str) {
        let row = TYPES.into_iter().find(|(kind, ..)| *kind == self);
        row.map_or(("", ""), |(_, name, example)| (name, example))
    }

    fn name(self) -> &'static str {
        self.row().0
    }

    /// The keys of a table of this type, besides `type`.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Gerrit => &["url", "git-url"],
            Self::MediaWiki => &["url", "git-url", "wiki-branches"],
            Self::GitHub => &["url", "api", "extension-prefix", "skin-prefix", "token-file"],
            Self::GitLab => &["url", "api", "token-file"],
            Self::Phabricator => {
                &["url", "git-url", "extension-prefix", "skin-prefix", "token-file"]
            }
            Self::List => &["path"],
            Self::Directory => &["path", "git-url"],
        }
    }

    fn is_on_disk(self) -> bool {
        matches!(self, Self::List | Self::Directory)
    }
}

impl FromStr for Type {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let row = TYPES.into_iter().find(|(_, name, _)| *name == text);
        row.map(|(kind, ..)| kind).ok_or_else(|| {
            let names = TYPES.map(|(_, name, _)| name).join(", ");
            format!("there is no upstream type {text:?}: write one of {names}")
        })
    }
}

/// One upstream as it is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    kind: Type,
    /// The URL without a slash at its end, or the path.
    place: String,
    git_url: Option<String>,
    api: Option<String>,
    prefixes: Prefixes,
    token_file: Option<PathBuf>,
    wiki_branches: bool,
}

/// A table of the configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Table {
    r#type: Option<String>,
    url: Option<String>,
    path: Option<String>,
    git_url: Option<String>,
    api: Option<String>,
    extension_prefix: Option<String>,
    skin_prefix: Option<String>,
    token_file: Option<PathBuf>,
    wiki_branches: Option<bool>,
}

impl Table {
    fn given(&self) -> impl Iterator<Item = &'static str> {
        let keys = [
            ("url", self.url.is_some()),
            ("path", self.path.is_some()),
            ("git-url", self.git_url.is_some()),
            ("api", self.api.is_some()),
            ("extension-prefix", self.extension_prefix.is_some()),
            ("skin-prefix", self.skin_prefix.is_some()),
            ("token-file", self.token_file.is_some()),
            ("wiki-branches", self.wiki_branches.is_some()),
        ];
        keys.into_iter().filter_map(|(key, given)| given.then_some(key))
    }
}

/// A URL that can be asked, without slashes at its end.
fn checked_url(key: &str, text: &str) -> Result<String, String> {
    let url = text.trim_end_matches('/');
    if http::origin_of(url).is_none() {
        return Err(format!("{key}: {text:?} is not a http or https URL without a user part"));
    }
    if url.contains(['?', '#']) || !url.chars().all(|c| c.is_ascii_graphic()) {
        return Err(format!(
            "{key}: {text:?} is more than an address: leave out what begins with ? or #"
        ));
    }
    Ok(url.to_owned())
}

/// The path of a URL, without slashes around it.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split_once('/').map_or("", |(_, path)| path)
}

/// A URL without its path.
fn root_of(url: &str) -> &str {
    url.strip_suffix(path_of(url)).unwrap_or(url).trim_end_matches('/')
}

fn is_plain_path(path: &str) -> bool {
    path.split('/').all(|part| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+".contains(c))
    })
}

impl Spec {
    /// The Gerrit at this URL.
    pub fn gerrit(url: &str) -> Self {
        Self {
            kind: Type::Gerrit,
            place: url.to_owned(),
            git_url: None,
            api: None,
            prefixes: Prefixes::default(),
            token_file: None,
            wiki_branches: true,
        }
    }

    fn new(table: Table) -> Result<Self, String> {
        let kind: Type = table.r#type.as_deref().unwrap_or("gerrit").parse()?;
        let (name, example) = kind.row();
        let keys = kind.keys();
        if let Some(key) = table.given().find(|key| !keys.contains(key)) {
            let keys = keys.join(", ");
            return Err(format!("`{key}` is nothing that a {name} upstream has; it has {keys}"));
        }
        let place = match (kind.is_on_disk(), table.path, table.url) {
            (true, Some(path), _) if !path.is_empty() => path,
            (true, ..) => return Err(format!("a {name} upstream needs a path: {name}={example}")),
            (false, _, Some(url)) => checked_url("url", &url)?,
            (false, ..) => return Err(format!("a {name} upstream needs a URL: {name}={example}")),
        };
        let url = |key, given: Option<String>| given.map(|url| checked_url(key, &url)).transpose();
        let prefixes = Prefixes::default();
        let spec = Self {
            kind,
            place,
            git_url: url("git-url", table.git_url)?,
            api: url("api", table.api)?,
            prefixes: Prefixes {
                extensions: table.extension_prefix.unwrap_or(prefixes.extensions),
                skins: table.skin_prefix.unwrap_or(prefixes.skins),
            },
            token_file: table.token_file,
            wiki_branches: table.wiki_branches.unwrap_or(true),
        };
        spec.check()?;
        Ok(spec)
    }

    /// What one type wants of its URL.
    fn check(&self) -> Result<(), String> {
        let (name, example) = self.kind.row();
        let path = path_of(&self.place);
        match self.kind {
            Type::MediaWiki if !path.ends_with("api.php") => {
                return Err(format!(
                    "{:?} is not the URL of a wiki's api.php, such as {example}",
                    self.place
                ));
            }
            Type::GitHub if !is_plain_path(path) || path.contains('/') => {
                return Err(format!(
                    "{:?} does not name an organization or user, such as {example}",
                    self.place
                ));
            }
            Type::GitLab if !is_plain_path(path) => {
                return Err(format!("{:?} does not name a group, such as {example}", self.place));
            }
            Type::Phabricator if self.token_file.is_none() => {
                return Err(format!(
                    "a {name} upstream needs a Conduit API token; write it into a file, and a table \
                     in the configuration file: [[upstream]] type = \"phabricator\", url = {:?}, \
                     token-file = \"FILE\"",
                    self.place
                ));
            }
            _ => {}
        }
        if self.prefixes.extensions == self.prefixes.skins {
            return Err("`extension-prefix` and `skin-prefix` have to differ".to_owned());
        }
        let asked = self.api();
        if self.token_file.is_some() && !is_private(&asked) {
            return Err(format!("a token goes over https only, and {asked:?} is http"));
        }
        Ok(())
    }

    /// The base URL of the REST API.
    fn api(&self) -> String {
        if let Some(api) = &self.api {
            return api.clone();
        }
        match (self.kind, root_of(&self.place)) {
            (Type::GitHub, "https://github.com") => "https://api.github.com".to_owned(),
            (Type::GitHub, root) => format!("{root}/api/v3"),
            (Type::GitLab, root) => format!("{root}/api/v4"),
            _ => self.place.clone(),
        }
    }

    /// URLs whose scheme, host and port may be asked, as far as the spec itself names them. A
    /// [`List`] names its own when it is read.
    pub fn origins(&self) -> Vec<String> {
        if self.kind.is_on_disk() {
            return Vec::new();
        }
        let mut origins = vec![self.place.clone()];
        origins.extend(self.git_url.clone());
        let api = self.api();
        if api != self.place {
            origins.push(api);
        }
        if self.kind == Type::MediaWiki && self.git_url.is_none() {
            origins.push(WIKIMEDIA_GERRIT.to_owned());
        }
        origins
    }

    /// Makes the adapter; reads the list and the token file.
    ///
    /// # Errors
    /// What is wrong with these files, a line each.
    pub fn open(&self) -> Result<Box<dyn Upstream>, String> {
        let url = self.place.clone();
        let prefixes = self.prefixes.clone();
        let git_url = self.git_url.clone();
        let token = self.token_file.as_deref().map(Token::read).transpose()?;
        Ok(match self.kind {
            Type::Gerrit => {
                Box::new(Gerrit { git_url: git_url.unwrap_or_else(|| url.clone()), url })
            }
            Type::MediaWiki => Box::new(MediaWiki {
                api: url,
                git_url: git_url.unwrap_or_else(|| WIKIMEDIA_GERRIT.to_owned()),
                wiki_branches: self.wiki_branches,
            }),
            Type::GitHub => Box::new(GitHub { url, api: self.api(), prefixes, token }),
            Type::GitLab => {
                Box::new(GitLab { group: path_of(&url).to_owned(), api: self.api(), url, token })
            }
            Type::Phabricator => Box::new(Phabricator {
                git_url: git_url.unwrap_or_else(|| url.clone()),
                url,
                prefixes,
                token: token.ok_or("a phabricator upstream needs a token file")?,
            }),
            Type::List => Box::new(List::read(Path::new(&url))?),
            Type::Directory => Box::new(Directory::new(Path::new(&url), git_url)),
        })
    }
}

/// True for https, and for this machine itself.
fn is_private(url: &str) -> bool {
    http::origin_of(url).is_some_and(|origin| {
        let host = origin.strip_prefix("http://").and_then(|rest| rest.rsplit_once(':'));
        host.is_none_or(|(host, _)| matches!(host, "127.0.0.1" | "[::1]" | "localhost"))
    })
}

impl FromStr for Spec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named =
            text.split_once('=').and_then(|(kind, place)| Some((kind.parse().ok()?, place)));
        let table = match named {
            Some((kind, place)) if Type::is_on_disk(kind) => Table {
                r#type: Some(kind.name().to_owned()),
                path: Some(place.to_owned()),
                ..Table::default()
            },
            Some((kind, place)) => Table {
                r#type: Some(kind.name().to_owned()),
                url: Some(place.to_owned()),
                ..Table::default()
            },
            None if http::origin_of(text).is_some() => {
                Table { url: Some(text.to_owned()), ..Table::default() }
            }
            None => {
                let forms = TYPES.map(|(_, name, example)| format!("{name}={example}")).join(", ");
                return Err(format!(
                    "{text:?} is no upstream: write the http or https URL of a Gerrit, or one of {forms}"
                ));
            }
        };
        Self::new(table)
    }
}

/// The short form, without what only a table can say.
impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Type::Gerrit => f.pad(&self.place),
            kind => f.pad(&format!("{}={}", kind.name(), self.place)),
        }
    }
}

impl Serialize for Spec {
    /// As a user would write it: the short form where that says all, else a table.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let plain = Self { kind: self.kind, place: self.place.clone(), ..Self::gerrit("") };
        if *self == plain {
            return serializer.collect_str(self);
        }
        let place = if Type::is_on_disk(self.kind) { "path" } else { "url" };
        let mut table = serializer.serialize_map(None)?;
        table.serialize_entry("type", self.kind.name())?;
        table.serialize_entry(place, &self.place)?;
        for (key, value) in [("git-url", &self.git_url), ("api", &self.api)] {
            if let Some(value) = value {
                table.serialize_entry(key, value)?;
            }
        }
        if self.prefixes != Prefixes::default() {
            table.serialize_entry("extension-prefix", &self.prefixes.extensions)?;
            table.serialize_entry("skin-prefix", &self.prefixes.skins)?;
        }
        if let Some(file) = &self.token_file {
            table.serialize_entry("token-file", file)?;
        }
        if !self.wiki_branches {
            table.serialize_entry("wiki-branches", &false)?;
        }
        table.end()
    }
}

impl<'de> Deserialize<'de> for Spec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Spec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an upstream: \"URL\", \"TYPE=URL\" or a table with `type` and `url`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Spec, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Spec, A::Error> {
                let table = Table::deserialize(MapAccessDeserializer::new(map))?;
                Spec::new(table).map_err(de::Error::custom)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// Reads one upstream or a list of them; for serde's `deserialize_with`.
///
/// # Errors
/// The deserializer's, saying what to write.
pub fn one_or_many<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<Spec>>, D::Error> {
    struct Visitor;

    impl<'de> de::Visitor<'de> for Visitor {
        type Value = Option<Vec<Spec>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("\"URL\", [\"TYPE=URL\", …], or tables [[upstream]]")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(vec![text.parse().map_err(E::custom)?]))
        }

        fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Ok(Some(vec![Spec::deserialize(MapAccessDeserializer::new(map))?]))
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut specs = Vec::new();
            while let Some(spec) = list.next_element()? {
                specs.push(spec);
            }
            Ok(Some(specs))
        }
    }

    deserializer.deserialize_any(Visitor)
}

/// A secret. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Reads a token from a file that holds nothing else.
    ///
    /// # Errors
    /// The file can't be read, all users may read it, or it holds no token.
    pub fn read(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let text = fs::read_to_string(path)
            .map_err(|e| format!("can't read the token file {shown}: {e}"))?;
        let mode = fs::metadata(path)
            .map_err(|e| format!("can't read the token file {shown}: {e}"))?
            .permissions()
            .mode();
        if mode & 0o007 != 0 {
            return Err(format!(
                "every user of this machine may read the token file {shown}: run chmod 600 {shown}"
            ));
        }
        Self::new(&text).ok_or_else(|| {
            format!("the token file {shown} holds something else than one line with a token")
        })
    }

    /// A token, or nothing where this can't be one.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_one = !text.is_empty() && text.len() <= 4096;
        (is_one && text.chars().all(|c| c.is_ascii_graphic())).then(|| Self(text.to_owned()))
    }

    /// The secret itself, for the one request that needs it.
    pub(super) fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default, deserialize_with = "one_or_many")]
        upstream: Option<Vec<Spec>>,
    }

    fn read(toml: &str) -> Result<Vec<Spec>, String> {
        let file: Result<File, _> = toml::from_str(toml);
        file.map(|file| file.upstream.unwrap_or_default()).map_err(|e| e.to_string())
    }

    #[test]
    fn one_line_says_type_and_url() {
        for (text, origins) in [
            ("https://g.example/r/", &["https://g.example/r"][..]),
            ("gerrit=https://g.example/r", &["https://g.example/r"]),
            (
                "mediawiki=https://w.example/w/api.php",
                &["https://w.example/w/api.php", WIKIMEDIA_GERRIT],
            ),
            (
                "github=https://github.com/wikimedia",
                &["https://github.com/wikimedia", "https://api.github.com"],
            ),
            (
                "github=https://ghe.example/team",
                &["https://ghe.example/team", "https://ghe.example/api/v3"],
            ),
            (
                "gitlab=https://gl.example/a/b",
                &["https://gl.example/a/b", "https://gl.example/api/v4"],
            ),
            ("list=my.txt", &[]),
            ("directory=/srv/git", &[]),
        ] {
            let spec: Spec = text.parse().unwrap();
            assert_eq!(spec.origins(), origins, "{text}");
            assert_eq!(spec.to_string().parse::<Spec>().unwrap(), spec, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_says_what_to_write() {
        for (text, hint) in [
            ("gerrit.example.org", "http or https URL"),
            ("file:///etc", "http or https URL"),
            ("https://user:pass@g.example/r", "http or https URL"),
            ("https://g.example/r?x=1", "leave out"),
            ("svn=https://svn.example", "directory=DIR"),
            ("mediawiki=https://w.example/wiki/", "api.php"),
            ("github=https://github.com", "organization"),
            ("github=https://github.com/a/b", "organization"),
            ("gitlab=https://gl.example", "group"),
            ("gitlab=https://gl.example/../x", "group"),
            ("phabricator=https://p.example", "token-file"),
            ("list=", "list=FILE"),
        ] {
            let error = text.parse::<Spec>().unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }

    #[test]
    fn a_file_has_one_or_several_as_text_or_tables() {
        assert_eq!(read("").unwrap(), []);
        let one = read("upstream = \"https://g.example/r\"").unwrap();
        assert_eq!(one, [Spec::gerrit("https://g.example/r")]);
        let two = read("upstream = [\"list=a.txt\", \"directory=b\"]").unwrap();
        assert_eq!(two.len(), 2);
        let tables = read(
            "[[upstream]]\nurl = \"https://g.example/r\"\ngit-url = \"https://replica.example/\"\n\
             [[upstream]]\ntype = \"phabricator\"\nurl = \"https://p.example\"\n\
             token-file = \"t\"\nskin-prefix = \"skin-\"\n",
        );
        let tables = tables.unwrap();
        assert_eq!(tables[0].origins(), ["https://g.example/r", "https://replica.example"]);
        assert_eq!(tables[1].prefixes.skins, "skin-");
        for (toml, hint) in [
            ("upstream = 3", "[[upstream]]"),
            ("upstream = [\"x\"]", "http or https URL"),
            ("[[upstream]]\ntype = \"svn\"\nurl = \"https://x\"", "phabricator"),
            ("[[upstream]]\ntype = \"list\"\nurl = \"https://x\"", "it has path"),
            ("[[upstream]]\ntype = \"gitlab\"", "gitlab=https://"),
            ("[[upstream]]\nurl = \"https://x\"\ntoken = \"secret\"", "token-file"),
            (
                "[[upstream]]\ntype = \"gitlab\"\nurl = \"http://x.example/g\"\ntoken-file = \"t\"",
                "https only",
            ),
        ] {
            let error = read(toml).unwrap_err();
            assert!(error.contains(hint), "{toml}: {error}");
        }
    }

    #[test]
    fn a_token_is_one_line_that_not_everybody_may_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let read = |text: &str, mode: u32| {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            Token::read(&path)
        };
        let token = read("api-abc\n", 0o640).unwrap();
        assert_eq!(token.secret(), "api-abc");
        assert!(!format!("{token:?}").contains("abc"));
        assert!(read("api-abc", 0o644).unwrap_err().contains("chmod 600"));
        for text in ["", "\n", "two\nlines", "a b", "a\0b"] {
            assert!(read(text, 0o600).is_err(), "{text:?}");
        }
        fs::remove_file(&path).unwrap();
        assert!(Token::read(&path).unwrap_err().contains("can't read"));
    }
}
