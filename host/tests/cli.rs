//! The command line of the component host: what it refuses, with which exit status and message, and
//! how it starts and ends.

#![expect(clippy::unwrap_used, reason = "for the helpers of tests, too")]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// The shortest WebAssembly component, without imports and exports.
const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

fn host(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_component-host"))
        .args(["--listen", "127.0.0.1:0"])
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap()
}

/// A folder with a manifest of one component, which also has these `lines`.
fn application(lines: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let manifest = format!(
        "spin_manifest_version = 2\n[application]\nname = \"t\"\n\
         [[trigger.http]]\nroute = \"/...\"\ncomponent = \"list\"\n\
         [component.list]\nsource = \"list.wasm\"\n{lines}\n"
    );
    fs::write(folder.path().join("spin.toml"), manifest).unwrap();
    folder
}

#[track_caller]
fn assert_refused(output: &Output, status: i32, words: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{stderr}");
    assert!(output.stdout.is_empty(), "it must not announce an address");
    for word in words {
        assert!(stderr.contains(word), "{word:?} in: {stderr}");
    }
}

#[test]
fn help_names_every_flag() {
    let output = host(Path::new("."), &["--help"]);
    assert!(output.status.success());
    let stdout = String::from_utf8(output.stdout).unwrap();
    for flag in ["--manifest", "--runtime-config-file", "--listen", "--variable", "--compiled"] {
        assert!(stdout.contains(flag), "{flag}");
    }
}

#[test]
fn wrong_flags_are_refused() {
    let folder = application("");
    assert_refused(&host(folder.path(), &["--variable", "a"]), 2, &["NAME=VALUE"]);
    assert_refused(&host(folder.path(), &["--colour"]), 2, &["--colour"]);
}

#[test]
fn a_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    assert_refused(&host(folder.path(), &[]), 2, &["spin.toml", "--manifest"]);
    let folder = application("");
    assert_refused(&host(folder.path(), &[]), 2, &["list.wasm", "build the component"]);
    let none = ["--runtime-config-file", "none.toml"];
    assert_refused(&host(folder.path(), &none), 2, &["none.toml", "--runtime-config-file"]);
}

#[test]
fn an_unusable_item_of_the_manifest_is_named() {
    let folder = application("key_value_stores = [\"default\"]");
    assert_refused(&host(folder.path(), &[]), 2, &["component \"list\"", "key_value_stores"]);
    let folder = application("sqlite_databases = [\"snapshot\"]");
    assert_refused(&host(folder.path(), &[]), 2, &["[sqlite_database.snapshot]"]);
    let folder = application("files = [{ source = \"data\", destination = \"/data\" }]");
    assert_refused(&host(folder.path(), &[]), 2, &["component \"list\"", "data", "directory"]);
    let folder = application("variables = { a = \"{{ b }}\" }");
    assert_refused(&host(folder.path(), &[]), 2, &["component \"list\"", "\"a\"", "\"b\""]);
    let folder = application("[variables]\ntoken = { required = true }");
    assert_refused(&host(folder.path(), &[]), 2, &["\"token\"", "SPIN_VARIABLE_TOKEN"]);
}

#[test]
fn a_file_that_is_not_an_http_component_is_refused() {
    let folder = application("");
    let wasm = folder.path().join("list.wasm");
    fs::write(&wasm, EMPTY_COMPONENT).unwrap();
    assert_refused(&host(folder.path(), &[]), 2, &["component \"list\"", "wasi:http/handler@0.3"]);
    fs::write(&wasm, b"\0asm\x01\0\0\0").unwrap();
    assert_refused(
        &host(folder.path(), &[]),
        2,
        &["component \"list\"", "no WebAssembly component"],
    );
}

/// A folder with a manifest without routes and components.
fn bare_application() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let manifest = "spin_manifest_version = 2\n[application]\nname = \"t\"\n";
    fs::write(folder.path().join("spin.toml"), manifest).unwrap();
    folder
}

#[test]
fn a_port_that_is_taken_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let folder = bare_application();
    let output = Command::new(env!("CARGO_BIN_EXE_component-host"))
        .args(["--listen", &address])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_refused(&output, 1, &[&address, "--listen"]);
}

#[test]
fn it_prints_its_address_and_a_signal_ends_it() {
    for signal in ["-INT", "-TERM"] {
        let folder = bare_application();
        let mut host = Command::new(env!("CARGO_BIN_EXE_component-host"))
            .args(["--listen", "127.0.0.1:0"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(host.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("Serving http://").unwrap();
        for (path, status, body) in
            [("/.well-known/spin/health", "200 OK", "OK"), ("/other", "404 Not Found", "")]
        {
            let mut stream = TcpStream::connect(address).unwrap();
            write!(stream, "GET {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
            assert!(answer.ends_with(&format!("\r\n\r\n{body}")), "{answer}");
        }
        let killed = Command::new("kill").args([signal, &host.id().to_string()]).status().unwrap();
        assert!(killed.success());
        assert_eq!(host.wait().unwrap().code(), Some(0));
    }
}
