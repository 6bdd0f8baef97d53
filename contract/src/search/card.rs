use serde::{Deserialize, Serialize};

use crate::{
    branch_name::BranchName, document::LocalizedMetadata, kind::Kind, repo_name::RepoName,
};

/// A repository, as a search result shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// `extensions` or `skins`.
    pub kind: Kind,
    /// The repository's name.
    pub name: RepoName,
    /// As in the repository's document.
    #[serde(flatten)]
    pub metadata: LocalizedMetadata,
    /// As in the repository's document.
    pub default_branch: BranchName,
    /// The path of the repository's document: `/info/KIND/NAME`.
    pub info: String,
}
