//! The images of the Containerfile in a real Podman, with what a container platform gives: a root that is read-only,
//! a user without rights, and one folder to write to.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};

use tardist_tests::{Nginx, Podman, TestEnv, change, within};

/// The most that the image of the builder may take, in bytes, before it is compressed.
const MOST: u64 = 60_000_000;

#[test]
fn the_builder_runs_as_a_one_shot_and_nginx_serves_what_it_made() {
    let env = TestEnv::sample();
    let podman = Podman::default();
    let size = podman.build("builder");
    println!("the image of the builder has {size} bytes");
    if !cfg!(debug_assertions) {
        assert!(size < MOST, "{size}");
    }
    fs::create_dir(env.data()).unwrap();
    chown(env.data(), Some(10_001), Some(10_001)).unwrap();
    let upstream = env.server.url();
    let options = [
        "--env",
        &format!("TARDIST_UPSTREAM={upstream}"),
        "--env",
        "TARDIST_PUBLIC_URL=https://a.example",
    ];
    let sync = |arguments: &[&str]| podman.run("builder", &env.data(), &options, arguments);
    // Without arguments, it runs a cycle.
    sync(&[]).exits(0);
    assert_eq!(env.tips().len(), 32);
    let names: Vec<_> =
        fs::read_dir(env.data()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name == ".bashrc" || name == ".profile"), "{names:?}");
    assert_eq!(fs::metadata(env.snapshot()).unwrap().uid(), 10_001);

    let commit = change(&env, "extensions/SampleGreeting", "new");
    sync(&["sync"]).exits(0);
    assert_eq!(env.tips()["extensions/SampleGreeting master"], commit);
    sync(&["verify"]).exits(0);
    sync(&["sync"]).exits(0).says(&["nothing new"]);

    // The files of the image, as the web server and the functions see them.
    podman.build("application");
    let application = env.folder().join("application");
    podman.copy("application", "/usr/share/tardist", &application);
    for file in ["spin.toml", "runtime-config.toml", "tardist_info.wasm", "tardist_dist.wasm"] {
        assert!(application.join(file).is_file(), "{file}");
    }
    let functions = env.serve_from(&application);
    let nginx = Nginx::shipped(&env.data(), [functions.address(), functions.address()]);
    let site = nginx.site();
    let info = site.get("/info/extensions/SampleGreeting").json();
    assert_eq!(info["branches"]["master"]["commit"], commit);
    let tarball = &info["branches"]["master"]["tarball"];
    let link = tarball["url"].as_str().unwrap().trim_start_matches("https://a.example");
    let bytes = site.get(link).is(200).body.clone();
    assert_eq!(tarball["sha256"], tardist_tests::sha256(&bytes));
    site.get("/health").is(200);
    for path in [
        "/",
        "/list",
        "/search?q=greeting",
        "/r/projects/?b=master",
        "/dist/extensions/",
        "/openapi.json",
    ] {
        site.get(path).is(200);
    }
}

#[test]
fn sigterm_ends_the_container_at_once_and_what_is_wrong_is_said() {
    let env = TestEnv::sample();
    let podman = Podman::default();
    podman.build("builder");
    fs::create_dir(env.data()).unwrap();
    // A data folder of another user.
    let run = podman.run("builder", &env.data(), &[], &["sync"]);
    assert_ne!(run.code, 0);
    run.says(&["Permission denied", "/var/lib/tardist"]);

    chown(env.data(), Some(10_001), Some(10_001)).unwrap();
    // An upstream that takes connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let upstream = format!("TARDIST_UPSTREAM=http://{}/r", silent.local_addr().unwrap());
    let options = ["--name", "waiting", "--env", &upstream];
    let waiting = podman.start("builder", &env.data(), &options, &["sync"]);
    within("the container waits", || podman.runs("waiting") && env.data().join("lock").exists());
    let stopped = podman.stop("waiting", "60");
    stopped.exits(0);
    // 137 is SIGKILL, after the timeout.
    assert_eq!(waiting.wait().code, 143);
}
