//! Names of repositories that are spelled almost as they were asked for.

use tardist_contract::{Kind, RepoName};

use super::{
    json::json,
    statement::{Statement, Value},
};
use crate::http::problem::ApiError;

/// The repositories of both kinds that have one of these names, in any case of letters: at most 20.
///
/// The row is a text with spaces, which names do not have: all components contain this, and the code that reads
/// JSON is larger.
///
/// # Errors
/// 500 where the names have no form in JSON, which does not happen.
pub fn alike(names: &[RepoName]) -> Result<Statement<Vec<(Kind, RepoName)>>, ApiError> {
    Ok(Statement {
        sql: include_str!("sql/names_alike.sql"),
        params: vec![Value::Text(json(&names)?)],
        read: |row| {
            let text = row.text()?;
            let wrong = || row.unlike("a list of kinds and names");
            let pairs = text.split_ascii_whitespace().map(|pair| {
                let (kind, name) = pair.split_once('/').ok_or_else(wrong)?;
                Ok((kind.parse().map_err(|_| wrong())?, name.parse().map_err(|_| wrong())?))
            });
            pairs.collect()
        },
    })
}

#[cfg(test)]
mod tests {
    use tardist_contract::schema::USER_VERSION;

    use super::*;
    use crate::query::testing::{run, snapshot};

    #[test]
    fn names_are_found_in_any_case_of_letters_and_of_both_kinds() {
        let db = snapshot(USER_VERSION);
        let found = |names: &[&str]| {
            let names: Vec<RepoName> = names.iter().map(|name| name.parse().unwrap()).collect();
            let found = run(&db, &alike(&names).unwrap()).unwrap().into_iter();
            found.map(|(kind, name)| format!("{kind}/{name}")).collect::<Vec<_>>()
        };
        assert_eq!(found(&["ALPHA"]), ["extensions/Alpha"]);
        assert_eq!(found(&["Beta"]), ["extensions/beta", "skins/beta"]);
        assert_eq!(found(&["Alph", "alpha.sha256", "alpha"]), ["extensions/Alpha"]);
        assert_eq!(found(&["Alph"]), [""; 0]);
    }
}
