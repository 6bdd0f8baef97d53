//! The last step to plain text: white space and lines.

/// A line break that the wikitext asks for. In wikitext itself the end of a line often means nothing.
pub(crate) const BREAK: char = '\u{2028}';

/// Makes lines of a text: a new line begins at a [`BREAK`], after an empty line, and at a list item. All
/// other white space becomes single spaces.
pub(crate) fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for block in text.split(BREAK) {
        let (mut begins, mut in_list) = (true, false);
        for line in block.split('\n') {
            let mut words =
                line.split([' ', '\t', '\r']).map(visible).filter(|word| !word.is_empty());
            let Some(first) = words.next() else {
                begins = true;
                continue;
            };
            let is_item = first.starts_with(['*', '#']);
            if !out.is_empty() {
                out.push(if begins || is_item || in_list { '\n' } else { ' ' });
            }
            out.push_str(&first);
            for word in words {
                out.push(' ');
                out.push_str(&word);
            }
            (begins, in_list) = (false, is_item);
        }
    }
    out
}

/// A word without control characters.
fn visible(word: &str) -> String {
    word.chars().filter(|c| !c.is_control()).collect()
}

/// The text with a space in place of each control character, which neither HTML nor XML may have; `None` if nothing
/// is left.
pub(crate) fn one_line(text: &str) -> Option<String> {
    let text = text.replace(char::is_control, " ");
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}
