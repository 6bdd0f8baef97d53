//! What a user writes for one upstream: `TYPE=URL`, or just the URL of a Gerrit; in the
//! configuration file also a table, which can say more.
//!
//! A [`Spec`] has been checked as far as that goes without reading files; [`Spec::open`] reads
//! those and makes the upstream.

use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, value::MapAccessDeserializer},
    ser::SerializeMap,
};

use super::{
    adapter::{Adapter, Key, Takes, Value, Values},
    directory, gerrit, gitea, github, gitlab, list_file,
    listing::Upstream,
    mediawiki, phabricator,
};
use crate::net::Origin;

/// All types of upstreams. The first one is meant where no type is given.
static TYPES: [&Adapter; 8] = [
    &gerrit::ADAPTER,
    &mediawiki::ADAPTER,
    &github::ADAPTER,
    &gitlab::ADAPTER,
    &gitea::ADAPTER,
    &phabricator::ADAPTER,
    &list_file::ADAPTER,
    &directory::ADAPTER,
];

/// The key that names the type in a table.
const TYPE: &str = "type";

/// The type of this name.
fn adapter(name: &str) -> Option<&'static Adapter> {
    TYPES.into_iter().find(|adapter| adapter.name == name)
}

/// One upstream as it is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    adapter: &'static Adapter,
    values: Values,
}

impl Spec {
    /// Checks what is given for an upstream of this type.
    fn new(adapter: &'static Adapter, given: &[(Key, Value)]) -> Result<Self, String> {
        let Adapter { name, example, keys, .. } = adapter;
        if let Some((key, _)) = given.iter().find(|(key, _)| adapter.key(key.name).is_none()) {
            let has = keys.iter().map(|key| key.name).collect::<Vec<_>>().join(", ");
            let key = key.name;
            return Err(format!("`{key}` is no key of a {name} upstream; it has {has}"));
        }
        let mut values = Values::default();
        // In the order of the keys, so that of several errors the location's comes first.
        for key in *keys {
            if let Some((_, value)) = given.iter().find(|(given, _)| given == key) {
                values.set(*key, value.clone())?;
            }
        }
        let location = adapter.location();
        if values.text(location.name).is_none_or(str::is_empty) {
            let needs = if location.takes == Takes::Path { "path" } else { "URL" };
            return Err(format!("a {name} upstream needs a {needs}: {name}={example}"));
        }
        (adapter.check)(&values)?;
        Ok(Self { adapter, values })
    }

    /// Makes the upstream; reads the list file, and the files with the token and with the credentials for Git.
    ///
    /// # Errors
    /// What is wrong with these files, a line each.
    pub fn open(&self) -> Result<Box<dyn Upstream>, String> {
        (self.adapter.open)(&self.values)
    }
}

impl FromStr for Spec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = text.split_once('=').and_then(|(name, at)| Some((adapter(name)?, at)));
        let (adapter, location) = match named {
            Some(named) => named,
            None if Origin::of(text).is_some() => (TYPES[0], text),
            None => {
                let form = |adapter: &Adapter| format!("{}={}", adapter.name, adapter.example);
                let forms = TYPES.map(form).join(", ");
                // It may have a password, so it is not repeated.
                let has_user = text.contains('@');
                let shown = if has_user { "it".to_owned() } else { format!("{text:?}") };
                let credentials = match has_user && text.starts_with("http") {
                    true => {
                        "; a user and a password are in a file (key git-credentials-file), not in the URL"
                    }
                    false => "",
                };
                return Err(format!(
                    "{shown} is no upstream: write the http or https URL of a Gerrit, or one of {forms}{credentials}"
                ));
            }
        };
        Self::new(adapter, &[(adapter.location(), Value::Text(location.to_owned()))])
    }
}

/// The short form, without what only a table can say.
impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let location = self.values.text(self.adapter.location().name).unwrap_or_default();
        if self.adapter == TYPES[0] {
            f.pad(location)
        } else {
            f.pad(&format!("{}={location}", self.adapter.name))
        }
    }
}

impl Serialize for Spec {
    /// As a user would write it: the short form where that says all, else a table.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.values.len() == 1 {
            return serializer.collect_str(self);
        }
        let mut table = serializer.serialize_map(None)?;
        table.serialize_entry(TYPE, self.adapter.name)?;
        for key in self.adapter.keys {
            match self.values.get(key.name) {
                Some(Value::Text(text)) => table.serialize_entry(key.name, text)?,
                Some(Value::Flag(flag)) => table.serialize_entry(key.name, flag)?,
                None => {}
            }
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
                table(map)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// Reads a table.
fn table<'de, A: de::MapAccess<'de>>(mut map: A) -> Result<Spec, A::Error> {
    let (mut name, mut given) = (TYPES[0].name.to_owned(), Vec::new());
    while let Some(key) = map.next_key::<TableKey>()? {
        match key {
            TableKey::Type => name = map.next_value()?,
            TableKey::Of(key) if key.takes == Takes::Flag => {
                given.push((key, Value::Flag(map.next_value()?)));
            }
            TableKey::Of(key) => given.push((key, Value::Text(map.next_value()?))),
        }
    }
    let adapter = adapter(&name).ok_or_else(|| {
        let names = TYPES.map(|adapter| adapter.name).join(", ");
        de::Error::custom(format!("there is no upstream type {name:?}: write one of {names}"))
    })?;
    Spec::new(adapter, &given).map_err(de::Error::custom)
}

/// A key of a table.
enum TableKey {
    Type,
    /// A key that some type of upstream has.
    Of(Key),
}

impl<'de> Deserialize<'de> for TableKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if name == TYPE {
            return Ok(Self::Type);
        }
        // An error here, and not when the table was read, has the place of the key.
        let key = TYPES.iter().find_map(|adapter| adapter.key(&name));
        key.map(Self::Of).ok_or_else(|| {
            let mut all = vec![TYPE];
            for key in TYPES.iter().flat_map(|adapter| adapter.keys) {
                if !all.contains(&key.name) {
                    all.push(key.name);
                }
            }
            let all = all.join(", ");
            de::Error::custom(format!("an upstream has no key `{name}`; write one of {all}"))
        })
    }
}

/// Reads one upstream or a list of them; for serde's `deserialize_with`.
///
/// # Errors
/// The error of the deserializer; it says what to write.
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{super::wikimedia, *};

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
                &["https://w.example/w/api.php", wikimedia::GERRIT],
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
            (
                "gitea=https://gt.example/team",
                &["https://gt.example/team", "https://gt.example/api/v1"],
            ),
            (
                "gitea=https://gt.example/git/team",
                &["https://gt.example/git/team", "https://gt.example/git/api/v1"],
            ),
            ("directory=/srv/git", &[]),
        ] {
            let spec: Spec = text.parse().unwrap();
            let allowed: BTreeSet<String> = spec.open().unwrap().origins().into_iter().collect();
            assert_eq!(allowed, origins.iter().map(|url| (*url).to_owned()).collect(), "{text}");
            assert_eq!(spec.to_string().parse::<Spec>().unwrap(), spec, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_says_what_to_write() {
        for (text, hint) in [
            ("gerrit.example.org", "http or https URL"),
            ("file:///etc", "http or https URL"),
            ("https://user:pass@g.example/r", "git-credentials-file"),
            ("https://user:pa/ss@g.example/r", "git-credentials-file"),
            ("https:/user:pass@g.example/r", "git-credentials-file"),
            ("ssh://git:pass@g.example/r", "http or https URL"),
            ("https://g.example/r?x=1", "leave out"),
            ("svn=https://svn.example", "directory=DIR"),
            ("mediawiki=https://w.example/wiki/", "api.php"),
            ("github=https://github.com", "organization"),
            ("github=https://github.com/a/b", "organization"),
            ("gitlab=https://gl.example", "group"),
            ("gitea=https://gt.example", "organization"),
            ("gitea=https://gt.example/a?b", "leave out"),
            ("gitlab=https://gl.example/../x", "group"),
            ("phabricator=https://p.example", "token-file"),
            ("list=", "list=FILE"),
        ] {
            let error = text.parse::<Spec>().unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
            assert!(!error.contains("ss@"), "{text}: {error}");
        }
    }

    #[test]
    fn a_file_has_one_or_several_as_text_or_tables() {
        assert_eq!(read("").unwrap(), []);
        let one = read("upstream = \"https://g.example/r\"").unwrap();
        assert_eq!(one, ["https://g.example/r".parse().unwrap()]);
        let two = read("upstream = [\"list=a.txt\", \"directory=b\"]").unwrap();
        assert_eq!(two.len(), 2);
        let tables = read(
            "[[upstream]]\nurl = \"https://g.example/r\"\ngit-url = \"https://replica.example/\"\n\
             [[upstream]]\ntype = \"phabricator\"\nurl = \"https://p.example\"\n\
             token-file = \"t\"\nskin-prefix = \"skin-\"\n",
        );
        let tables = tables.unwrap();
        let origins = tables[0].open().unwrap().origins();
        assert_eq!(origins, ["https://g.example/r", "https://replica.example"]);
        assert_eq!(tables[1].values.text("skin-prefix"), Some("skin-"));
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
}
