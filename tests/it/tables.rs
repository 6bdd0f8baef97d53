//! Tables of cases that are in three places: the cases themselves, a test for each, and a row for
//! operators in `docs/reliability.md`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A test for each case, so that a failure names it. It calls the function with the name of the case.
macro_rules! test_each {
    ($run:ident: $($case:ident),+ $(,)?) => {
        $(
            #[test]
            fn $case() {
                $run(stringify!($case));
            }
        )+

        /// The cases that have a test.
        const TESTED: &[&str] = &[$(stringify!($case)),+];
    };
}

/// Fails the test unless the tested cases are all cases, and each has one row for operators.
#[track_caller]
pub(crate) fn are_tested_and_have_rows<'a>(tested: &[&str], all: impl Iterator<Item = &'a str>) {
    let tested: BTreeSet<&str> = tested.iter().copied().collect();
    let all: BTreeSet<&str> = all.collect();
    assert_eq!(tested, all);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reliability.md");
    let page = fs::read_to_string(page).unwrap();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).collect();
    for name in all {
        let rows = rows.iter().filter(|row| row.contains(&format!("`{name}`"))).count();
        assert_eq!(rows, 1, "the rows of docs/reliability.md with {name}");
    }
}
