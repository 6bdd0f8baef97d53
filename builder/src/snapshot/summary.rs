//! How much a snapshot names, for reports and numbers.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tardist_contract::Kind;

use crate::snapshot::Snapshot;

/// What a snapshot names. These are keys of `report.json` and of `tardist status --json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// When the snapshot was made: RFC 3339, UTC.
    pub generated_at: String,
    /// The number of extensions.
    pub extensions: u64,
    /// The number of skins.
    pub skins: u64,
    /// The number of tarballs.
    pub tarballs: u64,
    /// The size of all tarballs together, in bytes.
    pub bytes: u64,
    /// The number of tarballs from which something is missing.
    pub incomplete: u64,
}

/// For each kind: its repositories, their tarballs, the bytes of these, and how many of these are incomplete. The
/// documents have had this in all versions of the schema. Old ones do not say whether a tarball is complete.
const COUNTS: &str = "
    SELECT kind, count(DISTINCT name), count(branch.key),
        sum(coalesce(branch.value ->> '$.tarball.size', 0)),
        sum(coalesce(branch.value ->> '$.complete', 1) = 0)
    FROM repository LEFT JOIN json_each(document, '$.branches') AS branch
    GROUP BY kind";

impl Snapshot {
    /// Counts what it names.
    ///
    /// # Errors
    /// The errors of SQLite, or if a document is damaged.
    pub fn summary(&self) -> rusqlite::Result<Summary> {
        let generated_at = Timestamp::from_second(self.generated_at).unwrap_or_default();
        let mut summary = Summary { generated_at: generated_at.to_string(), ..Summary::default() };
        let mut select = self.db.prepare(COUNTS)?;
        let mut rows = select.query(())?;
        while let Some(row) = rows.next()? {
            let count = |column| row.get::<_, i64>(column).map(|it| u64::try_from(it).unwrap_or(0));
            let kind: String = row.get(0)?;
            if kind == Kind::Extensions.as_str() {
                summary.extensions = count(1)?;
            } else {
                summary.skins = count(1)?;
            }
            summary.tarballs += count(2)?;
            summary.bytes += count(3)?;
            summary.incomplete += count(4)?;
        }
        Ok(summary)
    }
}
