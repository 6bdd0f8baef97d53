//! Templates and parser functions: what they show, as far as that is known without a wiki.

/// What a template or parser function shows. `head` is the text before the first `|`, `parts` are the
/// texts after it. For one that is not known here, this is its last argument.
pub(crate) fn template_text(head: &str, parts: &[String]) -> String {
    let (name, argument) = match head.split_once(':') {
        Some((name, argument)) => (name.trim(), Some(argument.trim())),
        None => (head.trim(), None),
    };
    let last =
        parts.last().map(|part| part.split_once('=').map_or(part.as_str(), |(_, text)| text));
    match (name.to_ascii_lowercase().as_str(), argument) {
        ("!", None) => "|".to_owned(),
        ("=", None) => "=".to_owned(),
        // The default of `$wgSitename`.
        ("sitename", None) => "MediaWiki".to_owned(),
        ("dirmark" | "directionmark", _) => String::new(),
        ("plural", Some(count)) => plural(count, parts).to_owned(),
        // The third form is for people whose gender is not known; without it the first one is.
        ("gender", Some(_)) => parts.get(2).or(parts.first()).cloned().unwrap_or_default(),
        ("#special", Some(page)) => format!("Special:{page}"),
        ("ns" | "nse" | "ucfirst", Some(text)) => {
            let mut letters = text.chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            first.chain(letters).collect()
        }
        ("uc", Some(text)) => text.to_uppercase(),
        ("lc", Some(text)) => text.to_lowercase(),
        (_, argument) => last.or(argument).unwrap_or(name).trim().to_owned(),
    }
}

/// The form for `count`: a form like `12=…` for this number, else the first form for one and the last
/// form for all others.
fn plural<'a>(count: &str, forms: &'a [String]) -> &'a str {
    let numbered = |form: &'a String| {
        form.split_once('=').filter(|(number, _)| number.trim().parse::<u64>().is_ok())
    };
    if let Some((_, text)) = forms.iter().filter_map(numbered).find(|(n, _)| n.trim() == count) {
        return text;
    }
    let mut forms = forms.iter().filter(|form| numbered(form).is_none());
    let form = if count == "1" { forms.next() } else { forms.next_back() };
    form.map_or("", String::as_str)
}
