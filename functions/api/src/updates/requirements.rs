//! What an upgrade would break: what the branches of the target require, beside what the wiki would have then.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;
use tardist_contract::{BranchName, Kind, document::Requires};

use super::{constraint::satisfies, siteinfo::Siteinfo, version::Version};
use crate::query::updates::Found;

/// Something that is required and would not be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmet {
    /// Another MediaWiki.
    MediaWiki {
        /// Which one is required.
        constraint: String,
    },
    /// Another PHP than the wiki has now.
    Php {
        /// Which one is required.
        constraint: String,
        /// What the wiki has.
        version: String,
    },
    /// An extension or skin that the wiki does not have.
    Missing {
        /// Its kind.
        kind: Kind,
        /// Its name, as the manifest requires it.
        name: String,
    },
    /// One that has no tarball of the branch.
    NoBranch {
        /// Its kind.
        kind: Kind,
        /// Its name.
        name: String,
        /// The branch.
        branch: BranchName,
    },
    /// One that would have another version.
    Version {
        /// Its kind.
        kind: Kind,
        /// Its name.
        name: String,
        /// Which version is required.
        constraint: String,
        /// Which it would have; `None` where it says none.
        version: Option<String>,
    },
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MediaWiki { constraint } => write!(f, "It requires MediaWiki {constraint}."),
            Self::Php { constraint, version } => {
                write!(f, "It requires PHP {constraint}; the wiki has {version}.")
            }
            Self::Missing { kind, name } => {
                write!(
                    f,
                    "It requires the {} {name}, which the wiki does not have.",
                    kind.singular()
                )
            }
            Self::NoBranch { kind, name, branch } => {
                let kind = kind.singular();
                write!(f, "It requires the {kind} {name}, of which there is no {branch}.")
            }
            Self::Version { kind, name, constraint, version } => {
                write!(f, "It requires the {} {name} {constraint}", kind.singular())?;
                match version {
                    Some(version) => write!(f, "; it would be {version}."),
                    None => f.write_str(", which says no version."),
                }
            }
        }
    }
}

impl Serialize for Unmet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What one installed extension or skin would be after the upgrade.
#[derive(Debug, Clone, Copy)]
struct Then<'a> {
    /// False where its repository has no tarball of the branch.
    is_there: bool,
    version: Option<&'a str>,
}

/// The wiki after the upgrade.
#[derive(Debug)]
pub struct Wiki<'a> {
    mediawiki: Option<Version>,
    php: Option<&'a str>,
    branch: &'a BranchName,
    /// By the names that a manifest may require them by.
    installed: BTreeMap<(Kind, &'a str), Then<'a>>,
}

impl<'a> Wiki<'a> {
    /// The wiki with this MediaWiki, and with `branch` of everything that is `found`; the rest stays. Of
    /// each entry there is one place in `found`.
    pub(super) fn new(
        siteinfo: &'a Siteinfo,
        mediawiki: Option<Version>,
        branch: &'a BranchName,
        found: &[Option<&'a Found>],
    ) -> Self {
        let mut all = BTreeMap::new();
        for (installed, found) in siteinfo.installed.iter().zip(found) {
            let published = found.map(|found| found.branch.as_ref());
            let then = match published {
                None => Then { is_there: true, version: installed.version.as_deref() },
                Some(branch) => Then {
                    is_there: branch.is_some(),
                    version: branch.and_then(|branch| branch.version.as_deref()),
                },
            };
            let kind = found.map_or(installed.kind, |found| found.kind);
            let names = [
                installed.name.as_deref(),
                found.map(|found| found.name.as_str()),
                found.and_then(|found| found.manifest_name.as_deref()),
            ];
            for name in names.into_iter().flatten() {
                all.entry((kind, name)).or_insert(then);
            }
        }
        Self { mediawiki, php: siteinfo.php.as_deref(), branch, installed: all }
    }

    /// What is required and would not be there. What cannot be compared is left out: nothing is guessed.
    pub(super) fn unmet(&self, requires: &Requires) -> Vec<Unmet> {
        let mut unmet = Vec::new();
        let mediawiki = requires.mediawiki.as_deref().zip(self.mediawiki.as_ref());
        if let Some((constraint, version)) = mediawiki
            && satisfies(constraint, version) == Some(false)
        {
            unmet.push(Unmet::MediaWiki { constraint: constraint.to_owned() });
        }
        let php = requires.platform.get("php").zip(self.php);
        if let Some((constraint, text)) = php
            && let Some(version) = php_version(text)
            && satisfies(constraint, &version) == Some(false)
        {
            unmet.push(Unmet::Php { constraint: constraint.clone(), version: text.to_owned() });
        }
        for (kind, required) in
            [(Kind::Extensions, &requires.extensions), (Kind::Skins, &requires.skins)]
        {
            let all = required.iter().filter_map(|(name, it)| self.unmet_one(kind, name, it));
            unmet.extend(all);
        }
        unmet
    }

    fn unmet_one(&self, kind: Kind, name: &str, constraint: &str) -> Option<Unmet> {
        let owned = || name.to_owned();
        let Some(then) = self.installed.get(&(kind, name)) else {
            return Some(Unmet::Missing { kind, name: owned() });
        };
        if !then.is_there {
            return Some(Unmet::NoBranch { kind, name: owned(), branch: self.branch.clone() });
        }
        let is_met = match then.version {
            _ if constraint.trim() == "*" => true,
            // MediaWiki does not load what requires a version of something that says none.
            None => false,
            Some(text) => match Version::parse(text) {
                Some(version) => satisfies(constraint, &version) != Some(false),
                None => true,
            },
        };
        (!is_met).then(|| Unmet::Version {
            kind,
            name: owned(),
            constraint: constraint.to_owned(),
            version: then.version.map(str::to_owned),
        })
    }
}

/// The version of PHP without what a distribution adds: `8.2.29-1~deb12u1`.
fn php_version(text: &str) -> Option<Version> {
    Version::parse(text.split(['-', '+', '~', ' ']).next()?)
}

#[cfg(test)]
#[path = "requirements/tests.rs"]
mod tests;
