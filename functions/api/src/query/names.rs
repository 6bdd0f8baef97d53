//! Names of repositories that are spelled almost as they were asked for.

use tardist_contract::{Kind, RepoName};

use super::{
    json::json,
    statement::{RowError, Statement, Value},
};
use crate::http::problem::ApiError;

/// The repositories of both kinds that have one of these names, in any case of letters: at most 20.
///
/// # Errors
/// 500 where the names have no form in JSON, which does not happen.
pub fn alike(names: &[RepoName]) -> Result<Statement<Vec<(Kind, RepoName)>>, ApiError> {
    Ok(Statement {
        sql: include_str!("sql/names_alike.sql"),
        params: vec![Value::Text(json(&names)?)],
        read: |row| {
            let text = row.text()?;
            let wanted = "a list of kinds and names";
            serde_json::from_str(&text).map_err(|_| RowError::Column { index: 1, wanted })
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
