//! The server as its clients see it: `git`, a small HTTP client, and users of the command line.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use sample_upstream::{Error, Fault, File, RequestKind, Server, State, Time, Upstream, sample};
use tempfile::TempDir;

/// A folder with the sample content, served.
struct Sample {
    folder: TempDir,
    upstream: Upstream,
    server: Server,
}

impl Sample {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let upstream = sample::create(folder.path()).expect("the sample");
        let server = serve(folder.path());
        Self { folder, upstream, server }
    }

    fn get(&self, target: &str) -> Reply {
        get(&format!("{}{target}", self.server.url()))
    }

    /// The URL of an extension's repository.
    fn extension(&self, name: &str) -> String {
        format!("{}/mediawiki/extensions/{name}", self.server.url())
    }

    /// The kinds of the requests since the last call.
    fn kinds(&self) -> Vec<RequestKind> {
        let kinds = self.server.requests().iter().map(|request| request.kind).collect();
        self.server.clear_requests();
        kinds
    }
}

fn serve(root: &Path) -> Server {
    Server::start(root, ([127, 0, 0, 1], 0).into()).expect("a server")
}

#[derive(Debug)]
struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Reply {
    fn json(&self) -> serde_json::Value {
        let document = self.body.strip_prefix(")]}'\n").expect("the guard line");
        serde_json::from_str(document).expect("JSON")
    }

    /// The names in a project list, and the names that have `_more_projects`.
    fn projects(&self) -> (Vec<String>, Vec<String>) {
        let json = self.json();
        let list = json.as_object().expect("a map");
        let flagged = list.iter().filter(|(_, info)| info["_more_projects"] == true);
        (list.keys().cloned().collect(), flagged.map(|(name, _)| name.clone()).collect())
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

fn try_get(url: &str) -> Result<Reply, ureq::Error> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent("tests/1.0")
        .build()
        .into();
    let mut response = agent.get(url).header("Accept", "application/json").call()?;
    let text = |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into();
    Ok(Reply {
        status: response.status().as_u16(),
        headers: response.headers().iter().map(|(k, v)| (k.to_string(), text(v))).collect(),
        body: response.body_mut().read_to_string()?,
    })
}

fn get(url: &str) -> Reply {
    try_get(url).expect("an answer")
}

/// Runs Git without the configuration of this machine.
fn git(folder: &Path, arguments: &[&str]) -> Output {
    Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .output()
        .expect("git")
}

/// The output of Git. Fails the test if Git fails.
fn git_says(folder: &Path, arguments: &[&str]) -> String {
    let output = git(folder, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

#[test]
fn git_lists_clones_and_fetches() {
    let sample = Sample::new();
    let work = tempfile::tempdir().expect("a folder");
    let url = sample.extension("SampleGreeting");
    let refs = git_says(work.path(), &["ls-remote", "--heads", &url]);
    let names: Vec<_> = refs.lines().filter_map(|line| line.split('\t').nth(1)).collect();
    let expected = ["REL1_43", "REL1_44", "REL1_45", "REL1_46", "master"];
    assert_eq!(names, expected.map(|name| format!("refs/heads/{name}")));
    assert_eq!(sample.kinds(), [RequestKind::GitInfoRefs, RequestKind::GitUploadPack]);

    git_says(work.path(), &["clone", "--quiet", &format!("{url}.git"), "full"]);
    let full = work.path().join("full");
    git_says(&full, &["fsck", "--strict"]);
    assert!(full.join("i18n/zh-hant.json").is_file());
    let requests = sample.server.requests();
    let pack = requests.last().expect("a request");
    assert_eq!((pack.kind, pack.status), (RequestKind::GitUploadPack, Some(200)));
    assert!(pack.bytes > 1_000 && pack.user_agent.as_deref().unwrap_or("").starts_with("git/"));

    let shallow = ["clone", "--quiet", "--depth=1", "--branch=REL1_44", &url, "shallow"];
    git_says(work.path(), &shallow);
    let shallow = work.path().join("shallow");
    assert_eq!(git_says(&shallow, &["rev-list", "--count", "HEAD"]), "1");
    let manifest = fs::read_to_string(shallow.join("extension.json")).expect("a manifest");
    assert!(manifest.contains("\"version\": \"1.1.0\""));

    let greeting = sample.upstream.repository("mediawiki/extensions/SampleGreeting");
    let files = [("new", File::text("new"))];
    let greeting = greeting.expect("a repository");
    let tip = greeting.commit("master", &files, "New", Time::default()).expect("a commit");
    git_says(&full, &["fetch", "--quiet"]);
    assert_eq!(git_says(&full, &["rev-parse", "origin/master"]), tip.to_string());
}

#[test]
fn a_submodule_is_fetched_by_its_commit() {
    let sample = Sample::new();
    let work = tempfile::tempdir().expect("a folder");
    let url = sample.extension("SampleChart");
    git_says(work.path(), &["clone", "--quiet", "--recurse-submodules", &url, "chart"]);
    let plot = fs::read_to_string(work.path().join("chart/lib/plot/plot.js")).expect("a file");
    assert!(plot.contains("Plot 1.0"), "not the tip's: {plot}");

    let line = git_says(&work.path().join("chart"), &["ls-tree", "HEAD", "lib/plot"]);
    let pinned = line.split_whitespace().nth(2).expect("an id");
    let library = format!("{}/sample/Library", sample.server.url());
    assert!(!git_says(work.path(), &["ls-remote", &library]).contains(pinned));
    for version in ["protocol.version=0", "protocol.version=2"] {
        let folder = work.path().join(version);
        git_says(work.path(), &["init", "--quiet", "--bare", version]);
        git_says(&folder, &["-c", version, "fetch", "--quiet", "--depth=1", &library, pinned]);
        assert_eq!(git_says(&folder, &["rev-parse", "FETCH_HEAD"]), pinned);
    }
    let old = ["ls-tree", "origin/REL1_43", "lib/plot", ".gitmodules"];
    assert_eq!(git_says(&work.path().join("chart"), &old), "");
}

#[test]
fn links_and_file_modes_are_cloned() {
    let sample = Sample::new();
    let work = tempfile::tempdir().expect("a folder");
    let url = sample.extension("SampleLinks");
    git_says(work.path(), &["clone", "--quiet", "--bare", &url, "links"]);
    let tree = git_says(&work.path().join("links"), &["ls-tree", "-r", "master"]);
    let modes: Vec<_> =
        tree.lines().map(|line| format!("{} {}", &line[..6], &line[53..])).collect();
    for line in ["120000 README.md", "120000 resources/next", "100755 bin/check.sh"] {
        assert!(modes.contains(&line.to_owned()), "{line} in {modes:?}");
    }
}

#[test]
fn long_requests_may_be_gzipped_or_chunked() {
    let folder = tempfile::tempdir().expect("a folder");
    let repository = Upstream::new(folder.path()).repository("x/Many").expect("a repository");
    // A fetch of so many commits has a request of more than 64 KiB, the smallest `http.postBuffer`.
    let begin = |number| {
        let branch = format!("b{number:04}");
        repository.commit(&branch, &[], "Begin", Time::utc(number)).expect("a commit")
    };
    let tips: Vec<_> = (0..1500).map(begin).collect();
    let server = serve(folder.path());
    let url = format!("{}/x/Many", server.url());
    for (buffer, sent) in [("1m", "Content-Encoding: gzip"), ("64k", "Transfer-Encoding: chunked")]
    {
        let clone = folder.path().join(buffer);
        git_says(folder.path(), &["init", "--quiet", "--bare", buffer]);
        let setting = format!("http.postBuffer={buffer}");
        let output = Command::new("git")
            .args(["-c", &setting, "fetch", "--quiet", &url, "refs/heads/*:refs/heads/*"])
            .current_dir(&clone)
            .env("GIT_TRACE_CURL", "1")
            .env("GIT_TRACE_CURL_NO_DATA", "1")
            .output()
            .expect("git");
        let trace = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && trace.contains(sent), "{trace}");
        assert_eq!(git_says(&clone, &["rev-parse", "b1499"]), tips[1499].to_string());
    }
}

#[test]
fn pushing_and_dumb_http_are_refused() {
    let sample = Sample::new();
    let work = tempfile::tempdir().expect("a folder");
    let url = sample.extension("SampleNotes");
    git_says(work.path(), &["clone", "--quiet", &url, "notes"]);
    let push = git(&work.path().join("notes"), &["push", "origin", "HEAD:refs/heads/new"]);
    assert!(!push.status.success());
    for path in ["info/refs", "HEAD", "git-receive-pack", "objects/info/packs"] {
        assert_eq!(get(&format!("{url}/{path}")).status, 403, "{path}");
    }
    assert_eq!(get(&format!("{url}/git-upload-pack")).status, 405);
    let nowhere = format!("{}/info/refs?service=git-upload-pack", sample.extension("Nowhere"));
    assert_eq!(get(&nowhere).status, 404);
    assert_eq!(get(&nowhere.replace("Nowhere", "..%2f..%2fetc")).status, 404);
}

#[test]
fn the_project_list_is_like_that_of_gerrit() {
    let sample = Sample::new();
    let reply = sample.get("/projects/?b=refs/heads/master&b=refs/heads/REL1_43&p=mediawiki/");
    assert_eq!(reply.header("content-type"), Some("application/json; charset=UTF-8"));
    let json = reply.json();
    let greeting = &json["mediawiki/extensions/SampleGreeting"];
    assert_eq!(greeting["id"], "mediawiki%2Fextensions%2FSampleGreeting");
    assert_eq!(greeting["state"], "ACTIVE");
    let tip = sample.upstream.repository("mediawiki/extensions/SampleGreeting");
    let tip = tip.and_then(|it| it.tip("REL1_43")).expect("a repository").expect("a branch");
    assert_eq!(greeting["branches"]["refs/heads/REL1_43"], tip.to_string());
    let calendar = &json["mediawiki/extensions/SampleCalendar"]["branches"];
    assert!(calendar["refs/heads/master"].is_string() && calendar.as_object().is_some());
    assert!(calendar["refs/heads/REL1_43"].is_null(), "it has no such branch");
    assert_eq!(json["mediawiki/extensions/SampleRetired"]["state"], "READ_ONLY");
    assert!(json["mediawiki/extensions/SampleGreeting/vendor"].is_object());

    let seen = sample.server.requests();
    assert_eq!(seen[0].kind, RequestKind::ProjectList);
    assert_eq!(seen[0].user_agent.as_deref(), Some("tests/1.0"));
    assert!(seen[0].target.starts_with("/r/projects/?b=refs/heads/master"));
    assert!((seen[0].bytes as usize) < reply.body.len(), "it was compressed");
    assert_eq!(sample.get("/projects/?n=many").status, 400);
}

#[test]
fn pages_of_projects_have_the_traps_of_gerrit() {
    let sample = Sample::new();
    let (all, flagged) = sample.get("/projects/").projects();
    assert_eq!((all.len(), flagged.len()), (11, 0));
    let (page, flagged) = sample.get("/projects/?n=3").projects();
    assert_eq!((page.as_slice(), &flagged[0]), (&all[..3], &all[2]));
    let (page, _) = sample.get("/projects/?n=3&S=3").projects();
    assert_eq!(page, all[3..6]);
    // SampleCalendar comes first and is counted. It lacks the branch, so it is not listed, and
    // neither is the flag, which is on it.
    let (page, flagged) = sample.get("/projects/?n=1&b=REL1_43").projects();
    assert_eq!((page.len(), flagged.len()), (0, 0));

    sample.server.set_page_limit(Some(4));
    let (page, flagged) = sample.get("/projects/").projects();
    assert_eq!((page.as_slice(), &flagged[0]), (&all[..4], &all[3]));
    sample.server.set_page_limit(None);
    assert_eq!(sample.get("/projects/").projects().0, all);
}

#[test]
fn one_project_and_its_branches() {
    let sample = Sample::new();
    let name = "mediawiki%2Fextensions%2FSampleCalendar";
    assert_eq!(sample.get(&format!("/projects/{name}")).json()["name"], name.replace("%2F", "/"));
    for slash in ["", "/"] {
        let json = sample.get(&format!("/projects/{name}/branches{slash}")).json();
        let refs: Vec<_> =
            json.as_array().expect("a list").iter().filter_map(|it| it["ref"].as_str()).collect();
        let heads = ["REL1_44", "REL1_45", "REL1_46", "master"];
        assert_eq!(refs[0], "HEAD");
        assert_eq!(refs[1..], heads.map(|name| format!("refs/heads/{name}")));
        assert_eq!(json[0]["revision"], "master");
        assert_eq!(json[4]["revision"].as_str().map(str::len), Some(40));
    }
    let kinds = [RequestKind::Other, RequestKind::Branches, RequestKind::Branches];
    assert_eq!(sample.kinds(), kinds);

    let calendar = sample.upstream.repository(&name.replace("%2F", "/")).expect("a repository");
    calendar.set_state(State::Hidden).expect("a state");
    assert_eq!(sample.get(&format!("/projects/{name}/branches")).status, 404);
    assert_eq!(sample.get(&format!("/projects/{name}")).status, 404);
    let clone = git(sample.folder.path(), &["ls-remote", &sample.extension("SampleCalendar")]);
    assert!(!clone.status.success());
}

#[test]
fn a_repository_that_cannot_be_read_is_a_500() {
    let sample = Sample::new();
    let broken = sample.folder.path().join("mediawiki/skins/SampleDusk.git/gerrit-state");
    fs::write(broken, "GONE").expect("a file");
    let reply = sample.get("/projects/?p=mediawiki/skins/");
    assert_eq!(reply.status, 500);
    assert!(reply.body.contains("GONE"), "{}", reply.body);
    assert_eq!(sample.get("/projects/?p=mediawiki/extensions/").status, 200);
}

#[test]
fn each_fault_changes_a_rest_answer_in_its_way() {
    let sample = Sample::new();
    let list = "/projects/?b=master";
    let once = |fault| {
        sample.server.fault("/projects/", fault, Some(1));
        sample.get(list)
    };
    let reply = once(Fault::busy(503, "7"));
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("7")));
    let reply = once(Fault::status(429));
    assert_eq!((reply.status, reply.header("retry-after")), (429, None));
    let reply = once(Fault::Html);
    assert_eq!(reply.status, 200);
    assert!(reply.header("content-type").is_some_and(|it| it.starts_with("text/html")));
    assert!(reply.body.starts_with("<!DOCTYPE html>"));
    let reply = once(Fault::Empty);
    assert_eq!((reply.status, reply.body.as_str()), (200, ""));
    let whole = sample.get(list).body;
    let reply = once(Fault::Truncated);
    assert_eq!((reply.status, reply.body.as_str()), (200, &whole[..whole.len() / 2]));
    let reply = once(Fault::busy(429, "99999999999"));
    assert_eq!((reply.status, reply.header("retry-after")), (429, Some("99999999999")));
    let reply = once(Fault::EmptyList);
    assert_eq!((reply.status, reply.body.as_str()), (200, ")]}'\n{}\n"));
    let reply = once(Fault::Corrupt);
    let different = reply.body.bytes().zip(whole.bytes()).filter(|(one, other)| one != other);
    assert_eq!((reply.body.len(), different.count()), (whole.len(), 1));
    let reply = once(Fault::Redirect("https://login.example.org/".to_owned()));
    assert_eq!((reply.status, reply.header("location")), (302, Some("https://login.example.org/")));
    let begin = Instant::now();
    let reply = once(Fault::Stall(Duration::from_millis(150)));
    assert_eq!(reply.body, whole);
    assert!(begin.elapsed() >= Duration::from_millis(150));
    sample.server.fault("/projects/", Fault::Hold, Some(1));
    sample.server.clear_requests();
    let url = format!("{}{list}", sample.server.url());
    let held = std::thread::spawn(move || get(&url).body);
    while sample.server.requests().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(!held.is_finished());
    sample.server.clear_faults();
    assert_eq!(held.join().expect("a client"), whole);

    sample.server.clear_requests();
    sample.server.fault("/projects/", Fault::Cut, Some(1));
    assert!(try_get(&format!("{}{list}", sample.server.url())).is_err());
    sample.server.clear_requests();
    sample.server.fault("/projects/", Fault::Hangup, None);
    assert!(try_get(&format!("{}{list}", sample.server.url())).is_err());
    assert!(sample.server.requests().iter().all(|request| request.status.is_none()));
    sample.server.clear_faults();
    assert_eq!(sample.get(list).body, whole);
}

#[test]
fn faults_make_git_fail_and_a_late_answer_is_still_used() {
    let sample = Sample::new();
    let work = tempfile::tempdir().expect("a folder");
    let url = sample.extension("SampleNotes");
    let list = || git(work.path(), &["ls-remote", &url]);
    let faults = [
        Fault::busy(503, "1"),
        Fault::Html,
        Fault::Truncated,
        Fault::Empty,
        Fault::Hangup,
        Fault::Redirect("http://127.0.0.1:9/".to_owned()),
    ];
    for fault in faults {
        for service in ["SampleNotes/info/refs", "SampleNotes/git-upload-pack"] {
            sample.server.fault(service, fault.clone(), None);
            let output = list();
            let refs = String::from_utf8_lossy(&output.stdout);
            assert!(!output.status.success() || refs.is_empty(), "{service} {fault:?}: {refs}");
            sample.server.clear_faults();
        }
    }
    sample.server.fault("SampleNotes", Fault::Stall(Duration::from_millis(50)), Some(2));
    assert!(list().status.success());
    assert!(git(work.path(), &["ls-remote", &sample.extension("SampleOld")]).status.success());
}

#[test]
fn a_pack_that_is_cut_or_corrupt_is_no_clone() {
    let sample = Sample::new();
    let work = tempfile::tempdir().expect("a folder");
    let url = sample.extension("SampleNotes");
    for fault in [Fault::Truncated, Fault::Cut, Fault::Corrupt] {
        // The first answer has the refs.
        sample.server.fault("SampleNotes/git-upload-pack", Fault::Stall(Duration::ZERO), Some(1));
        sample.server.fault("SampleNotes/git-upload-pack", fault.clone(), None);
        let clone = git(work.path(), &["clone", "--quiet", &url, "clone"]);
        assert!(!clone.status.success(), "{fault:?}");
        sample.server.clear_faults();
    }
    git_says(work.path(), &["clone", "--quiet", &url, "clone"]);
}

#[test]
fn a_closed_port_refuses_connections_until_it_is_opened_again() {
    let sample = Sample::new();
    let url = format!("{}/projects/", sample.server.url());
    for _ in 0..3 {
        sample.server.close_port();
        let refused = try_get(&url).expect_err("no connection");
        assert!(refused.to_string().contains("refused"), "{refused}");
        sample.server.open_port();
        assert!(try_get(&url).is_ok());
    }
}

#[test]
fn a_project_can_be_renamed_and_its_branches_led_astray() {
    let sample = Sample::new();
    let (from, to) = ("mediawiki/skins/SamplePaper", "mediawiki/skins/SampleInk");
    sample.upstream.rename(from, to).expect("renamed");
    let list = sample.get("/projects/?p=mediawiki/skins/").body;
    assert!(list.contains(to) && !list.contains(from), "{list}");
    let ink = sample.upstream.repository(to).expect("a repository");
    let tip = ink.tip("master").expect("a tip").expect("a commit");
    let tag = ink.tag_object("t", tip).expect("a tag");
    ink.misdirect("master", tag).expect("a branch");
    assert_eq!(ink.tip("master").expect("a tip"), Some(tag));
    ink.remove_object(tag).expect("removed");
    assert!(ink.remove_object(tag).is_err());
}

#[test]
fn git_follows_a_redirect_to_a_repository() {
    let sample = Sample::new();
    let work = tempfile::tempdir().expect("a folder");
    let target = format!("{}/info/refs?service=git-upload-pack", sample.extension("SampleNotes"));
    sample.server.fault("/Moved/", Fault::Redirect(target), Some(1));
    let moved = sample.extension("Moved");
    git_says(work.path(), &["clone", "--quiet", &moved, "moved"]);
    assert!(work.path().join("moved/COPYING").is_file());
}

#[test]
fn head_requests_have_no_body_and_other_methods_are_refused() {
    let sample = Sample::new();
    let ask = |method: &str| {
        let address = sample.server.url();
        let address = address.trim_start_matches("http://").trim_end_matches("/r");
        let mut stream = TcpStream::connect(address).expect("a connection");
        let request =
            format!("{method} /r/projects/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    };
    let head = ask("HEAD");
    assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"), "{head}");
    let delete = ask("DELETE");
    assert!(delete.starts_with("HTTP/1.1 405 ") && delete.contains("allow: GET, HEAD\r\n"));
}

#[test]
fn a_server_ends_when_it_is_dropped() {
    let Sample { folder, server, .. } = Sample::new();
    let url = format!("{}/projects/", server.url());
    let address = url.trim_start_matches("http://").split('/').next().expect("an address");
    let address = address.parse().expect("an address");
    assert!(matches!(Server::start(folder.path(), address), Err(Error::Listen { .. })));
    let open = Server::start(folder.path(), ([0, 0, 0, 0], 0).into());
    assert!(matches!(open, Err(Error::NotLoopback { .. })));
    server.fault("/projects/", Fault::Stall(Duration::from_secs(600)), None);
    let waiting = std::thread::spawn({
        let url = url.clone();
        move || try_get(&url).is_err()
    });
    while server.requests().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(server);
    assert!(waiting.join().expect("a client"), "its connection is closed");
    assert!(try_get(&url).is_err());
}

/// Runs the binary with these arguments. Returns its exit status and its standard error.
fn run(arguments: &[&str], path: Option<&str>) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sample-upstream"));
    command.args(arguments);
    if let Some(path) = path {
        command.env("PATH", path);
    }
    let output = command.output().expect("the binary");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_binary_serves_until_a_signal_ends_it() {
    for signal in ["-INT", "-TERM"] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = Command::new(env!("CARGO_BIN_EXE_sample-upstream"))
            .arg("--root")
            .arg(folder.path().join("new"))
            .args(["--page-limit", "5"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let url = line.trim_end().strip_prefix("Serving ").expect("the line");
        assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/r"), "{url}");
        assert_eq!(get(&format!("{url}/projects/")).projects().0.len(), 5);
        let id = child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().expect("kill").success());
        assert_eq!(child.wait().expect("an end").code(), Some(0));
    }
}

#[test]
fn the_binary_names_what_is_wrong() {
    let (code, errors) = run(&[], None);
    assert!(code == Some(2) && errors.contains("--root"), "{errors}");
    let (code, errors) = run(&["--root", "x", "--listen", "0.0.0.0:80"], None);
    assert!(code == Some(2) && errors.contains("only 127.0.0.1"), "{errors}");
    let (code, errors) = run(&["--root", "/dev/null/x"], None);
    assert!(code == Some(1) && errors.contains("/dev/null/x"), "{errors}");
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().to_str().expect("a path");
    let (code, errors) = run(&["--root", root], Some("/nowhere"));
    assert!(code == Some(1) && errors.contains("git is not installed"), "{errors}");
}
