//! The extensions or the skins, filtered, sorted and in pages.

use serde::Deserialize;
use tardist_contract::{BranchName, Kind, RepoName};

use crate::{
    language::chain::Chain,
    query::{
        distributed::{self, Branches},
        statement::{Statement, Value},
    },
};

/// A group, in lower case, and how many are in it.
pub type Group = (String, i64);

/// What decides about a list.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The kind.
    pub kind: Kind,
    /// Only those that have this branch; their last change is that of this branch then.
    pub branch: Option<&'a BranchName>,
    /// Only those of this group, in lower case.
    pub group: Option<&'a str>,
    /// True for the last change first; else they are sorted by name.
    pub by_change: bool,
    /// The page, from 1. For one after the last it is the last.
    pub page: u32,
    /// How many there are on a page.
    pub size: u32,
    /// The languages of the reader; `None` for English.
    pub chain: Option<&'a Chain>,
}

/// A list, in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// When the snapshot was made: Unix seconds.
    pub generated_at: i64,
    /// All branches that are distributed.
    pub branches: Branches,
    /// The groups of this kind that have such a branch, the largest first.
    pub groups: Vec<Group>,
    /// The first letters of the names in the whole list, `0` for digits, and at which place from 0 each
    /// begins. Empty if it is not sorted by name.
    pub letters: Vec<(String, u32)>,
    /// How many there are on all pages.
    pub total: u32,
    /// Which page this is, from 1.
    pub page: u32,
    /// The page.
    pub entries: Vec<Entry>,
}

/// One of a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Entry {
    /// Its name.
    pub name: RepoName,
    /// Its title in the best language.
    pub title: Option<String>,
    /// The first line of its description in the best language.
    pub summary: Option<String>,
    /// The code of the language of `summary`.
    pub language: Option<String>,
    /// Its licence.
    pub license: Option<String>,
    /// When it last changed: Unix seconds.
    pub changed: i64,
    /// 0 if the tarball of the wanted branch lacks something.
    pub complete: u8,
}

/// The place at which each letter begins, from how many names have it. All digits together are `0`.
fn places(counts: Vec<(String, u32)>) -> Vec<(String, u32)> {
    let mut letters: Vec<(String, u32)> = Vec::new();
    let mut place = 0;
    for (letter, count) in counts {
        let is_digit = letter.bytes().all(|it| it.is_ascii_digit());
        let label = if is_digit { "0".to_owned() } else { letter.to_uppercase() };
        if letters.last().is_none_or(|(last, _)| *last != label) {
            letters.push((label, place));
        }
        place += count;
    }
    letters
}

/// A list.
///
/// The statement goes through all names once, with an index that has what decides about the list, and reads
/// the rows of one page.
pub fn list(wanted: Wanted<'_>) -> Statement<List> {
    Statement {
        sql: concat!(
            include_str!("../sql/chain.sql"),
            include_str!("../sql/pages/list.sql"),
            include_str!("../sql/texts.sql"),
            include_str!("../sql/pages/list_end.sql"),
            include_str!("../sql/distributed.sql"),
            ") FROM pragma_user_version, snapshot",
        ),
        params: vec![
            Value::optional(wanted.chain.map(Chain::json)),
            Value::text(&wanted.kind),
            Value::optional(wanted.branch.map(BranchName::to_string)),
            Value::optional(wanted.group.map(str::to_owned)),
            Value::Integer(wanted.by_change.into()),
            Value::Integer(wanted.page.into()),
            Value::Integer(wanted.size.into()),
        ],
        read: |row| {
            Ok(List {
                generated_at: row.integer()?,
                groups: row.json("an array of groups")?,
                letters: places(row.json("an array of letters")?),
                total: row.json("a number")?,
                page: row.json("a number")?,
                entries: row.json("an array of entries")?,
                branches: distributed::column(row)?,
            })
        },
    }
}
