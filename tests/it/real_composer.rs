//! The Composer step, with the real Composer.

use std::{fs, path::Path};

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

fn files_of(env: &TestEnv) -> tardist_tests::Files {
    files(&env.data().join("dist"))
}
