//! Schemathesis against the served system. It generates right and wrong requests from the OpenAPI
//! document and checks the answers against it. So another implementation of OpenAPI reads the
//! document too.

use std::fs;

use tardist_tests::{Document, PUBLIC_URL, Site, TestEnv, Value, json, schemathesis};

/// The number of requests for each path, in each phase of the tool.
const EXAMPLES: &str = "60";

/// The statuses for a wrong request. 414 is not in the document: if a target is too long, the HTTP
/// server refuses it before a component sees it.
const CONFIGURATION: &str = "\
[checks.negative_data_rejection]
expected-statuses = [400, 404, 414]
";

/// The document, with examples that exist in the sample content.
fn with_examples(site: &Site) -> Value {
    let mut document = Document::of(site).json().clone();
    let paper = site.get("/info/skins/SamplePaper").json();
    let file = &paper["branches"]["REL1_45"]["tarball"]["file"];
    for parameter in document["components"]["parameters"].as_object_mut().unwrap().values_mut() {
        let example = match parameter["name"].as_str().unwrap() {
            "kind" => json!("skins"),
            "name" => json!("SamplePaper"),
            "names" => json!(["SamplePaper", "Nothing"]),
            "file" => file.clone(),
            "project" => json!("mediawiki/skins/SamplePaper"),
            _ => continue,
        };
        parameter["example"] = example;
    }
    // The paths of pages have the kind in them.
    let page = &mut document["paths"]["/extensions/{name}"]["get"]["parameters"];
    let name = page.as_array_mut().unwrap().iter_mut();
    for parameter in name.filter(|it| it["$ref"] == "#/components/parameters/name") {
        *parameter = json!({
            "name": "name", "in": "path", "required": true, "example": "SampleChart",
            "schema": { "$ref": "#/components/schemas/Name" },
        });
    }
    // `p` and `m` exclude each other. OpenAPI cannot say this.
    let projects = &mut document["paths"]["/r/projects/"]["get"]["parameters"];
    projects.as_array_mut().unwrap().retain(|it| it["$ref"] != "#/components/parameters/m");
    // In a form, the answer of the wiki is a text. A schema cannot say what is in it.
    let bodies = &mut document["paths"]["/updates"]["post"]["requestBody"]["content"];
    bodies.as_object_mut().unwrap().retain(|media_type, _| media_type == "application/json");
    document
}

#[test]
fn schemathesis_finds_no_issues() {
    let env = TestEnv::sample();
    // The sitemap and the description of the search need the URL of the service.
    env.sync(&["--public-url", PUBLIC_URL]).exits(0);
    let site = env.serve(&[]);
    let document = env.folder().join("openapi.json");
    fs::write(&document, with_examples(&site).to_string()).unwrap();
    fs::write(env.folder().join("schemathesis.toml"), CONFIGURATION).unwrap();
    let mut command = schemathesis();
    command.current_dir(env.folder()).arg("run").arg(&document);
    command.args(["--url", &format!("http://{}", site.address())]);
    command.args(["--checks", "all", "--max-examples", EXAMPLES, "--no-color"]);
    // The same requests each time, so that a failure comes from a change and not by chance.
    command.args(["--generation-deterministic"]);
    command.args(["--continue-on-failure", "--no-shrink"]);
    let run = tardist_tests::Run::from(command.output().unwrap());
    run.exits(0).says(&["No issues found"]);
    // The server still runs.
    site.get("/health").is(200);
}
