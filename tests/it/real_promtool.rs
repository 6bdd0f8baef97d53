//! The alerts, the dashboard and the numbers, as Prometheus reads them: promtool, and node_exporter.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tardist_tests::{Fault, File, NodeExporter, TestEnv, Value, deploy, promtool};
use tempfile::TempDir;

const RULES: &str = "tardist.rules.yml";

/// All numbers of a builder and of its functions, when something fails.
fn numbers() -> (String, String) {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let greeting = "extensions/SampleGreeting";
    env.commit(greeting, "master", &[("a.txt", File::text("a"))]);
    env.server.fault(greeting, Fault::status(500), None);
    let file = env.folder().join("tardist.prom");
    env.sync(&["--metrics-file", file.to_str().unwrap()]).exits(3);
    (fs::read_to_string(file).unwrap(), env.serve(&[]).get("/metrics").is(200).text())
}

/// The names of all metrics that there are.
fn names((builder, functions): &(String, String)) -> BTreeSet<String> {
    let lines = builder.lines().chain(functions.lines());
    let named = lines.filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    named.map(str::to_owned).collect()
}

/// The words of an expression that begin as our metrics do.
fn ours(expression: &str) -> BTreeSet<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = expression.split(|c| !is_word(c)).filter(|word| word.starts_with("tardist_"));
    words.map(str::to_owned).collect()
}

/// The expressions of the dashboard, at any depth.
fn expressions(value: &Value, all: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            all.extend(object.get("expr").and_then(Value::as_str).map(str::to_owned));
            object.values().for_each(|value| expressions(value, all));
        }
        Value::Array(items) => items.iter().for_each(|value| expressions(value, all)),
        _ => {}
    }
}

#[test]
fn the_alerts_say_what_their_test_expects_and_each_has_one() {
    let folder = TempDir::new().unwrap();
    let rules = fs::read_to_string(deploy("prometheus/tardist.rules.yml")).unwrap();
    let test = Path::new(env!("CARGO_MANIFEST_DIR")).join("promtool/tardist.test.yml");
    let test = fs::read_to_string(test).unwrap();
    fs::write(folder.path().join(RULES), &rules).unwrap();
    fs::write(folder.path().join("test.yml"), &test).unwrap();
    promtool(folder.path(), &["check", "rules", RULES], "").exits(0).says(&["SUCCESS"]);
    promtool(folder.path(), &["test", "rules", "test.yml"], "").exits(0).says(&["SUCCESS"]);
    for alert in rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        let of_alert: Vec<_> = test.match_indices(&format!("alertname: {alert}")).collect();
        assert!(of_alert.len() > 1, "{alert} is not tried");
    }
    // They find a mistake.
    fs::write(folder.path().join(RULES), rules.replace("> 48 * 3600", "> 50 * 3600")).unwrap();
    promtool(folder.path(), &["test", "rules", "test.yml"], "").exits(1);
}

#[test]
fn alerts_and_dashboard_ask_only_for_numbers_that_there_are() {
    let dashboard = fs::read_to_string(deploy("grafana/tardist.json")).unwrap();
    let dashboard: Value = dashboard.parse().unwrap();
    let mut all = Vec::new();
    expressions(&dashboard, &mut all);
    assert!(all.len() > 10, "{all:?}");
    let folder = TempDir::new().unwrap();
    let rules: String = (all.iter().enumerate())
        .map(|(number, expr)| format!("      - record: r:{number}\n        expr: {expr:?}\n"))
        .collect();
    fs::write(folder.path().join(RULES), format!("groups:\n  - name: a\n    rules:\n{rules}"))
        .unwrap();
    let says = format!("SUCCESS: {} rules found", all.len());
    promtool(folder.path(), &["check", "rules", RULES], "").exits(0).says(&[&says]);

    let text = fs::read_to_string(deploy("prometheus/tardist.rules.yml")).unwrap();
    all.extend(
        text.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).map(str::to_owned),
    );
    let numbers = names(&numbers());
    for expression in &all {
        let unknown: Vec<_> = ours(expression).difference(&numbers).cloned().collect();
        assert_eq!(unknown, [""; 0], "in {expression}");
    }
}

#[test]
fn the_numbers_are_as_prometheus_wants_them_and_node_exporter_reads_them_through_a_link() {
    let (builder, functions) = numbers();
    let folder = TempDir::new().unwrap();
    for text in [&builder, &functions] {
        let run = promtool(folder.path(), &["check", "metrics"], text);
        assert_eq!(run.exits(0).text().trim(), "", "promtool has nothing to say");
    }
    let broken = builder.replace("tardist_failing 1", "tardist_failing one");
    assert_ne!(promtool(folder.path(), &["check", "metrics"], &broken).code, 0);

    let data = TempDir::new().unwrap();
    fs::write(data.path().join("tardist.prom"), &builder).unwrap();
    let textfiles = TempDir::new().unwrap();
    symlink(data.path().join("tardist.prom"), textfiles.path().join("tardist.prom")).unwrap();
    let metrics = NodeExporter::of(textfiles.path()).metrics();
    assert!(metrics.contains("node_textfile_scrape_error 0"), "{metrics}");
    let own = builder.lines().filter(|line| !line.starts_with('#'));
    for name in own.map(|line| line.split(['{', ' ']).next().unwrap()) {
        assert!(metrics.contains(&format!("\n{name}")), "{name} is not in:\n{metrics}");
    }
}
