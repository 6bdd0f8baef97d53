//! Upstreams other than a Gerrit, from their list to the tarballs. All fetch with real Git.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tardist_tests::{Fault, File, RequestKind, TestEnv, Value, json};

const GREETING: &str = "extensions/SampleGreeting";
const NOTES: &str = "extensions/SampleNotes";
const PAPER: &str = "skins/SamplePaper";

/// Writes a list file with these repositories of the sample upstream. Returns the value for
/// `--upstream`.
fn list(env: &TestEnv, ids: &[&str]) -> String {
    let path = env.folder().join("list.txt");
    let url = env.server.url();
    let lines: String = ids.iter().map(|id| format!("{id} {url}/mediawiki/{id}\n")).collect();
    fs::write(&path, lines).unwrap();
    format!("list={}", path.display())
}

/// Starts a server that answers every request with a JSON document, which gets the request line and the body. It
/// runs until the test ends.
fn api(document: impl Fn(&str) -> String + Send + 'static) -> String {
    api_with_log(document).0
}

/// The same, with the statuses of its answers: 304 to whoever has the document already.
fn api_with_log(
    document: impl Fn(&str) -> String + Send + 'static,
) -> (String, Arc<Mutex<Vec<u16>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let statuses = Arc::<Mutex<Vec<u16>>>::default();
    let log = Arc::clone(&statuses);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            log.lock().unwrap().extend(answer(&stream, &document));
        }
    });
    (url, statuses)
}

fn answer(mut stream: &TcpStream, document: &dyn Fn(&str) -> String) -> Option<u16> {
    let mut reader = BufReader::new(stream);
    let mut lines = reader.by_ref().lines().map_while(Result::ok);
    let request = lines.next()?;
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let length = headers.iter().find_map(|line| line.strip_prefix("content-length: "));
    let mut form = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut form).unwrap();
    let mut body = document(&format!("{request}\n{}", String::from_utf8(form).unwrap()));
    let etag = format!("\"{}\"", tardist_tests::sha256(body.as_bytes()));
    let is_known = headers.contains(&format!("if-none-match: {etag}"));
    let status = if is_known { 304 } else { 200 };
    if is_known {
        body.clear();
    }
    let head = format!("content-length: {}\r\netag: {etag}\r\nconnection: close", body.len());
    let _ = write!(stream, "HTTP/1.1 {status} X\r\n{head}\r\n\r\n{body}");
    Some(status)
}

/// An empty data directory, the value for `--upstream` of a list file with these repositories of the sample, and
/// their tips as the sample's Gerrit tells them.
fn some_of_a_list(ids: &[&str]) -> (TestEnv, String, BTreeMap<String, String>) {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let mut expected = env.tips();
    expected.retain(|key, _| ids.iter().any(|id| key.starts_with(id)));
    fs::remove_dir_all(env.data()).unwrap();
    let list = list(&env, ids);
    (env, list, expected)
}

fn two_of_a_list() -> (TestEnv, String, BTreeMap<String, String>) {
    some_of_a_list(&[GREETING, PAPER])
}

#[test]
fn a_host_that_answers_slowly_takes_a_third_of_the_time_and_what_it_has_answered_is_published() {
    let env = TestEnv::sample();
    let upstream = list(&env, &[GREETING, NOTES, PAPER]);
    env.server.fault("git-upload-pack", Fault::Stall(Duration::from_secs(6)), Some(2));
    let sync = env.sync(&["--upstream", &upstream, "--jobs", "1", "--deadline", "36s"]);
    sync.exits(3).says(&["was not asked: the time for the lists of repositories is over"]);
    let tips = env.tips();
    let published: BTreeSet<&str> = tips.keys().map(|tip| tip.split_once(' ').unwrap().0).collect();
    assert_eq!(published.len(), 2, "{published:?}");
}

#[test]
fn a_list_gives_tarballs_and_needs_one_request_for_each_repository_when_nothing_is_new() {
    let (env, list, mut expected) = two_of_a_list();
    env.sync(&["--upstream", &list]).exits(0);
    assert_eq!(env.tips(), expected);
    env.tardist(&["verify"]).exits(0);

    env.server.clear_requests();
    env.sync(&["--upstream", &list]).exits(0).says(&["nothing new", "2 requests"]);
    let mut requests = env.git_requests();
    requests.sort_by(|one, other| one.1.cmp(&other.1));
    let asked = |id: &str| (RequestKind::GitUploadPack, format!("mediawiki/{id}"));
    assert_eq!(requests, [asked(GREETING), asked(PAPER)]);

    let commit = env.commit(PAPER, "master", &[("a.txt", File::text("a"))]);
    env.sync(&["--upstream", &list]).exits(0).says(&["1 tarballs made"]);
    expected.insert(format!("{PAPER} master"), commit.to_string());
    assert_eq!(env.tips(), expected);
}

#[test]
fn a_server_that_speaks_only_protocol_0_and_answers_500_to_another_is_served_without_a_retry() {
    let (env, list, expected) = two_of_a_list();
    env.server.fault("/mediawiki/", Fault::Protocol0, None);
    env.server.clear_requests();
    // Two at once would both be the first to ask.
    env.sync(&["--upstream", &list, "--jobs", "1"]).exits(0);
    assert_eq!(env.tips(), expected);
    let tried = env.server.requests().iter().filter(|it| it.status == Some(500)).count();
    assert_eq!(tried, 1, "the host is remembered");
    env.sync(&["--upstream", &list, "--jobs", "1"]).exits(0).says(&["nothing new", "3 requests"]);
}

#[test]
fn a_repository_whose_branches_cannot_be_read_is_named_and_stays_published() {
    let env = TestEnv::sample();
    let list = list(&env, &[GREETING, PAPER]);
    env.sync(&["--upstream", &list]).exits(0);
    let before = env.tips();
    assert!(before.contains_key(&format!("{GREETING} master")));

    let fault = Fault::status(500);
    env.server.fault("SampleGreeting", fault, None);
    let commit = env.commit(PAPER, "master", &[("a.txt", File::text("a"))]);
    env.sync(&["--upstream", &list, "--grace", "0s"]).exits(3).says(&[GREETING, "500"]);
    let mut expected = before;
    expected.insert(format!("{PAPER} master"), commit.to_string());
    assert_eq!(env.tips(), expected);
    env.tardist(&["verify"]).exits(0);
}

#[test]
fn what_git_refuses_is_left_out_and_what_was_published_of_it_is_withdrawn() {
    for (code, says) in [
        (401, "not public, and so not distributed: extensions/SampleNotes"),
        (403, "not public, and so not distributed: extensions/SampleNotes"),
        (404, "not on its Git server, and so not distributed: extensions/SampleNotes"),
        (410, "not on its Git server, and so not distributed: extensions/SampleNotes"),
    ] {
        let (env, list, mut expected) = some_of_a_list(&[GREETING, NOTES, PAPER]);
        env.server.fault("SampleNotes", Fault::status(code), None);
        let sync = |options: &[&str]| env.sync(&[&["--upstream", &list], options].concat());
        sync(&[]).exits(0).says(&[says]);
        env.tardist(&["status"]).exits(0).says(&[says]);
        assert!(!env.tips().keys().any(|tip| tip.starts_with(NOTES)), "it never was published");

        env.server.clear_faults();
        sync(&[]).exits(0);
        assert_eq!(env.tips(), expected);
        env.server.fault("SampleNotes", Fault::status(code), None);
        sync(&[]).exits(0).says(&[says, "1 no longer published: extensions/SampleNotes"]);
        expected.retain(|tip, _| !tip.starts_with(NOTES));
        assert_eq!(env.tips(), expected);
        env.serve(&[]).get("/info/extensions/SampleNotes").problem(404);

        // Whoever asks for it learns why.
        let told = format!("{NOTES}: it is ");
        sync(&["--only", NOTES]).exits(3).says(&[&told, &format!("answered {code}")]);

        // A server that refuses everything is not believed.
        env.server.fault("/mediawiki/", Fault::status(code), None);
        sync(&[]).exits(1).says(&["1 of 1 repositories (extensions) would be lost", "max-loss"]);
        assert_eq!(env.tips(), expected);
    }
}

#[test]
fn a_server_of_the_dumb_protocol_is_named_as_one_and_not_tried_again_in_the_same_cycle() {
    let (env, list, expected) = two_of_a_list();
    env.sync(&["--upstream", &list]).exits(0);
    env.server.fault("SamplePaper", Fault::Dumb, None);
    env.server.clear_requests();
    env.sync(&["--upstream", &list]).exits(3).says(&[PAPER, "only Git's dumb protocol"]);
    assert_eq!(env.tips(), expected, "what is published stands");
    let asked = env.git_requests().iter().filter(|(_, project)| project.ends_with(PAPER)).count();
    assert_eq!(asked, 2, "by protocol 2 and by protocol 0");
}

/// User and password, and how HTTP sends them.
const CREDENTIALS: [&str; 2] = ["tardist:s3cret-p4ss", "dGFyZGlzdDpzM2NyZXQtcDRzcw=="];

/// A configuration with a list of two repositories, for which there are credentials.
fn with_credentials(env: &TestEnv, credentials: &str) -> String {
    let path = env.folder().join("credentials");
    fs::write(&path, credentials).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    format!(
        "[[upstream]]\ntype = \"list\"\npath = \"{}\"\ngit-credentials-file = \"{}\"\n",
        env.folder().join("list.txt").display(),
        path.display()
    )
}

#[test]
fn what_git_shows_only_with_credentials_is_distributed_and_they_are_written_nowhere() {
    let (env, list, expected) = two_of_a_list();
    let [pair, encoded] = CREDENTIALS;
    let login = Fault::Login(format!("Basic {encoded}"));
    env.server.fault("/mediawiki/", login.clone(), None);
    env.sync(&["--upstream", &list]).exits(1).says(&["not public"]);
    let config = with_credentials(&env, pair);
    let mut texts = vec![env.sync_with(&config, &["-v"]).exits(0).text()];
    assert_eq!(env.tips(), expected);

    // The worker, too, hears from a server that quotes what it was sent.
    env.server.clear_faults();
    env.server.fault("SamplePaper/git-upload-pack", login.clone(), Some(1));
    env.server.fault("SamplePaper/git-upload-pack", Fault::Quoting(pair.to_owned()), None);
    env.server.fault("/mediawiki/", login, None);
    env.commit(PAPER, "master", &[("a.txt", File::text("a"))]);
    let run = env.sync_with(&config, &["-v"]);
    texts.push(run.exits(3).says(&[PAPER]).text());
    texts.push(env.tardist(&["status"]).text());
    assert_eq!(env.tips(), expected);
    let folder = tardist_tests::files(&env.data());
    assert!(folder.contains_key("report.json") && folder.contains_key("snapshot.db"));
    for secret in ["s3cret-p4ss", encoded] {
        assert!(texts.iter().all(|text| !text.contains(secret)), "{texts:?}");
        for (name, bytes) in &folder {
            let is_in = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!is_in, "{secret} is in {name}");
        }
    }
}

#[test]
fn credentials_that_are_not_right_any_more_are_named_and_everything_stands() {
    let (env, _, expected) = two_of_a_list();
    let login = Fault::Login(format!("Basic {}", CREDENTIALS[1]));
    env.server.fault("/mediawiki/", login, None);
    env.sync_with(&with_credentials(&env, CREDENTIALS[0]), &[]).exits(0);
    let config = with_credentials(&env, "tardist:another-p4ss");
    let run = env.sync_with(&config, &["--grace", "0s"]);
    run.exits(3).says(&[GREETING, PAPER, "401", "git-credentials-file"]);
    assert_eq!(env.tips(), expected);
}

#[test]
fn a_first_cycle_without_anything_public_says_what_it_left_out() {
    let (env, list, _) = two_of_a_list();
    env.server.fault("/mediawiki/", Fault::status(401), None);
    let says = "not public, and so not distributed: extensions/SampleGreeting, skins/SamplePaper";
    env.sync(&["--upstream", &list]).exits(1).says(&[says, "that can be distributed"]);
}

#[test]
fn a_wrong_list_is_an_error_before_anything_is_done() {
    let env = TestEnv::empty();
    let path = env.folder().join("list.txt");
    let upstream = format!("list={}", path.display());
    env.sync(&["--upstream", &upstream]).exits(2).says(&["list.txt", "No such file"]);
    for (text, says) in [
        ("", &["names no repository"][..]),
        ("skins/A\nskins/B ssh://h/B\n", &["line 1", "line 2", "http or https"]),
        ("../A http://127.0.0.1/A\n", &["line 1", "extensions"]),
    ] {
        fs::write(&path, text).unwrap();
        env.sync(&["--upstream", &upstream]).exits(2).says(says);
    }
    assert!(!env.data().exists(), "nothing was begun");
}

#[test]
fn a_directory_gives_the_same_commits_without_any_request() {
    let env = TestEnv::sample();
    // The mirrors begin as shallow ones from a Gerrit.
    env.sync(&["--only", GREETING]).exits(0);
    let root = env.upstream.root().display().to_string();
    let directory = format!("directory={root}");
    env.commit(GREETING, "master", &[("a.txt", File::text("a"))]);
    env.server.clear_requests();
    env.sync(&["--upstream", &directory]).exits(0);
    assert_eq!(env.server.requests(), []);
    env.tardist(&["verify"]).exits(0);
    let tip = env.repository(GREETING).tip("master").unwrap().unwrap();
    assert_eq!(env.tips()[&format!("{GREETING} master")], tip.to_string());
    assert!(env.tips().contains_key(&format!("{PAPER} REL1_45")));

    let commit = env.commit(PAPER, "master", &[("a.txt", File::text("a"))]);
    env.sync(&["--upstream", &directory]).exits(0).says(&["1 tarballs made", "0 requests"]);
    assert_eq!(env.tips()[&format!("{PAPER} master")], commit.to_string());
    env.sync(&["--upstream", &directory]).exits(0).says(&["nothing new"]);
    let mirror = env.data().join("mirror/skins/SamplePaper.git");
    assert!(tardist_tests::files(&mirror).keys().all(|path| !path.ends_with(".pack")), "no copy");

    let info = env.serve(&[]).get("/info/skins/SamplePaper").json();
    assert_eq!(info["source_url"], "mediawiki/skins/SamplePaper.git", "no path of this machine");
    let members = tardist_tests::members(&env.tarball(PAPER, "master"));
    assert!(members.iter().all(|member| {
        let bytes = member.bytes.as_deref().unwrap_or_default();
        !String::from_utf8_lossy(bytes).contains(&root)
    }));

    // Back to the Gerrit: the mirror no longer uses the objects of the directory.
    let commit = env.commit(PAPER, "master", &[("b.txt", File::text("b"))]);
    env.sync(&[]).exits(0);
    assert_eq!(env.tips()[&format!("{PAPER} master")], commit.to_string());
    assert!(!mirror.join("objects/info/alternates").exists());
}

#[test]
fn a_directory_that_is_gone_changes_nothing() {
    let env = TestEnv::sample();
    let directory = format!("directory={}", env.upstream.root().display());
    env.sync(&["--upstream", &directory]).exits(0);
    let before = env.published();
    let moved: PathBuf = env.folder().join("elsewhere");
    fs::rename(env.upstream.root(), &moved).unwrap();
    env.sync(&["--upstream", &directory, "--grace", "0s"]).exits(1).says(&["upstream"]);
    assert!(env.published() == before);
    fs::create_dir_all(env.upstream.root().join("extensions")).unwrap();
    env.sync(&["--upstream", &directory, "--grace", "0s"]).exits(1).says(&["--accept-loss"]);
    assert!(env.published() == before);
}

#[test]
fn a_wiki_lists_the_repositories_and_branches() {
    let env = TestEnv::sample();
    let answer = json!({"batchcomplete": true, "query": {
        "general": {"extensiondistributor": {"snapshots": ["master", "REL1_45"], "list": ""}},
        "extdistrepos": {"extensions": ["SampleGreeting"], "skins": ["SamplePaper"]},
    }});
    let wiki = api(move |_| answer.to_string());
    let git = env.server.url();
    let config = format!(
        "[[upstream]]\ntype = \"mediawiki\"\nurl = \"{wiki}/w/api.php\"\ngit-url = \"{git}\"\n"
    );
    env.sync_with(&config, &[]).exits(0);
    let tips: Vec<String> = env.tips().into_keys().collect();
    let expected = [
        format!("{GREETING} REL1_45"),
        format!("{GREETING} master"),
        format!("{PAPER} REL1_45"),
        format!("{PAPER} master"),
    ];
    assert_eq!(tips, expected);
    let gitinfo = gitinfo(&env.tarball(PAPER, "master"));
    assert!(gitinfo.contains(&format!("\"{git}/mediawiki/{PAPER}\"")), "{gitinfo}");
}

/// The text of a tarball's `gitinfo.json`.
fn gitinfo(tarball: &Path) -> String {
    let members = tardist_tests::members(tarball);
    let file = members.iter().find(|member| member.path.ends_with("/gitinfo.json")).unwrap();
    String::from_utf8(file.bytes.clone().unwrap()).unwrap()
}

#[test]
fn an_organization_on_github_and_a_directory_together() {
    let [env, other] = [TestEnv::sample(), TestEnv::sample()];
    let git = env.server.url();
    let entry = |name: &str, url: String| json!({"name": name, "clone_url": url});
    let document = json!([
        entry("mediawiki-extensions-SampleGreeting", format!("{git}/mediawiki/{GREETING}.git")),
        entry("mediawiki-skins-Away", format!("{}/mediawiki/{PAPER}", other.server.url())),
        entry("puppet", format!("{git}/puppet.git")),
    ]);
    let github = api(move |_| document.to_string());
    let config = format!(
        "[[upstream]]\ntype = \"github\"\nurl = \"{}/wikimedia\"\napi = \"{github}\"\n\
         [[upstream]]\ntype = \"directory\"\npath = \"{}\"\n",
        git.trim_end_matches("/r"),
        env.upstream.root().display()
    );
    let run = env.sync_with(&config, &[]);
    run.exits(3).says(&[
        "skins/Away",
        "taken from an upstream that is configured before",
        GREETING,
    ]);
    assert_eq!(other.server.requests(), []);
    let info = env.serve(&[]).get(&format!("/info/{GREETING}")).json();
    assert_eq!(info["source_url"], format!("{git}/mediawiki/{GREETING}.git"));
    assert!(gitinfo(&env.tarball(GREETING, "master")).contains(&format!("{GREETING}.git\"")));
    assert!(env.tips().contains_key(&format!("{PAPER} master")), "from the directory");
}

/// A server that lists repositories of the sample as GitHub does, the statuses of its answers, and the configuration
/// with it. More names may be added later.
fn github_of(env: &TestEnv, ids: &Arc<Mutex<Vec<&'static str>>>) -> (String, Arc<Mutex<Vec<u16>>>) {
    let (git, ids) = (env.server.url(), Arc::clone(ids));
    let entry = move |id: &&str| {
        let name = format!("mediawiki-{}", id.replace('/', "-"));
        json!({"name": name, "clone_url": format!("{git}/mediawiki/{id}.git")})
    };
    let document = move |_: &str| {
        let entries: Vec<_> = ids.lock().unwrap().iter().map(&entry).collect();
        json!(entries).to_string()
    };
    let (github, statuses) = api_with_log(document);
    let url = env.server.url().trim_end_matches("/r").to_owned();
    let config =
        format!("[[upstream]]\ntype = \"github\"\nurl = \"{url}/wikimedia\"\napi = \"{github}\"\n");
    (config, statuses)
}

#[test]
fn a_list_is_sent_again_only_if_it_has_changed_or_what_was_remembered_is_lost() {
    let env = TestEnv::sample();
    let ids = Arc::new(Mutex::new(vec![GREETING, PAPER]));
    let (config, statuses) = github_of(&env, &ids);
    let file = env.data().join("lists.json");
    let sync = |says: &str, expected: u16| {
        env.sync_with(&config, &[]).exits(0).says(&[says]);
        assert_eq!(std::mem::take(&mut *statuses.lock().unwrap()), [expected], "{says}");
        assert!(file.is_file());
    };
    sync("published", 200);
    sync("nothing new", 304);
    sync("nothing new", 304);
    fs::remove_file(&file).unwrap();
    sync("nothing new", 200);
    sync("nothing new", 304);
    fs::write(&file, "{\"version\"").unwrap();
    sync("nothing new", 200);
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    sync("nothing new", 200);
    sync("nothing new", 304);
    ids.lock().unwrap().push(NOTES);
    sync("3 repositories listed", 200);
    assert!(env.tips().contains_key(&format!("{NOTES} master")));
    sync("nothing new", 304);
    env.sync_with(&config, &["--dry-run"]).exits(0);
    assert_eq!(std::mem::take(&mut *statuses.lock().unwrap()), [304]);
}

/// The token that a Phorge quotes if it is wrong.
const TOKEN: &str = "api-s3crett0kenofconduit";

/// A repository in the answer of Conduit, as Phorge has it: besides the URL that it shows, it has one that it hides.
fn diffusion(env: &TestEnv, id: &str, view: &str) -> Value {
    let git = env.server.url();
    let effective = |value: &str| json!({ "effective": value });
    let uri = |url: String, display: &str| {
        json!({"fields": {"uri": effective(&url), "io": effective("read"),
            "display": effective(display), "disabled": false}})
    };
    let uris = [
        uri(format!("{git}/mediawiki/hidden/{id}"), "never"),
        uri(format!("{git}/mediawiki/{id}.git"), "always"),
    ];
    let fields = json!({"name": id, "shortName": format!("mediawiki-{}", id.replace('/', "-")),
        "vcs": "git", "status": "active", "policy": {"view": view}});
    json!({"phid": format!("PHID-REPO-{id}"), "fields": fields, "attachments": {"uris": {"uris": uris}}})
}

/// Starts a Conduit whose list has two pages and takes [`TOKEN`] only: any other is quoted. `view` says who may see one
/// of the repositories.
fn conduit(env: &TestEnv, view: &Arc<Mutex<&'static str>>) -> String {
    let pages = |view: &str| {
        let page = |data: &[Value], after: Value| {
            json!({"result": {"data": data, "cursor": {"after": after}}, "error_code": null})
                .to_string()
        };
        let first = [diffusion(env, GREETING, "public"), diffusion(env, NOTES, view)];
        let second =
            [diffusion(env, PAPER, "public"), diffusion(env, "extensions/SampleOld", "users")];
        [page(&first, json!("210")), page(&second, Value::Null)]
    };
    let answers = [("public", pages("public")), ("users", pages("users"))];
    let now = Arc::clone(view);
    api(move |request| {
        let sent = request.split(['=', '&']).nth(1).unwrap_or_default();
        if !request.contains(&format!("api.token={TOKEN}&")) {
            let info = format!("API token \"{sent}\" is not valid.");
            return json!({"result": null, "error_code": "ERR-INVALID-AUTH", "error_info": info})
                .to_string();
        }
        let view = *now.lock().unwrap();
        let [first, second] = &answers.iter().find(|(name, _)| *name == view).unwrap().1;
        if request.contains("&after=210") { second.clone() } else { first.clone() }
    })
}

#[test]
fn a_phorge_is_published_in_one_pass_and_what_it_does_not_show_to_everybody_any_more_is_withdrawn()
{
    let (env, _, mut expected) = some_of_a_list(&[GREETING, NOTES, PAPER]);
    // Git as Phorge serves it.
    env.server.fault("/mediawiki/", Fault::Protocol0, None);
    let view = Arc::new(Mutex::new("public"));
    let conduit = conduit(&env, &view);
    let file = env.folder().join("token");
    let give = |token: &str| {
        fs::write(&file, token).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    };
    give(TOKEN);
    let config = format!(
        "[[upstream]]\ntype = \"phabricator\"\nurl = \"{conduit}\"\ngit-url = \"{}\"\ntoken-file = \"{}\"\n",
        env.server.url(),
        file.display()
    );
    let sync = || env.sync_with(&config, &["--jobs", "1"]);
    env.server.clear_requests();
    let says = "not public, and so not distributed: extensions/SampleOld";
    sync().exits(0).says(&[says]);
    assert_eq!(env.tips(), expected);
    let failed = env.server.requests().iter().filter(|it| it.status != Some(200)).count();
    assert_eq!(failed, 1, "what the host speaks is found out once: {:?}", env.server.requests());
    let info = env.serve(&[]).get("/info/skins/SamplePaper").json();
    assert_eq!(info["source_url"], format!("{}/mediawiki/{PAPER}.git", env.server.url()));
    sync().exits(0).says(&["nothing new", says]);

    let wrong = "api-an0therwr0ngt0ken";
    give(wrong);
    let run = sync();
    run.exits(1).says(&["ERR-INVALID-AUTH", "[secret]"]);
    let report = fs::read_to_string(env.data().join("report.json")).unwrap();
    for text in [run.text(), report, env.tardist(&["status"]).text()] {
        assert!(!text.contains(wrong), "{text}");
    }
    assert_eq!(env.tips(), expected);

    give(TOKEN);
    *view.lock().unwrap() = "users";
    sync().exits(0).says(&["1 no longer published: extensions/SampleNotes"]);
    expected.retain(|tip, _| !tip.starts_with(NOTES));
    assert_eq!(env.tips(), expected);
    env.tardist(&["status"]).exits(0).says(&[NOTES, "extensions/SampleOld"]);
}
