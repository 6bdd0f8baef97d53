//! `/api` for people: what each address for programs answers, from the same document as `/openapi.json`.
//! So a service describes the version that it runs, and needs no other website for that.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde::Deserialize;

use super::{
    html::response,
    layout::{Layout, document},
    visit::Visit,
};
use crate::{
    endpoints::openapi::DOCUMENT,
    http::{encoding::compressed, problem::ApiError, request::Request, response::Response},
    query::{
        distributed::{Branches, distributed},
        snapshot::Snapshot,
    },
};

/// What the page shows of an OpenAPI document.
#[derive(Deserialize)]
struct OpenApi {
    paths: BTreeMap<String, BTreeMap<String, Operation>>,
    components: Components,
}

#[derive(Deserialize)]
struct Operation {
    summary: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: Vec<Reference>,
    #[serde(default)]
    responses: BTreeMap<String, Answer>,
}

/// A parameter, or the place of one among the components.
#[derive(Deserialize)]
struct Reference {
    #[serde(rename = "$ref", default)]
    to: String,
    #[serde(flatten)]
    parameter: Option<Parameter>,
}

#[derive(Deserialize)]
struct Components {
    parameters: BTreeMap<String, Parameter>,
}

#[derive(Clone, Deserialize)]
struct Parameter {
    name: String,
    r#in: String,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    content: BTreeMap<String, serde::de::IgnoredAny>,
}

impl Operation {
    /// True where it answers with nothing but a page for people.
    fn is_page(&self) -> bool {
        let content = self.responses.get("200").map(|it| &it.content);
        content.is_some_and(|it| !it.is_empty() && it.keys().all(|media| media == "text/html"))
    }

    /// What a client may write behind `?`.
    fn parameters<'a>(&'a self, components: &'a Components) -> Vec<&'a Parameter> {
        let named = |it: &'a Reference| {
            let shared = it.to.rsplit('/').next().and_then(|name| components.parameters.get(name));
            it.parameter.as_ref().or(shared)
        };
        self.parameters.iter().filter_map(named).filter(|it| it.r#in == "query").collect()
    }
}

/// Answers `/api`.
///
/// # Errors
/// 400 for malformed parameters, 503 without a snapshot, whose branches the page offers like all pages.
pub async fn get(request: &Request, snapshot: &impl Snapshot) -> Result<Response, ApiError> {
    let visit = Visit::of(request)?;
    let branches = snapshot.get(distributed()).await?;
    let api = serde_json::from_str(DOCUMENT).map_err(|error| {
        eprintln!("cannot read openapi.json: {error}");
        ApiError::Internal
    })?;
    let response = response(page(&visit, &branches.list, &api), branches.generated_at);
    let mut response = visit.describe(response);
    response.alternate("/openapi.json");
    Ok(compressed(&request.headers, response))
}

fn page(visit: &Visit, branches: &Branches, api: &OpenApi) -> Markup {
    let messages = visit.messages;
    let content = html! {
        h1 { (messages.text("api")) }
        p { (messages.text("api-intro")) }
        ul.links { li { a href="/openapi.json" type="application/json" { (messages.text("home-openapi")) } } }
        div lang="en" dir="ltr" {
            @for (path, operations) in &api.paths { @for (method, operation) in operations {
                @if !operation.is_page() { (section(visit, &api.components, path, method, operation)) }
            } }
        }
    };
    let layout = Layout {
        title: messages.text("api"),
        description: messages.text("api-intro"),
        json: "/openapi.json",
        ..Layout::new(visit, branches, "/api")
    };
    document(&layout, &content)
}

fn section(
    visit: &Visit,
    components: &Components,
    path: &str,
    method: &str,
    operation: &Operation,
) -> Markup {
    let parameters = operation.parameters(components);
    html! {
        h2.endpoint { code { @if method != "get" { (method.to_uppercase()) " " } (path) } }
        p { (operation.summary) "." }
        @if !operation.description.is_empty() { p.small { (operation.description) } }
        @if !parameters.is_empty() {
            p.small lang=(visit.messages.language()) dir=(visit.messages.direction()) {
                (visit.messages.text("api-parameters"))
            }
            ul.small { @for parameter in parameters { li {
                code { (parameter.name) }
                @if !parameter.description.is_empty() { ": " (parameter.description) }
            } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::route::ENDPOINTS;

    #[test]
    fn every_address_for_programs_is_described() {
        let api = serde_json::from_str(DOCUMENT).unwrap();
        let visit = Visit::of_any(&"/api?lang=de".parse().unwrap(), &HeaderMap::new());
        let page = page(&visit, &Branches::default(), &api).into_string();
        for endpoint in ENDPOINTS {
            assert!(page.contains(&format!("{endpoint}</code></h2>")), "{endpoint}");
        }
        assert!(!page.contains("/extensions/{name}"), "pages are for people");
        assert!(page.contains("<li><code>limit</code>") && page.contains("<div lang=\"en\""));
        assert!(page.len() < 60_000, "{}", page.len());
    }
}
