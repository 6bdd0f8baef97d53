//! What a wiki says of itself: the answer of MediaWiki's
//! `api.php?action=query&meta=siteinfo&siprop=general|extensions|skins&format=json`
//! (<https://www.mediawiki.org/wiki/API:Siteinfo>), with either `formatversion`, and with or without the
//! `query` around it.
//!
//! Everything in it comes from outside. Each text is cut to a length, and entries are counted.

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{
        Error as _, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor,
        value::MapAccessDeserializer,
    },
};
use tardist_contract::Kind;

use super::version::MediaWiki;

/// How many entries are taken. The largest wikis that are known have some 400.
pub const MAX_ENTRIES: usize = 2_000;

/// How many characters of a text are kept: more than MediaWiki shows on Special:Version.
const MAX_TEXT: usize = 300;

/// The skins that are part of MediaWiki itself, by their codes. Nobody installs them.
const OWN_SKINS: [&str; 3] = ["fallback", "apioutput", "authentication-popup"];

/// Why a body is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SiteinfoError {
    /// Nothing was sent.
    #[error("it is empty: send the answer of {HOW}")]
    Empty,
    /// A page was sent.
    #[error("it is HTML: send the answer of {HOW}")]
    Html,
    /// The other format of MediaWiki was sent.
    #[error("it is XML: ask for `format=json`")]
    Xml,
    /// The end is missing.
    #[error("it ends in the middle of the JSON")]
    Cut,
    /// Something else was sent.
    #[error("it is not JSON (line {line}, column {column}): send the answer of {HOW}")]
    NotJson {
        /// Where the JSON is wrong, from 1.
        line: usize,
        /// The byte in the line, from 1.
        column: usize,
    },
    /// Another JSON was sent.
    #[error("it is JSON, but not the answer of {HOW}")]
    NotSiteinfo,
    /// MediaWiki answered with an error, such as `readapidenied` in a private wiki.
    #[error("it is an error of MediaWiki (`{0}`), not its answer")]
    Failed(String),
    /// A part was not asked for.
    #[error("`{0}` is missing: ask with `siprop=general|extensions|skins`")]
    Missing(&'static str),
    /// There are too many entries.
    #[error("it has more than {MAX_ENTRIES} extensions and skins")]
    TooMany,
    /// `generator` has another form.
    #[error("`generator` has no version of MediaWiki in it, such as `MediaWiki 1.45.1`")]
    NoVersion,
}

/// The request that gives a right body.
const HOW: &str =
    "`api.php?action=query&meta=siteinfo&siprop=general|extensions|skins&format=json`";

/// What a wiki has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Siteinfo {
    /// The version of its MediaWiki.
    pub mediawiki: MediaWiki,
    /// The version of its PHP.
    pub php: Option<String>,
    /// Its extensions and skins, in the order of the answer.
    pub installed: Vec<Installed>,
}

/// An extension or a skin that a wiki has. Texts are as the wiki says them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// What it says to be.
    pub kind: Kind,
    /// Its name: that of its manifest, or of a skin, a name in the wiki's language.
    pub name: Option<String>,
    /// By what MediaWiki calls a skin that only the list of skins has.
    pub code: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Its commit: 40 hexadecimal digits in lower case.
    pub commit: Option<String>,
    /// When that was committed: `2026-08-06T09:30:00Z`.
    pub committed_at: Option<String>,
    /// Its home page.
    pub url: Option<String>,
    /// Where its source is shown in a web view.
    pub vcs_url: Option<String>,
}

impl Siteinfo {
    /// Reads an answer of MediaWiki.
    ///
    /// # Errors
    /// What is wrong with it, as the end of the sentence "the body is wrong: …".
    pub fn parse(body: &[u8]) -> Result<Self, SiteinfoError> {
        // The byte order mark that some editors put first.
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii();
        match body {
            [] => return Err(SiteinfoError::Empty),
            [b'<', b'?', b'x', ..] => return Err(SiteinfoError::Xml),
            [b'<', ..] => return Err(SiteinfoError::Html),
            _ => {}
        }
        let answer: Answer = serde_json::from_slice(body).map_err(|error| {
            if error.is_eof() {
                SiteinfoError::Cut
            } else if error.is_data() {
                SiteinfoError::NotSiteinfo
            } else {
                SiteinfoError::NotJson { line: error.line(), column: error.column() }
            }
        })?;
        answer.siteinfo()
    }
}

/// The answer, or the part that is in `query`.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Answer {
    query: Option<Box<Answer>>,
    error: Option<Failure>,
    general: Option<General>,
    extensions: Option<Entries<Extension>>,
    skins: Option<Entries<Skin>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Failure {
    code: Text,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct General {
    generator: Text,
    phpversion: Text,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case")]
struct Extension {
    r#type: Text,
    name: Text,
    version: Text,
    url: Text,
    vcs_version: Text,
    vcs_url: Text,
    vcs_date: Text,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Skin {
    code: Text,
    name: Text,
    /// The name with `formatversion=1`.
    #[serde(rename = "*")]
    content: Text,
    /// There if the wiki offers the skin to nobody: `""` with `formatversion=1`, else `true`.
    unusable: Option<IgnoredAny>,
}

impl Answer {
    fn siteinfo(self) -> Result<Siteinfo, SiteinfoError> {
        if let Some(failure) = self.error {
            // The longest code of MediaWiki has some 40 letters.
            let code = failure.code.0.unwrap_or_default();
            let code = code.chars().filter(|c| !c.is_control()).take(60);
            return Err(SiteinfoError::Failed(code.collect()));
        }
        let parts = match self.query {
            Some(query) => *query,
            None => self,
        };
        if parts.general.is_none() && parts.extensions.is_none() && parts.skins.is_none() {
            return Err(SiteinfoError::NotSiteinfo);
        }
        let general = parts.general.ok_or(SiteinfoError::Missing("general"))?;
        let extensions = parts.extensions.ok_or(SiteinfoError::Missing("extensions"))?;
        let skins = parts.skins.unwrap_or_default();
        let is_more = extensions.is_more || skins.is_more;
        if is_more || extensions.entries.len() + skins.entries.len() > MAX_ENTRIES {
            return Err(SiteinfoError::TooMany);
        }
        let generator = general.generator.0.unwrap_or_default();
        let version = generator.strip_prefix("MediaWiki ").unwrap_or(&generator);
        let mediawiki = MediaWiki::parse(version).ok_or(SiteinfoError::NoVersion)?;
        let mut installed: Vec<Installed> =
            extensions.entries.into_iter().map(Extension::installed).collect();
        let skins_so_far = installed.iter().filter(|it| it.kind == Kind::Skins);
        let mut known: BTreeSet<String> =
            skins_so_far.filter_map(|skin| skin.name.as_deref()).map(plain).collect();
        for skin in skins.entries {
            if let Some(skin) = skin.installed(&known) {
                known.extend(skin.name.as_deref().map(plain));
                installed.push(skin);
            }
        }
        Ok(Siteinfo { mediawiki, php: general.phpversion.0, installed })
    }
}

impl Extension {
    fn installed(self) -> Installed {
        let is_skin = self.r#type.0.as_deref() == Some("skin");
        Installed {
            kind: if is_skin { Kind::Skins } else { Kind::Extensions },
            name: self.name.0,
            code: None,
            version: self.version.0,
            commit: self.vcs_version.0.and_then(|text| commit(&text)),
            committed_at: self.vcs_date.0.filter(|text| is_time(text)),
            url: self.url.0,
            vcs_url: self.vcs_url.0,
        }
    }
}

impl Skin {
    /// The skin, unless it is MediaWiki's own, is offered to nobody, or belongs to one whose [plain] name is
    /// known already: a package such as Vector has several skins (`vector`, `vector-2022`).
    fn installed(self, known: &BTreeSet<String>) -> Option<Installed> {
        let code = self.code.0.unwrap_or_default();
        let name = self.name.0.or(self.content.0);
        if self.unusable.is_some() || OWN_SKINS.contains(&code.as_str()) {
            return None;
        }
        let first = code.split('-').next().unwrap_or_default();
        let names = [Some(code.as_str()), Some(first), name.as_deref()];
        let belongs =
            names.into_iter().flatten().map(plain).any(|it| !it.is_empty() && known.contains(&it));
        if belongs {
            return None;
        }
        let code = (!code.is_empty()).then_some(code);
        Some(Installed {
            kind: Kind::Skins,
            name,
            code,
            version: None,
            commit: None,
            committed_at: None,
            url: None,
            vcs_url: None,
        })
    }
}

/// The letters and digits of a name, in lower case.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A commit without the line break that some `gitinfo.json` have in it.
fn commit(text: &str) -> Option<String> {
    let text = text.trim();
    let is_commit = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit.then(|| text.to_ascii_lowercase())
}

/// True for `2026-08-06T09:30:00Z`. Such times can be compared as texts.
fn is_time(text: &str) -> bool {
    let pattern = b"0000-00-00T00:00:00Z";
    text.len() == pattern.len()
        && text.bytes().zip(pattern).all(|(byte, wanted)| match wanted {
            b'0' => byte.is_ascii_digit(),
            _ => byte == *wanted,
        })
}

/// A text that is not empty. A number is its digits; everything else is none: MediaWiki has `false` where
/// it has no URL.
#[derive(Debug, Default, PartialEq, Eq)]
struct Text(Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        let text: String = text.trim().chars().take(MAX_TEXT).collect();
        Ok(Text((!text.is_empty()).then_some(text)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Text, E> {
        Ok(Text(Some(value.to_string())))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Text, E> {
        Ok(Text(Some(value.to_string())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Text, E> {
        Ok(Text(Some(value.to_string())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_unit<E>(self) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Text, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Text, A::Error> {
        while items.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }
}

/// An entry of a list: an object, or the empty list that PHP makes of an object without keys.
struct Entry<T>(T);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Entry<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for Visit<T> {
            type Value = Entry<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Entry<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Entry)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Entry<T>, A::Error> {
                match items.next_element::<IgnoredAny>()? {
                    None => Ok(Entry(T::default())),
                    Some(_) => Err(A::Error::invalid_type(Unexpected::Seq, &self)),
                }
            }
        }
        deserializer.deserialize_any(Visit(std::marker::PhantomData))
    }
}

/// The first [`MAX_ENTRIES`] of a list, and whether there are more.
struct Entries<T> {
    entries: Vec<T>,
    is_more: bool,
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), is_more: false }
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for Visit<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Entries<T>, A::Error> {
                let mut list = Entries::default();
                while list.entries.len() < MAX_ENTRIES {
                    let Some(Entry(entry)) = items.next_element()? else { return Ok(list) };
                    list.entries.push(entry);
                }
                while items.next_element::<IgnoredAny>()?.is_some() {
                    list.is_more = true;
                }
                Ok(list)
            }
        }
        deserializer.deserialize_seq(Visit(std::marker::PhantomData))
    }
}

#[cfg(test)]
#[path = "siteinfo/tests.rs"]
mod tests;
