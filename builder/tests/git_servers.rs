//! Whole cycles against real Git over HTTP: hosts that are down, redirects, and repositories that are not as
//! others are.
#![allow(
    clippy::unwrap_used,
    reason = "test code: what goes wrong here fails a test, and says where"
)]

#[path = "support/git_server.rs"]
mod git_server;

use std::{
    collections::BTreeSet, fs, path::Path, process::Command, sync::Mutex, thread, time::Duration,
};

use git_server::{GitServer, commit, git};
use tempfile::TempDir;

/// A data directory, and the list of its upstream.
struct Builder {
    folder: TempDir,
}

impl Builder {
    /// With a list of these repositories and their URLs.
    fn new(list: &[(String, String)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lines: String = list.iter().map(|(id, url)| format!("{id} {url}\n")).collect();
        fs::write(folder.path().join("list"), lines).unwrap();
        Self { folder }
    }

    /// Runs a cycle with these flags, and returns everything that it says.
    #[track_caller]
    fn sync(&self, flags: &[&str], code: i32) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_tardist"))
            .args(["sync", "--data", "data", "--upstream", "list=list"])
            .args(flags)
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap_or_default())
            // Where a test does not say how often, a failed request is not tried again.
            .env("TARDIST_RETRIES", "0")
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{text}");
        text
    }

    /// The names of all tarballs.
    fn tarballs(&self) -> Vec<String> {
        let dist = self.folder.path().join("data/dist/extensions");
        let Ok(entries) = fs::read_dir(dist) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.ends_with(".tar.gz")).collect();
        names.sort();
        names
    }

    /// The text of a report's failure of this repository, or none.
    fn failure(&self, id: &str) -> Option<String> {
        let report = fs::read_to_string(self.folder.path().join("data/report.json")).unwrap();
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        let failures = report["failures"].as_array().unwrap();
        let found = failures.iter().find(|it| it["repository"] == id)?;
        Some(found["text"].as_str().unwrap().to_owned())
    }
}

fn entry(server: &GitServer, name: &str) -> (String, String) {
    (format!("extensions/{}", name.trim_end_matches(".git")), format!("{}/{name}", server.url))
}

/// A redirect of everything below `/NAME/` to `to`, where `SELF` stands for the path behind it.
fn redirect(request: &str, status: u16, name: &str, to: &str) -> Option<String> {
    let rest = request.split(' ').nth(1)?.strip_prefix(&format!("/{name}/"))?;
    Some(format!("{status} X\r\nLocation: {to}/{rest}\r\n"))
}

const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

#[test]
fn a_repository_is_fetched_from_where_its_server_redirects_to() {
    let server = GitServer::start(Box::new(|request| {
        STATUSES.into_iter().find_map(|status| {
            let name = format!("A{status}");
            redirect(request, status, &name, &format!("/{name}.git"))
        })
    }));
    let names = STATUSES.map(|status| format!("A{status}"));
    names.iter().for_each(|name| drop(server.repository(&format!("{name}.git"))));
    let builder = Builder::new(&names.clone().map(|name| entry(&server, &name)));
    builder.sync(&["--branch", "master"], 0);
    assert_eq!(builder.tarballs().len(), names.len());
    let before = server.requests().len();
    builder.sync(&["--branch", "master"], 0);
    let requests = server.requests().split_off(before);
    let of_one: Vec<&String> = requests.iter().filter(|it| it.contains("/A301")).collect();
    let found = "/A301.git";
    let expected = [
        "POST /A301/git-upload-pack".to_owned(),
        "GET /A301/info/refs?service=git-upload-pack".to_owned(),
        format!("GET {found}/info/refs?service=git-upload-pack"),
        format!("POST {found}/git-upload-pack"),
    ];
    assert_eq!(of_one, expected.iter().collect::<Vec<_>>(), "as Git asks");
}

#[test]
fn a_clone_url_without_git_works_on_a_gitlab() {
    // It redirects the first request of Git, and has no route for any other.
    let server = GitServer::start(Box::new(|request| {
        let redirect = redirect(request, 301, "A", "/A.git")?;
        Some(if request.starts_with("GET") { redirect } else { "404 X\r\n".to_owned() })
    }));
    server.repository("A.git");
    let builder = Builder::new(&[entry(&server, "A")]);
    builder.sync(&["--branch", "master"], 0);
    assert_eq!(builder.tarballs().len(), 1);
}

#[test]
fn a_submodule_is_fetched_from_where_its_server_redirects_to() {
    let server = GitServer::start(Box::new(|request| redirect(request, 301, "lib", "/lib.git")));
    let library = server.repository("lib.git");
    let gitlink = git(&library, &["rev-parse", "master"], "");
    let path = server.repository("Sub.git");
    with_submodule(&path, &gitlink, &format!("{}/lib", server.url));
    let builder = Builder::new(&[entry(&server, "Sub.git")]);
    builder.sync(&["--branch", "master"], 0);
    let tarball = builder.folder.path().join("data/dist/extensions").join(&builder.tarballs()[0]);
    let listed = Command::new("tar").arg("tf").arg(tarball).output().unwrap().stdout;
    let listed = String::from_utf8(listed).unwrap();
    assert!(listed.contains("Sub/lib/extension.json"), "{listed}");
}

#[test]
fn a_redirect_that_leads_elsewhere_or_never_ends_is_a_failure_of_its_repository() {
    let other = GitServer::start(Box::new(|_| None));
    other.repository("Away.git");
    let away = format!("{}/Away.git", other.url);
    let server = GitServer::start(Box::new(move |request| {
        redirect(request, 302, "Away.git", &away)
            .or_else(|| redirect(request, 302, "Loop.git", "/Loop.git"))
    }));
    server.repository("Good.git");
    let list = ["Away.git", "Good.git", "Loop.git"].map(|name| entry(&server, name));
    let builder = Builder::new(&list);
    builder.sync(&["--branch", "master"], 3);
    assert_eq!(builder.tarballs().len(), 1);
    let text = builder.failure("extensions/Away").unwrap();
    let says = format!(
        "redirects to {}/Away.git/info/refs?service=git-upload-pack, which is not followed: it is not on a \
         configured upstream host",
        other.url
    );
    assert!(text.contains(&says), "{text}");
    assert_eq!(other.requests(), [""; 0]);
    let text = builder.failure("extensions/Loop").unwrap();
    assert!(text.contains("too many redirects"), "{text}");
    let loops = server.requests().iter().filter(|it| it.contains("GET /Loop.git")).count();
    assert_eq!(loops, 6, "the first, and five redirects");
}

/// True for the request of a fetch, and false for the one before it, of the tips.
fn is_fetch(seen: &Mutex<BTreeSet<String>>, request: &str) -> bool {
    !seen.lock().unwrap().insert(request.to_owned())
}

#[test]
fn workers_tell_each_other_of_a_host_that_is_down() {
    // The tips are answered, and each fetch fails.
    let seen = Mutex::default();
    let server = GitServer::start(Box::new(move |request| {
        is_fetch(&seen, request).then(|| "500 X\r\n".to_owned())
    }));
    let names: Vec<String> = (10..70).map(|number| format!("N{number}.git")).collect();
    names.iter().for_each(|name| drop(server.repository(name)));
    let list: Vec<_> = names.iter().map(|name| entry(&server, name)).collect();
    let builder = Builder::new(&list);
    builder.sync(&["--branch", "master", "--jobs", "3"], 1);
    let fetches = server.requests().len() - names.len();
    assert!((20..=20 + 3).contains(&fetches), "{fetches} were tried");
    let says = format!("was not asked: 20 requests to {} failed in a row", server.url);
    let is_told = |name: &&String| {
        let id = format!("extensions/{}", name.trim_end_matches(".git"));
        let text = builder.failure(&id).unwrap();
        text.contains(&says) && text.contains("the next cycle tries again")
    };
    assert_eq!(names.iter().filter(is_told).count(), names.len() - fetches);
}

#[test]
fn a_host_that_asks_for_a_long_pause_is_asked_twice_by_all_workers_together() {
    let in_a_year = "Fri, 31 Dec 2100 23:59:59 GMT";
    for (pause, says) in [
        ("61", "asks for a pause of 61 s"),
        ("99999999999", "more than 100 years"),
        ("99999999999999999999999999", "more than 100 years"),
        (in_a_year, "days"),
    ] {
        let seen = Mutex::default();
        let server = GitServer::start(Box::new(move |request| {
            is_fetch(&seen, request).then(|| format!("429 X\r\nRetry-After: {pause}\r\n"))
        }));
        let names = ["A.git", "B.git", "C.git", "D.git"];
        names.iter().for_each(|name| drop(server.repository(name)));
        let builder = Builder::new(&names.map(|name| entry(&server, name)));
        builder.sync(&["--branch", "master", "--jobs", "1", "--retries", "3"], 1);
        assert_eq!(server.requests().len() - names.len(), 2, "{pause}");
        let texts: Vec<String> = ["A", "B", "C", "D"]
            .iter()
            .map(|name| builder.failure(&format!("extensions/{name}")).unwrap())
            .collect();
        let (asked, others): (Vec<_>, Vec<_>) =
            texts.iter().partition(|it| it.contains("answered 429"));
        assert!(asked.len() == 2 && asked.iter().all(|text| text.contains(says)), "{texts:?}");
        for text in others {
            assert!(text.contains("was not asked") && text.contains("(Retry-After)"), "{text}");
        }
    }
}

/// Answers nothing, longer than any test takes.
fn stall() -> Option<String> {
    thread::sleep(Duration::from_secs(600));
    None
}

#[test]
fn a_worker_that_is_killed_while_it_waits_for_a_host_is_a_failure_of_that_host() {
    let seen = Mutex::default();
    let server =
        GitServer::start(Box::new(move |request| is_fetch(&seen, request).then(stall).flatten()));
    let names: Vec<String> = (10..50).map(|number| format!("N{number}.git")).collect();
    names.iter().for_each(|name| drop(server.repository(name)));
    let list: Vec<_> = names.iter().map(|name| entry(&server, name)).collect();
    let builder = Builder::new(&list);
    let text = builder.sync(&["--branch", "master", "--jobs", "10", "--limit-idle", "4s"], 1);
    assert!(text.contains("4 s without any progress while fetching"), "{text}");
    let fetches = server.requests().len() - names.len();
    assert!((20..=20 + 10).contains(&fetches), "{fetches} were tried");
    assert!(text.contains("was not asked: 20 requests to"), "{text}");
}

#[test]
fn a_worker_hears_that_a_host_is_closed_while_it_waits_for_another_worker() {
    // All repositories have the same submodule, so that one worker after the other may fetch it.
    let library = GitServer::start(Box::new(|_| {
        thread::sleep(Duration::from_secs(5));
        Some("429 X\r\nRetry-After: 9999\r\n".to_owned())
    }));
    let server = GitServer::start(Box::new(|_| None));
    let names = ["A.git", "B.git", "C.git", "D.git", "E.git", "F.git"];
    for name in names {
        let path = server.repository(name);
        let gitlink = git(&path, &["rev-parse", "master"], "");
        with_submodule(&path, &gitlink, "https://library.example/lib");
    }
    let builder = Builder::new(&names.map(|name| entry(&server, name)));
    let map = format!("https://library.example/={}/", library.url);
    let text = builder.sync(&["--branch", "master", "--jobs", "6", "--url-map", &map], 0);
    assert_eq!(text.matches("(Retry-After)").count() + library.requests().len(), names.len());
    // The second worker asks before it can hear of what the first one was told.
    assert!(library.requests().len() <= 3, "{:?}", library.requests());
}

/// Gives `master` a commit with a submodule at the path `lib`.
fn with_submodule(repository: &Path, gitlink: &str, url: &str) {
    let text = format!("[submodule \"lib\"]\n\tpath = lib\n\turl = {url}\n");
    let blob = git(repository, &["hash-object", "-w", "--stdin"], &text);
    let entries = format!("100644 blob {blob}\t.gitmodules\n160000 commit {gitlink}\tlib\n");
    let tree = git(repository, &["mktree", "--missing"], &entries);
    let tip = git(repository, &["commit-tree", "-m", "x", &tree], "");
    git(repository, &["update-ref", "refs/heads/master", &tip], "");
}

/// Points a branch to an object of any type, which `git update-ref` refuses.
fn point(repository: &Path, branch: &str, id: &str) {
    fs::write(repository.join("refs/heads").join(branch), format!("{id}\n")).unwrap();
}

#[test]
fn a_branch_that_is_no_commit_fails_alone_and_waits_until_it_is_another() {
    let server = GitServer::start(Box::new(|_| None));
    let path = server.repository("Blob.git");
    let blob = git(&path, &["hash-object", "-w", "--stdin"], "x");
    point(&path, "REL1_45", &blob);
    let tree = git(&path, &["rev-parse", "master^{tree}"], "");
    point(&path, "REL1_44", &tree);
    let path = server.repository("Tag.git");
    git(&path, &["tag", "-a", "-m", "x", "v1", "master"], "");
    point(&path, "REL1_45", &git(&path, &["rev-parse", "v1"], ""));
    server.repository("Good.git");
    let list = ["Blob.git", "Good.git", "Tag.git"].map(|name| entry(&server, name));
    let builder = Builder::new(&list);
    let branches = ["--branch", "master", "--branch", "REL1_45", "--branch", "REL1_44"];
    let text = builder.sync(&branches, 3);
    assert_eq!(builder.tarballs().len(), 3, "{text}");
    for says in [
        "extensions/Blob REL1_44: REL1_44 points to a tree, and not to a commit",
        "extensions/Blob REL1_45: REL1_45 points to a blob, and not to a commit",
        "extensions/Tag REL1_45: REL1_45 points to a tag, and not to a commit",
    ] {
        assert!(text.contains(says), "{says} is not in {text}");
    }
    let before = server.requests().len();
    let text = builder.sync(&branches, 3);
    assert_eq!(text.matches("not tried again before the branch").count(), 3, "{text}");
    assert_eq!(server.requests().len() - before, list.len(), "only the tips are asked for");
    point(&path, "REL1_45", &git(&path, &["rev-parse", "master"], ""));
    let text = builder.sync(&branches, 3);
    assert!(!text.contains("extensions/Tag REL1_45: "), "{text}");
    assert_eq!(builder.tarballs().len(), 4, "{text}");
}

#[test]
fn a_repository_of_a_form_that_nobody_here_reads_fails_alone() {
    let server = GitServer::start(Box::new(|_| None));
    let path = server.init("Sha256.git", &["--object-format=sha256"]);
    let tip = commit(&path);
    git(&path, &["update-ref", "refs/heads/master", &tip], "");
    // For a Git that knows no such extension, as older ones know no reftable.
    let path = server.repository("Newer.git");
    let text = fs::read_to_string(path.join("config")).unwrap();
    let text = text.replace("repositoryformatversion = 0", "repositoryformatversion = 1");
    fs::write(path.join("config"), text + "[extensions]\n\trefstorage = newer\n").unwrap();
    server.repository("Good.git");
    let list = ["Gone.git", "Good.git", "Newer.git", "Sha256.git"];
    let builder = Builder::new(&list.map(|name| entry(&server, name)));
    for _ in 0..2 {
        builder.sync(&["--branch", "master"], 3);
        assert_eq!(builder.tarballs().len(), 1);
        for (id, says) in
            [("Newer", "500 Internal Server Error"), ("Sha256", "object names of SHA-256")]
        {
            let text = builder.failure(&format!("extensions/{id}")).unwrap();
            assert!(text.contains(says), "{text}");
        }
        assert_eq!(builder.failure("extensions/Good"), None);
        assert_eq!(builder.failure("extensions/Gone"), None, "it is left out");
    }
}

#[test]
fn branches_whose_names_differ_only_in_case_are_different_branches() {
    let server = GitServer::start(Box::new(|_| None));
    let path = server.repository("Case.git");
    let master = git(&path, &["rev-parse", "master"], "");
    point(
        &path,
        "Master",
        &git(&path, &["commit-tree", "-m", "y", &format!("{master}^{{tree}}")], ""),
    );
    let builder = Builder::new(&[entry(&server, "Case.git")]);
    builder.sync(&["--branch", "master", "--branch", "Master"], 0);
    let [one, two] = builder.tarballs().try_into().unwrap();
    assert!(one.starts_with("Case-Master-") && two.starts_with("Case-master-"), "{one} {two}");
    assert_ne!(one.to_lowercase(), two.to_lowercase(), "the commits differ");
}
