//! The Composer step, with the real Composer.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    thread,
};

use tardist_tests::{File, TestEnv, files, json};

use crate::content::{tarball, text};

const LOOK: &str = "extensions/Look";

/// With `composer` from Debian.
#[test]
fn composer_installs_what_a_branch_requires() {
    let env = TestEnv::empty();
    let outside = env.folder().join("outside");
    let manifest = json!({
        "name": "sample/look",
        "require": {"sample/lib": "*", "php": ">=99", "ext-none": "*"},
        "require-dev": {"sample/dev": "*"},
        "repositories": [{"packagist.org": false}, {"type": "path", "url": "packages/*"}],
        "config": {"vendor-dir": outside, "bin-dir": outside},
        "scripts": {"post-install-cmd": "touch script-ran"},
    });
    let library = json!({"name": "sample/lib", "version": "1.0.0", "bin": ["tool"], "autoload": {"classmap": ["."]}});
    let dev = json!({"name": "sample/dev", "version": "1.0.0"});
    let files = [
        ("composer.json", File::text(manifest.to_string())),
        ("packages/lib/composer.json", File::text(library.to_string())),
        ("packages/lib/Lib.php", File::text("<?php\nclass SampleLib {}\n")),
        ("packages/lib/tool", File::executable("#!/usr/bin/env php\n<?php\n")),
        ("packages/dev/composer.json", File::text(dev.to_string())),
    ];
    env.commit(LOOK, "master", &files);
    let program = "/usr/bin/composer";
    assert!(Path::new(program).exists(), "there is no {program}; apt-get install composer");
    env.sync(&["--composer", program]).exits(0);
    let members = tarball(&env, LOOK, "master");
    assert!(text(&members, "vendor/sample/lib/Lib.php").contains("SampleLib"));
    assert!(text(&members, "vendor/composer/autoload_classmap.php").contains("SampleLib"));
    assert_eq!(members["vendor/bin/tool"].mode, 0o755);
    assert!(text(&members, "composer.lock").contains("sample/lib"));
    for path in ["script-ran", "vendor/sample/dev/", "vendor/sample/dev/composer.json"] {
        assert!(!members.contains_key(path), "{path}");
    }
    assert!(!outside.exists());
    let first = files_of(&env);
    fs::remove_dir_all(env.data()).unwrap();
    env.sync(&["--composer", program]).exits(0);
    assert!(files_of(&env) == first, "the tarballs have other bytes the second time");
}

/// The URL of a list of packages that is this one.
fn list_of_packages(list: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            // One read takes the head of so small a request.
            let _ = stream.read(&mut [0; 8192]);
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                list.len()
            );
            let _ = stream.write_all((head + &list).as_bytes());
        }
    });
    url
}

#[test]
fn git_fetches_packages_by_http_alone() {
    let env = TestEnv::empty();
    let package = json!({
        "name": "sample/lib", "version": "1.0.0",
        "source": {"type": "git", "url": "ssh://127.0.0.1:1/lib", "reference": "master"},
    });
    let url = list_of_packages(json!({"packages": {"sample/lib": {"1.0.0": package}}}).to_string());
    let manifest = json!({
        "require": {"sample/lib": "*"},
        "repositories": [{"packagist.org": false}, {"type": "composer", "url": url}],
        "config": {"secure-http": false},
    });
    env.commit(LOOK, "master", &[("composer.json", File::text(manifest.to_string()))]);
    let run = env.sync(&["--composer", "/usr/bin/composer"]);
    run.says(&["composer failed", "transport 'ssh' not allowed"]);
    assert!(!tarball(&env, LOOK, "master").keys().any(|path| path.starts_with("vendor")));
}

fn files_of(env: &TestEnv) -> tardist_tests::Files {
    files(&env.data().join("dist"))
}
