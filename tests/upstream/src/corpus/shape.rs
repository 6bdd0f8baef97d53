//! The repositories of the corpus and their sizes.

/// The branches besides `master`, oldest first. Each begins after this share of the commits of
/// `master`, in percent. The first branch is too old to be distributed.
pub(super) const RELEASES: [(&str, usize); 5] =
    [("REL1_42", 66), ("REL1_43", 75), ("REL1_44", 82), ("REL1_45", 89), ("REL1_46", 95)];

/// The languages of the messages. `qqq` is their documentation.
pub(super) const LANGUAGES: [&str; 60] = [
    "en", "qqq", "de", "ru", "fr", "zh-hans", "es", "ar", "it", "pt", "ja", "uk", "nl", "ko", "sv",
    "he", "pl", "be", "da", "zh-hant", "fi", "fa", "nb", "bg", "cs", "sr-ec", "el", "ur", "hu",
    "mk", "id", "yue", "ro", "ce", "tr", "ckb", "vi", "tt-cyrl", "ca", "gan", "gl", "kk-cyrl",
    "eu", "lzh", "br", "ps", "cy", "ba", "eo", "cv", "et", "wuu", "hr", "sd", "lt", "ky", "lv",
    "mzn", "sl", "sk",
];

/// One repository.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// The part of its project name after `mediawiki/`.
    pub(super) path: &'static str,
    /// Folders of messages, each with a file for each language.
    pub(super) message_folders: usize,
    /// Messages in each of those files.
    pub(super) messages: usize,
    /// Files with a PHP class.
    pub(super) php: usize,
    /// Files with a JavaScript module.
    pub(super) js: usize,
    /// Bundles that are built and committed, about 250 kB each. They are rebuilt often.
    pub(super) bundles: usize,
    /// Recordings of tests, about 250 kB each. They rarely change.
    pub(super) records: usize,
    /// Images and fonts, which are already compressed.
    pub(super) pictures: usize,
    /// Commits of `master`.
    pub(super) commits: usize,
    /// The number of `refs/changes/…`. Gerrit has one for each version of each proposed change.
    pub(super) changes: usize,
}

const fn shape(path: &'static str, files: [usize; 7], commits: usize, changes: usize) -> Shape {
    let [message_folders, messages, php, js, bundles, records, pictures] = files;
    Shape { path, message_folders, messages, php, js, bundles, records, pictures, commits, changes }
}

/// 18 extensions and 6 skins: most are small, some are large, and one is huge, as on Gerrit.
#[rustfmt::skip]
pub(super) const SHAPES: [Shape; 24] = [
    // Like Wikibase, the largest of all. It comes first, so that no thread begins it last.
    shape("extensions/BenchBase", [4, 60, 1400, 300, 4, 12, 10], 4300, 60_000),
    shape("extensions/BenchEditor", [3, 80, 120, 500, 6, 6, 32], 3850, 4000),
    shape("extensions/BenchFlow", [2, 90, 350, 200, 2, 8, 13], 3450, 3000),
    shape("extensions/BenchTranslate", [2, 90, 380, 90, 1, 4, 6], 3450, 0),
    shape("extensions/BenchCheck", [2, 70, 240, 60, 1, 10, 3], 3000, 2000),
    shape("extensions/BenchFilter", [2, 80, 220, 50, 1, 6, 3], 3000, 0),
    shape("extensions/BenchEcho", [1, 70, 140, 80, 1, 4, 10], 3000, 1000),
    shape("extensions/BenchCite", [3, 30, 60, 60, 1, 8, 3], 3000, 1000),
    shape("extensions/BenchMedia", [1, 50, 60, 80, 2, 8, 38], 2600, 0),
    shape("extensions/BenchGraph", [1, 20, 30, 20, 3, 30, 6], 1700, 0),
    shape("extensions/BenchGadget", [1, 40, 50, 20, 0, 2, 2], 2150, 0),
    shape("extensions/BenchMail", [1, 40, 40, 15, 0, 2, 2], 2150, 0),
    shape("extensions/BenchTitle", [1, 30, 25, 10, 0, 1, 0], 1700, 0),
    shape("extensions/BenchTree", [1, 15, 12, 8, 0, 1, 2], 1700, 0),
    shape("extensions/BenchMap", [1, 12, 6, 2, 0, 2, 19], 1300, 0),
    shape("extensions/BenchBox", [1, 20, 6, 4, 0, 0, 3], 1300, 0),
    shape("extensions/BenchPoem", [1, 5, 3, 0, 0, 0, 0], 1300, 0),
    shape("extensions/BenchLink", [1, 15, 10, 3, 0, 0, 2], 1300, 0),
    shape("skins/BenchVector", [1, 50, 60, 120, 1, 3, 13], 3000, 1000),
    shape("skins/BenchMinerva", [1, 30, 60, 80, 0, 2, 10], 2150, 0),
    shape("skins/BenchTimeless", [1, 20, 20, 20, 1, 1, 16], 1700, 0),
    shape("skins/BenchBook", [1, 15, 10, 12, 0, 0, 6], 1300, 0),
    shape("skins/BenchBlue", [1, 6, 5, 4, 0, 0, 3], 1300, 0),
    shape("skins/BenchPaper", [1, 6, 4, 6, 0, 0, 3], 1300, 0),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn eighteen_extensions_and_six_skins_one_with_very_many_refs() {
        let paths: BTreeSet<_> = SHAPES.iter().map(|shape| shape.path).collect();
        assert_eq!(paths.iter().filter(|path| path.starts_with("extensions/")).count(), 18);
        assert_eq!(paths.iter().filter(|path| path.starts_with("skins/")).count(), 6);
        assert!(SHAPES.iter().any(|shape| shape.changes >= 60_000));
        assert_eq!(LANGUAGES.iter().collect::<BTreeSet<_>>().len(), 60);
        assert!(RELEASES.is_sorted_by_key(|release| release.1));
    }
}
