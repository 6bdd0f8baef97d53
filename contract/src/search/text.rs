//! Cutting text into words.

/// The longest part of a word that counts, in characters.
pub(super) const MAX_WORD: usize = 40;

/// A piece of text without separators.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A word in lower case.
    Word(String),
    /// Characters of a script that has no spaces between words.
    Run(Vec<char>),
}

/// The pieces of a text, in its order.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut word = String::new();
    let mut length = 0;
    let mut run = Vec::new();
    // The end of the text is a separator, too.
    for char in text.chars().flat_map(char::to_lowercase).chain([' ']) {
        let class = class(char);
        if !matches!(class, Class::Letter | Class::Ignored) && !word.is_empty() {
            pieces.push(Piece::Word(std::mem::take(&mut word)));
            length = 0;
        }
        if !matches!(class, Class::Dense | Class::Ignored) && !run.is_empty() {
            pieces.push(Piece::Run(std::mem::take(&mut run)));
        }
        match class {
            Class::Letter if length < MAX_WORD => {
                word.push(char);
                length += 1;
            }
            Class::Dense => run.push(char),
            Class::Letter | Class::Ignored | Class::Separator => {}
        }
    }
    pieces
}

/// What a character means for the words around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Part of a word.
    Letter,
    /// A letter of a script without spaces between words.
    Dense,
    /// Makes no difference: combining accents, vowel points, joiners.
    Ignored,
    /// Everything else.
    Separator,
}

/// The class of a character. `char::is_alphanumeric` knows letters and most vowel signs. Without the
/// marks that it leaves out, words of Indic and Thai script would be cut into pieces.
fn class(char: char) -> Class {
    let is_ignored = matches!(char,
        '\u{AD}' | '\u{300}'..='\u{36F}' // soft hyphen, combining diacritics
        | '\u{591}'..='\u{5BD}' | '\u{5BF}' | '\u{5C1}' | '\u{5C2}' | '\u{5C4}' | '\u{5C5}' | '\u{5C7}' // Hebrew points
        | '\u{610}'..='\u{61A}' | '\u{640}' | '\u{64B}'..='\u{65F}' | '\u{670}' // Arabic vowels, tatweel
        | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' // joiners and marks of direction
        | '\u{3099}' | '\u{309A}' | '\u{FE00}'..='\u{FE0F}' | '\u{FE20}'..='\u{FE2F}');
    let is_mark = matches!(char,
        '\u{483}'..='\u{489}' | '\u{951}'..='\u{954}' | '\u{DCA}'
        | '\u{E47}'..='\u{E4E}' | '\u{EBA}' | '\u{EC8}'..='\u{ECE}'
        | '\u{1037}'..='\u{103A}' | '\u{17C9}'..='\u{17D3}' | '\u{17DD}')
        // Nukta and virama, at the same places in the blocks of all Indic scripts.
        || matches!(char, '\u{900}'..='\u{DFF}') && matches!(u32::from(char) & 0x7F, 0x3C | 0x4D);
    let is_dense = matches!(char,
        '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' // Thai, Lao, Burmese, Khmer
        | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}' // Kana
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' // Han
        | '\u{FF66}'..='\u{FF9F}' | '\u{20000}'..='\u{3FFFF}');
    match (is_ignored, char.is_alphanumeric() || is_mark, is_dense) {
        (true, _, _) => Class::Ignored,
        (_, true, true) => Class::Dense,
        (_, true, false) => Class::Letter,
        (_, false, _) => Class::Separator,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_that_counts_separates_for_sqlite() {
        // Else a term would be a phrase, which FTS5 refuses without its places.
        let db = rusqlite::Connection::open_in_memory().unwrap();
        db.execute_batch(crate::schema::SCHEMA).unwrap();
        for char in (' '..=char::MAX).filter(|char| class(*char) != Class::Separator) {
            let word = format!("x{char}y");
            let term = format!("\"e{word}.\" AND \"e{word}\"*");
            let sql = "SELECT count(*) FROM search WHERE search MATCH ?";
            let count: rusqlite::Result<i64> =
                db.prepare_cached(sql).unwrap().query_row([term], |row| row.get(0));
            assert_eq!(count, Ok(0), "{char:?}");
        }
    }

    #[test]
    fn a_run_ends_at_a_letter_and_at_a_space() {
        let run = |text: &str| Piece::Run(text.chars().collect());
        let word = || Piece::Word("x".into());
        assert_eq!(pieces("日本 語X日"), [run("日本"), run("語"), word(), run("日")]);
        assert_eq!(pieces("か\u{3099}な"), [run("かな")], "a mark is left out and ends nothing");
    }

    #[test]
    fn forty_characters_of_a_word_count() {
        let word = |length: usize| Piece::Word("é".repeat(length));
        assert_eq!(pieces(&"é".repeat(40)), [word(40)]);
        assert_eq!(pieces(&"é".repeat(41)), [word(40)]);
        let two = format!("{} {}", "é".repeat(41), "é".repeat(30));
        assert_eq!(pieces(&two), [word(40), word(30)], "each word is counted anew");
    }

    #[test]
    fn marks_of_indic_scripts_are_part_of_their_words_and_of_no_others() {
        for (char, expected) in [
            ('\u{93C}', Class::Letter), // nukta
            ('\u{94D}', Class::Letter), // virama
            ('\u{9CD}', Class::Letter),
            ('\u{964}', Class::Separator), // danda
            ('\u{DF4}', Class::Separator),
            ('\u{3C}', Class::Separator), // <
            ('\u{203C}', Class::Separator),
            ('\u{484}', Class::Letter),
            ('\u{E48}', Class::Dense),
            ('\u{301}', Class::Ignored),
        ] {
            assert_eq!(class(char), expected, "{char:?}");
        }
    }
}
