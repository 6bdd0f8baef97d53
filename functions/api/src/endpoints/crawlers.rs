//! `/robots.txt`, `/sitemap.xml` and `/opensearch.xml`: what search engines may read, where it is, and how
//! browsers search here.
//!
//! The last two have absolute URLs, which begin with the builder's `public-url`. Without that setting they
//! do not exist. The `Host` of a request is no help: whoever sends it chooses it, and caches would give
//! the result to others.

use std::fmt::Write as _;

use tardist_contract::Kind;

use crate::{
    http::{
        date::day,
        encoding::compressed,
        problem::ApiError,
        request::Request,
        response::{Representation, Response},
    },
    query::{
        crawlers::{Site, address, site},
        snapshot::Snapshot,
    },
    xml::Escaped,
};

/// The paths that search engines are asked not to read: files that are large, and answers for programs,
/// of which there are very many. The pages have all that can be read there.
const DISALLOWED: [&str; 13] = [
    "/dist/",
    "/download/",
    "/r/",
    "/info",
    "/list",
    "/ExtensionJson.json",
    "/SkinJson.json",
    "/openapi.json",
    "/health",
    "/metrics",
    "/search",
    "/?q=",
    "/*?q=",
];

/// How many URLs a sitemap may have (<https://www.sitemaps.org/protocol.html>).
const MAX_URLS: u32 = 50_000;

/// The pages that are no repository's: the start page, the two lists and the latest changes.
const PAGES: u32 = 4;

/// Answers `/robots.txt` (RFC 9309).
///
/// # Errors
/// 503 without a snapshot: then search engines come back later, and read nothing meanwhile.
pub async fn robots(request: &Request, snapshot: &impl Snapshot) -> Result<Response, ApiError> {
    let address = snapshot.get(address()).await?;
    let mut text = "User-agent: *\n".to_owned();
    for path in DISALLOWED {
        let _ = writeln!(text, "Disallow: {path}");
    }
    if !address.public_url.is_empty() {
        let _ = writeln!(text, "\nSitemap: {}/sitemap.xml", address.public_url);
    }
    Ok(answer(request, text, address.modified_at, "text/plain; charset=utf-8"))
}

/// Answers `/sitemap.xml`: the start page, the lists, the latest changes and the pages of all repositories, each
/// with the day of its last change. If there are more than a sitemap may have, it has those that changed last.
///
/// # Errors
/// 404 if the URL of the site is not known, 503 without a snapshot.
pub async fn sitemap(request: &Request, snapshot: &impl Snapshot) -> Result<Response, ApiError> {
    let site = snapshot.get(site(MAX_URLS - PAGES)).await?;
    let xml = urls(known(&site.address.public_url)?, &site);
    Ok(answer(request, xml, site.address.modified_at, "application/xml"))
}

fn urls(public_url: &str, site: &Site) -> String {
    let base = Escaped(public_url);
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n"
        .to_owned();
    let mut add = |path: &str, time: i64| {
        let day = day(time);
        let _ = writeln!(xml, "<url><loc>{base}/{path}</loc><lastmod>{day}</lastmod></url>");
    };
    let repositories: Vec<(&str, i64)> = site.repositories.lines().filter_map(read).collect();
    // A list last changed with the first of its repositories: they are sorted by that.
    for list in ["", Kind::Extensions.as_str(), Kind::Skins.as_str()] {
        let newest = repositories.iter().find(|(path, _)| path.starts_with(list));
        add(list, newest.map_or(site.address.modified_at, |(_, time)| *time));
    }
    add("changes", repositories.first().map_or(site.address.modified_at, |(_, time)| *time));
    repositories.iter().for_each(|(path, time)| add(path, *time));
    xml.push_str("</urlset>\n");
    xml
}

/// Answers `/opensearch.xml`: a description of the search, for browsers
/// (<https://github.com/dewitt/opensearch>, version 1.1).
///
/// # Errors
/// 404 if the URL of the site is not known, 503 without a snapshot.
pub async fn opensearch(request: &Request, snapshot: &impl Snapshot) -> Result<Response, ApiError> {
    let address = snapshot.get(address()).await?;
    let base = Escaped(known(&address.public_url)?);
    // A short name has 16 characters at most.
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <OpenSearchDescription xmlns=\"http://a9.com/-/spec/opensearch/1.1/\">\n\
         <ShortName>MW extensions</ShortName>\n\
         <LongName>MediaWiki extensions and skins</LongName>\n\
         <Description>Extensions and skins of MediaWiki</Description>\n\
         <InputEncoding>UTF-8</InputEncoding>\n\
         <Url type=\"text/html\" method=\"get\" template=\"{base}/search?q={{searchTerms}}\"/>\n\
         <Url type=\"application/opensearchdescription+xml\" rel=\"self\" template=\"{base}/opensearch.xml\"/>\n\
         </OpenSearchDescription>\n"
    );
    Ok(answer(request, xml, address.modified_at, "application/opensearchdescription+xml"))
}

fn answer(request: &Request, text: String, modified_at: i64, media_type: &'static str) -> Response {
    let content = Representation::of(text, modified_at);
    compressed(&request.headers, Response::ok(content, media_type))
}

/// The URL of the site, or 404 for what cannot be without it.
fn known(public_url: &str) -> Result<&str, ApiError> {
    if public_url.is_empty() {
        let why = "this is not here, since the service does not know its own URL";
        return Err(ApiError::NotFound(why.to_owned()));
    }
    Ok(public_url)
}

/// Reads a line of [`Site::repositories`](crate::query::crawlers::Site::repositories).
fn read(line: &str) -> Option<(&str, i64)> {
    let (path, time) = line.split_once(' ')?;
    Some((path, time.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::crawlers::Address;

    #[test]
    fn a_sitemap_has_all_pages_with_the_days_of_their_last_changes() {
        let site = Site {
            address: Address { public_url: String::new(), modified_at: 0 },
            repositories: "extensions/B 86400\nextensions/C++ 5\nodd line".into(),
        };
        let xml = urls("https://d.example/?a&b=<\">", &site);
        let base = "<url><loc>https://d.example/?a&amp;b=&lt;&quot;&gt;";
        for (path, day) in [
            ("", "1970-01-02"),
            ("extensions", "1970-01-02"),
            ("skins", "1970-01-01"),
            ("changes", "1970-01-02"),
            ("extensions/B", "1970-01-02"),
            ("extensions/C++", "1970-01-01"),
        ] {
            let line = format!("\n{base}/{path}</loc><lastmod>{day}</lastmod></url>\n");
            assert!(xml.contains(&line), "{line} in {xml}");
        }
        assert_eq!(xml.matches("<url>").count(), 6);
    }
}
