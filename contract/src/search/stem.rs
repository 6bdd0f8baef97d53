//! English words without their endings: `template` for `templates`, `translat` for `translation`.
//!
//! The rest of a word is looked for as a beginning, and only after all that has the word itself. So it
//! need not be a word, and an ending that was no ending does little harm. Porter's stemmer would have to
//! be applied to the texts, too, and would double the index; FTS5 has it for its own words only.

/// An ending of English words.
struct Ending {
    /// Its letters.
    text: &'static str,
    /// How many of these letters stay.
    kept: usize,
    /// How many letters the rest has at least. A short rest is the beginning of too many other words.
    least: usize,
}

const fn ending(text: &'static str, kept: usize, least: usize) -> Ending {
    Ending { text, kept, least }
}

/// The endings; the first that a word has, and that leaves enough of it, is removed.
const ENDINGS: [Ending; 31] = [
    // `notif` is common to notify, notified and notification.
    ending("ifications", 2, 5),
    ending("ification", 2, 5),
    ending("ifying", 2, 5),
    ending("ifiers", 2, 5),
    ending("ifier", 2, 5),
    ending("ified", 2, 5),
    ending("ifies", 2, 5),
    ending("ify", 2, 5),
    // Configuration and configure, but `translat` rather than `transl`.
    ending("ations", 0, 7),
    ending("ation", 0, 7),
    ending("ions", 0, 5),
    ending("ion", 0, 5),
    ending("ments", 0, 5),
    ending("ment", 0, 5),
    ending("ings", 0, 4),
    ending("ing", 0, 4),
    ending("ers", 0, 5),
    ending("er", 0, 5),
    ending("ors", 0, 5),
    ending("or", 0, 5),
    ending("ied", 0, 4),
    ending("ed", 0, 4),
    // The plural.
    ending("ies", 0, 4),
    ending("ches", 2, 3),
    ending("shes", 2, 3),
    ending("sses", 2, 3),
    ending("xes", 1, 3),
    ending("es", 1, 3),
    ending("s", 0, 3),
    ending("y", 0, 5),
    ending("e", 0, 5),
];

/// A word without its ending; `None` for a word that has none, and for one that is not written in the 26
/// letters of English.
pub(super) fn stem(word: &str) -> Option<&str> {
    if !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    ENDINGS.iter().find_map(|ending| {
        let rest = word.strip_suffix(ending.text)?;
        if ending.text == "s" && rest.ends_with(['s', 'u', 'i']) {
            return None; // class, status, analysis
        }
        let doubles = matches!(ending.text, "ing" | "ings" | "ed" | "er" | "ers");
        let single = if doubles { without_double(rest) } else { rest };
        let stem = &word[..single.len() + ending.kept];
        // `tag` of tagging is whole, but `str` of string is not.
        let least = if single.len() < rest.len() { 3 } else { ending.least };
        (stem.len() >= least).then_some(stem)
    })
}

/// `tag` of `tagg(ing)`, but `spell` of `spell(ing)`.
fn without_double(rest: &str) -> &str {
    let bytes = rest.as_bytes();
    match bytes {
        [.., before, last] if before == last && !b"aeiouylsz".contains(last) => {
            &rest[..rest.len() - 1]
        }
        _ => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_one_family_have_one_beginning() {
        for (words, expected) in [
            (&["templates"][..], "template"),
            (&["messages"], "message"),
            (&["message"], "messag"),
            (
                &["translation", "translations", "translator", "translating", "translate"],
                "translat",
            ),
            (&["configuration", "configure", "configured"], "configur"),
            (&["notification", "notifications", "notify", "notifies", "notified"], "notif"),
            (&["categories", "category"], "categor"),
            (&["searches", "searching"], "search"),
            (&["boxes"], "box"),
            (&["classes"], "class"),
            (&["pages"], "page"),
            (&["maps", "mapping", "mapped"], "map"),
            (&["tags", "tagging"], "tag"),
            (&["edits", "editing", "edited"], "edit"),
            (&["spammers", "spamming"], "spam"),
            (&["management"], "manage"),
            (&["creation", "creating"], "creat"),
        ] {
            for word in words {
                assert_eq!(stem(word), Some(expected), "{word}");
            }
        }
    }

    #[test]
    fn a_word_without_an_ending_has_no_stem() {
        for word in [
            "",
            "s",
            "es",
            "wiki",
            "spam",
            "class",
            "status",
            "this",
            "string",
            "user",
            "feed",
            "comment",
            "editor",
            "3ds",
            "vorlagen",
            "modèles",
            "новости",
        ] {
            assert_eq!(stem(word), None, "{word}");
        }
    }
}
