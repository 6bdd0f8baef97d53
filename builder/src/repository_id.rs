//! The id of a repository, which is the same everywhere in the builder.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    str::FromStr,
};

use serde::{Deserialize, Serialize};
use tardist_contract::{Kind, NameError, RepoName};

/// The kind and name of a repository, written `KIND/NAME`: `extensions/MassMessage`.
///
/// On Wikimedia's Gerrit, project names and URLs end with it. It is also the path of the mirror below
/// `mirror/`, without `.git`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepositoryId {
    /// Extension or skin.
    pub kind: Kind,
    /// Its name.
    pub name: RepoName,
}

impl RepositoryId {
    /// A number to order repositories by, so that neighbours in a list come far apart from each other, in each
    /// cycle the same way.
    ///
    /// Repositories of one name or group often fail together. Asked one after the other, they would look like a
    /// host that is down, and all others of that host would never be asked.
    pub fn scattered(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

impl FromStr for RepositoryId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (kind, name) = text.split_once('/').ok_or_else(|| NameError {
            what: "a repository",
            rule: "write `extensions/NAME` or `skins/NAME`",
            text: text.to_owned(),
        })?;
        Ok(Self { kind: kind.parse()?, name: name.parse()? })
    }
}

impl TryFrom<String> for RepositoryId {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<RepositoryId> for String {
    fn from(id: RepositoryId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for RepositoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.kind, self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_text_leads_back_to_it() {
        let id: RepositoryId = "skins/Vector".parse().unwrap();
        assert_eq!(String::from(id.clone()), "skins/Vector");
        assert_eq!(RepositoryId::try_from("skins/Vector".to_owned()), Ok(id));
        assert!("Vector".parse::<RepositoryId>().is_err(), "no kind");
    }
}
