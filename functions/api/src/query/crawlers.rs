//! What search engines and browsers want to know of the whole site.

use super::statement::{Statement, Value};

/// Where the site is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The start of its URLs, without a slash at its end; empty if the builder does not know it.
    pub public_url: String,
    /// When the list of repositories last changed, and with it all that is made of this: Unix seconds.
    pub modified_at: i64,
}

/// Where the site is, as the builder was told.
pub fn address() -> Statement<Address> {
    Statement {
        sql: include_str!("sql/public_url.sql"),
        params: Vec::new(),
        read: |row| Ok(Address { public_url: row.text()?, modified_at: row.integer()? }),
    }
}

/// Where the site is, and its repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Where it is.
    pub address: Address,
    /// `KIND/NAME TIME` on a line for each repository, those that changed last first. TIME is that of its
    /// newest commit, in Unix seconds.
    pub repositories: String,
}

/// Where the site is, and the `limit` repositories that changed last.
pub fn site(limit: u32) -> Statement<Site> {
    Statement {
        sql: include_str!("sql/sitemap.sql"),
        params: vec![Value::Integer(limit.into())],
        read: |row| {
            let address = Address { public_url: row.text()?, modified_at: row.integer()? };
            Ok(Site { address, repositories: row.text()? })
        },
    }
}

#[cfg(test)]
mod tests {
    use tardist_contract::schema::USER_VERSION;

    use super::*;
    use crate::query::testing::{run, snapshot};

    #[test]
    fn the_repositories_that_changed_last_come_first() {
        let db = snapshot(USER_VERSION);
        db.execute_batch(
            "UPDATE snapshot SET public_url = 'https://d.example';
             UPDATE repository SET changed_at = 5 WHERE kind = 'skins';
             UPDATE repository SET changed_at = 3 WHERE kind = 'extensions';",
        )
        .unwrap();
        let address = Address { public_url: "https://d.example".into(), modified_at: 980 };
        assert_eq!(run(&db, &super::address()).unwrap(), address);
        let two = "skins/beta 5\nextensions/Alpha 3";
        let expected = Site { address, repositories: two.into() };
        assert_eq!(run(&db, &site(2)).unwrap(), expected);
        db.execute_batch("DELETE FROM repository").unwrap();
        assert_eq!(run(&db, &site(2)).unwrap().repositories, "");
    }
}
