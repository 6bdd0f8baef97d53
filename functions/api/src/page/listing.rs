//! `/extensions` and `/skins` for people: all names, by their first letter.
//!
//! All names are on one page, so that the search of the browser finds them. There is nothing but names,
//! so that a page with 1,500 of them has no more bytes than a picture.

use maud::{Markup, html};
use tardist_contract::{Kind, schema::TEXT};

use super::{
    html::response,
    layout::{Layout, document, label},
    text::thousands,
};
use crate::{
    http::{encoding::compressed, problem::ApiError, request::Request, response::Response},
    query::{ready_made::ready_made, snapshot::Snapshot},
};

/// Answers `/KIND`, from the ready-made answer of `/list/KIND?format=text`.
///
/// # Errors
/// 503 without a snapshot, and for one that lacks the list.
pub async fn get(
    request: &Request,
    kind: Kind,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let list = ready_made(&format!("/list/{kind}"), TEXT, false, snapshot).await?;
    let text = String::from_utf8(list.body).map_err(|_| ApiError::Internal)?;
    Ok(compressed(&request.headers, response(page(kind, &text), list.modified_at)))
}

/// Names with the same first letter: the heading, its anchor, and the names.
type Group<'a> = (String, String, Vec<&'a str>);

/// Groups sorted names by their first letter, all digits together.
fn groups(names: &str) -> Vec<Group<'_>> {
    let mut groups: Vec<Group> = Vec::new();
    for name in names.lines() {
        let first = name.chars().next().unwrap_or_default().to_ascii_uppercase();
        let is_digit = first.is_ascii_digit();
        let label = if is_digit { "0–9".to_owned() } else { first.to_string() };
        match groups.last_mut() {
            Some((last, _, names)) if *last == label => names.push(name),
            _ => {
                let anchor = if is_digit { "0-9".to_owned() } else { first.to_string() };
                groups.push((label, anchor, vec![name]));
            }
        }
    }
    groups
}

fn page(kind: Kind, names: &str) -> Markup {
    let groups = groups(names);
    let count = names.lines().count();
    let content = html! {
        h1 { (label(kind)) }
        p { (thousands(i64::try_from(count).unwrap_or(i64::MAX))) " in all" }
        @if groups.len() > 1 {
            nav.letters aria-label="First letters" { ul {
                @for (label, anchor, _) in &groups { li { a href={ "#" (anchor) } { (label) } } }
            } }
        }
        @for (label, anchor, names) in &groups {
            section aria-labelledby=(anchor) {
                h2 id=(anchor) { (label) }
                ul.names { @for name in names {
                    li { a href={ "/" (kind) "/" (name) } { (name) } }
                } }
            }
        }
    };
    let json = format!("/list/{kind}");
    let layout = Layout {
        title: label(kind),
        kind: Some(kind),
        here: Some(kind),
        json: &json,
        ..Layout::default()
    };
    document(&layout, &content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_grouped_by_their_first_letter_without_regard_to_case() {
        let names = "3D\n9Maps\nabc\nAbd\nb\n";
        let groups = groups(names);
        let labels: Vec<_> =
            groups.iter().map(|(label, anchor, _)| (&**label, &**anchor)).collect();
        assert_eq!(labels, [("0–9", "0-9"), ("A", "A"), ("B", "B")]);
        assert_eq!(groups[1].2, ["abc", "Abd"]);
    }

    #[test]
    fn fifteen_hundred_names_are_a_light_page() {
        let names: String = (0..1500).map(|it| format!("SomeLongishName{it}\n")).collect();
        let page = page(Kind::Extensions, &names).into_string();
        assert!(page.len() < 150_000, "{}", page.len());
        assert_eq!(page.matches("<li><a href=\"/extensions/").count(), 1500);
        assert!(page.contains("1,500 in all"));
        let empty = super::page(Kind::Skins, "").into_string();
        assert!(empty.contains("0 in all"));
    }
}
