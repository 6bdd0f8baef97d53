//! axe-core, which finds what of a page keeps people with disabilities from using it.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::browser::Browser;
use crate::process::built;

/// Its script. `cargo xtask test` installs it from `tests/axe/package.json`.
fn script() -> String {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let path = built(workspace.join("target/axe/node_modules/axe-core/axe.min.js"));
    fs::read_to_string(path).unwrap()
}

/// What axe-core finds on the page that the browser shows, by all of its rules: the name of each rule, and the
/// elements that break it. The browser has to allow scripts.
#[must_use]
pub fn violations(browser: &Browser) -> Vec<String> {
    run(browser, "document")
}

/// The same for one part of the page: the first element that a CSS selector finds.
#[must_use]
pub fn violations_in(browser: &Browser, selector: &str) -> Vec<String> {
    let _ = browser.find(selector);
    run(browser, &format!("document.querySelector({})", Value::from(selector)))
}

fn run(browser: &Browser, context: &str) -> Vec<String> {
    let run = format!(
        "axe.run({context}, {{ resultTypes: ['violations'] }}).then(found => found.violations.map(rule =>
            rule.id + ': ' + rule.nodes.map(node => node.html.slice(0, 200)).join(' | ')))"
    );
    // Rules that are best practices count too.
    let found = browser.evaluate(&format!("(() => {{ {}\nreturn {run}; }})()", script()));
    let list = found.as_array().unwrap();
    list.iter().map(|it: &Value| it.as_str().unwrap().to_owned()).collect()
}
