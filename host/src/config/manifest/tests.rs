//! What a manifest may say, and what is refused.

use super::*;

const HEAD: &str = "spin_manifest_version = 2\n[application]\nname = \"t\"\n";

fn parse(rest: &str) -> Result<Application, Error> {
    super::parse(Path::new("app/spin.toml"), &format!("{HEAD}{rest}"))
}

fn refusal(rest: &str) -> String {
    parse(rest).unwrap_err().to_string()
}

#[test]
fn paths_are_relative_to_the_manifest() {
    let application = parse(
        r#"
        [variables]
        url = { default = "http://x" }
        token = { required = true, secret = true }
        [[trigger.http]]
        route = "/list/..."
        component = "list"
        executor = { type = "http" }
        [component.list]
        source = "list.wasm"
        description = "d"
        files = [{ source = "../data", destination = "/data" }]
        sqlite_databases = ["snap_shot"]
        allowed_outbound_hosts = []
        key_value_stores = []
        environment = { A = "b" }
        variables = { url = "{{ url }}/" }
        build = { command = "make", watch = ["src"] }
        "#,
    )
    .unwrap();
    assert_eq!(application.variables["url"].as_deref(), Some("http://x"));
    assert_eq!(application.variables["token"], None);
    let expected = Trigger { route: "/list/...".into(), component: "list".into() };
    assert_eq!(application.triggers, [expected]);
    let list = &application.components["list"];
    assert_eq!(list.source, Path::new("app/list.wasm"));
    let data = Mount { source: "app/../data".into(), destination: "/data".into() };
    assert_eq!(list.mounts, [data]);
    assert!(list.databases.contains("snap_shot"));
    assert_eq!(list.environment["A"], "b");
    assert_eq!(list.variables["url"], "{{ url }}/");
}

#[test]
fn what_the_host_cannot_do_is_refused_by_name() {
    for (line, named) in [
        ("key_value_stores = [\"default\"]", "key_value_stores"),
        ("ai_models = [\"llama2-chat\"]", "ai_models"),
        ("allowed_outbound_hosts = [\"https://example.org\"]", "allowed_outbound_hosts"),
        ("allowed_http_hosts = [\"example.org\"]", "allowed_http_hosts"),
        ("exclude_files = [\"x\"]", "exclude_files"),
        ("dependencies = { \"a:b\" = \"1\" }", "dependencies"),
        ("dependencies_inherit_configuration = true", "dependencies_inherit_configuration"),
        ("colour = \"red\"", "colour"),
        ("files = [\"assets/*\"]", "assets/*"),
    ] {
        let message = refusal(&format!("[component.list]\nsource = \"l.wasm\"\n{line}"));
        assert!(message.starts_with("app/spin.toml: component \"list\": "), "{message}");
        assert!(message.contains(named), "{message}");
        assert!(message.contains("not supported by the component host"), "{message}");
    }
}

#[test]
fn triggers_are_refused_by_route() {
    let component = "[component.a]\nsource = \"a.wasm\"\n";
    for (trigger, named) in [
        ("[[trigger.redis]]\nchannel = \"c\"\ncomponent = \"a\"", "[[trigger.redis]]"),
        ("[[trigger.http]]\nroute = \"/a\"\ncomponent = \"b\"", "no [component.b]"),
        ("[[trigger.http]]\nroute = { private = true }\ncomponent = \"a\"", "number 1"),
        ("[[trigger.http]]\nroute = \"/a\"\nstatic_response = {body=\"x\"}", "static_response"),
        (
            "[[trigger.http]]\nroute = \"/a\"\ncomponent = \"a\"\nexecutor = { type = \"wagi\" }",
            "route \"/a\": executor \"wagi\"",
        ),
        ("[[trigger.http]]\nroute = \"/a\"\ncomponent = { source = \"a.wasm\" }", "inline"),
        ("[[trigger.http]]\ncomponent = \"a\"", "route is missing"),
        ("[[trigger.http]]\nroute = \"/a\"", "component is missing"),
    ] {
        let message = refusal(&format!("{trigger}\n{component}"));
        assert!(message.contains(named), "{message}");
    }
}

#[test]
fn wrong_items_say_what_to_write() {
    for (rest, named) in [
        ("[variables]\nx = { required = true, default = \"y\" }", "required = true or a default"),
        ("[variables]\nx = { }", "required = true or a default"),
        ("[component.a_b]\nsource = \"a.wasm\"", "identifier"),
        ("[component.a]\nsource = { url = \"u\", digest = \"d\" }", "not a path"),
        (
            "[component.a]\nsource = \"a\"\nfiles = [{ source = \"d\", destination = \"d\" }]",
            "must begin with /",
        ),
        ("[component.a]\nsource = \"a\"\nsqlite_databases = [\"x y\"]", "kebab-case"),
        ("[application.trigger.http]\nbase = \"/x\"", "trigger"),
        ("[application.extra]\na = 1", "extra"),
        ("[extra]\na = 1", "extra"),
    ] {
        let message = refusal(rest);
        assert!(message.contains(named), "{message}");
    }
    let old = super::parse(
        Path::new("spin.toml"),
        "spin_manifest_version = 1\n[application]\nname = \"t\"",
    );
    assert!(old.unwrap_err().to_string().contains("spin_manifest_version = 2"));
}

#[test]
fn no_toml_is_a_parse_error_with_the_place() {
    let error = parse("[component").unwrap_err();
    assert!(error.to_string().contains("line 4"), "{error}");
}
