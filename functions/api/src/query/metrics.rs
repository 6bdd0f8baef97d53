//! The numbers of the snapshot, for Prometheus.

use tardist_contract::metrics::SnapshotGauges;

use super::statement::Statement;

/// When the snapshot was made, and how much it names.
pub fn metrics() -> Statement<SnapshotGauges> {
    Statement {
        sql: include_str!("sql/metrics.sql"),
        params: Vec::new(),
        read: |row| {
            let generated_at = row.integer()?;
            // No count is negative.
            let [extensions, skins, tarballs, incomplete] =
                [row.integer()?, row.integer()?, row.integer()?, row.integer()?]
                    .map(i64::cast_unsigned);
            Ok(SnapshotGauges { generated_at, extensions, skins, tarballs, incomplete })
        },
    }
}

#[cfg(test)]
mod tests {
    use tardist_contract::schema::USER_VERSION;

    use super::*;
    use crate::query::testing::{run, snapshot};

    #[test]
    fn the_numbers_are_those_of_the_snapshot_and_incomplete_tarballs_are_counted() {
        let db = snapshot(USER_VERSION);
        let commit = "a".repeat(40);
        for (branch, is_complete) in [("master", 1), ("REL1_45", 0), ("REL1_44", 0)] {
            let sql = "INSERT INTO branch VALUES ('skins', 'beta', ?, ?, 1, 2, ?)";
            db.execute(sql, (branch, &commit, is_complete)).unwrap();
        }
        let expected = SnapshotGauges {
            generated_at: 1000,
            extensions: 2,
            skins: 0,
            tarballs: 3,
            incomplete: 2,
        };
        assert_eq!(run(&db, &metrics()).unwrap(), expected);
    }
}
