//! The tips of branches, where a list has none: they are asked of Git, by its protocols 2 and 0.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use tardist::upstream::{
    self, Absence, Asked, BranchRule, Branches, Found, Pages, Project, Spec, Wanted,
    tips::{self, Spoken},
};

use crate::support::{
    Answer, COMMIT, Server, branches, git_0, git_2, http, left_out, list_all, list_file, ok, open,
    packet, recorded, status, tip,
};

#[test]
fn git_tells_the_tips_in_one_request_a_repository() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(git_2);
    let ids = ["extensions/A", "extensions/Empty", "extensions/Missing", "skins/B"];
    let upstreams = [list_file(folder.path(), &server.url, &ids)];
    let listing = list_all(&upstreams, &[]).unwrap();
    let tips: Vec<(String, usize)> =
        listing.projects.iter().map(|it| (it.id.to_string(), it.tips.len())).collect();
    let expected = [("extensions/A", 1), ("extensions/Empty", 0), ("skins/B", 1)];
    assert_eq!(tips, expected.map(|(id, count)| (id.to_owned(), count)));
    assert_eq!(listing.projects[0].tips[&"master".parse().unwrap()].as_str(), COMMIT);
    let [(id, why, told)] = &left_out(&listing)[..] else { panic!("{:?}", listing.left_out) };
    assert_eq!((id.as_str(), *why), ("extensions/Missing", Absence::Gone));
    assert!(told.contains("answered 404"), "{told}");
    let mut targets = server.targets();
    targets.sort();
    let posts = ["A", "B", "Empty", "Missing"].map(|name| format!("POST /{name}/git-upload-pack"));
    let mut expected = posts.to_vec();
    // It may only be elsewhere.
    expected.insert(0, "GET /Missing/info/refs?service=git-upload-pack".to_owned());
    assert_eq!(targets, expected);
    let requests = server.requests();
    let request = requests.iter().find(|it| it.starts_with("POST")).unwrap();
    assert!(request.ends_with(
        "0014command=ls-refs\n00010021ref-prefix refs/heads/master\n\
         0022ref-prefix refs/heads/REL1_45\n0000"
    ));
}

#[test]
fn an_older_server_tells_all_refs_and_is_asked_for_them_at_once_after_that() {
    let server = Server::start(git_0);
    let spec: Spec = server.url.parse().unwrap();
    let http = http(&[spec.open().unwrap()]);
    let projects: Vec<Project> = ["skins/A", "skins/B", "skins/C"]
        .iter()
        .map(|id| Project::new(id.parse().unwrap(), &format!("{}/{id}", server.url)))
        .collect();
    let (told, failed) = tips::ask(&http, &Spoken::default(), projects, &branches(), 1);
    assert!(failed.is_empty(), "{failed:?}");
    assert!(told.iter().all(|project| project.tips.len() == 1));
    let posts = server.targets().iter().filter(|it| it.starts_with("POST")).count();
    assert_eq!((posts, server.requests().len()), (1, 4));
    assert_eq!(server.connections.load(Ordering::SeqCst), 1, "one connection serves them all");
}

#[test]
fn what_is_no_git_is_named_and_a_host_that_is_down_is_not_asked_for_ever() {
    let html = Server::start(|_| ok("<!DOCTYPE html>"));
    let down = Server::start(|_| status(502));
    let project = |id: &str, url: &str| Project::new(id.parse().unwrap(), url);
    let mut projects = vec![project("skins/Html", &html.url)];
    let url = |number: usize| format!("{}/{number}", down.url);
    projects.extend((0..50).map(|number| project(&format!("skins/N{number}"), &url(number))));
    let specs: [Spec; 2] = [html.url.parse().unwrap(), down.url.parse().unwrap()];
    let http = http(&upstream::open(&specs).unwrap());
    let (told, failed) = tips::ask(&http, &Spoken::default(), projects, &branches(), 1);
    assert_eq!((told.len(), failed.len()), (0, 51));
    let html = failed.iter().find(|(id, _)| id.to_string() == "skins/Html").unwrap();
    assert!(html.1.to_string().contains("not Git's smart HTTP"), "{}", html.1);
    // By protocol 2 and by protocol 0.
    assert_eq!(down.requests().len(), 2 * 20);
    let last = failed.last().unwrap().1.to_string();
    let origin = &down.url;
    let says = format!("was not asked: 20 requests to {origin} failed in a row; the next cycle");
    assert!(last.contains(&says), "{last}");
}

/// Asks one host for `count` repositories, one after the other: how many told their tips, what the
/// others failed with, and what was asked.
fn asked(server: &Server, count: usize) -> (usize, Vec<String>, Vec<String>) {
    asked_for(&branches(), server, count)
}

fn asked_for(branches: &Asked, server: &Server, count: usize) -> (usize, Vec<String>, Vec<String>) {
    let spec: Spec = server.url.parse().unwrap();
    let http = http(&[spec.open().unwrap()]);
    let project = |number| {
        let id = format!("skins/N{number:03}");
        Project::new(id.parse().unwrap(), &format!("{}/{id}", server.url))
    };
    let (told, failed) =
        tips::ask(&http, &Spoken::default(), (0..count).map(project).collect(), branches, 1);
    let failed = failed.into_iter().map(|(_, error)| error.to_string()).collect();
    (told.len(), failed, server.targets())
}

#[test]
fn a_refusal_counts_once_the_older_protocol_is_refused_too() {
    for refusal in [401, 403, 410] {
        let server = Server::start(move |_| status(refusal));
        let (told, failed, targets) = asked(&server, 1);
        assert_eq!((told, targets.len()), (0, 2), "{targets:?}");
        assert!(targets[0].starts_with("POST") && targets[1].contains("/info/refs"), "{targets:?}");
        assert!(failed[0].contains(&refusal.to_string()), "{failed:?}");

        let server = Server::start(move |request| {
            if request.starts_with("POST") { status(refusal) } else { git_0(request) }
        });
        let (told, failed, targets) = asked(&server, 2);
        assert_eq!((told, failed.len(), targets.len()), (2, 0, 3), "{targets:?}");
    }
}

#[test]
fn a_refusal_of_a_server_that_has_spoken_protocol_2_is_believed_at_once() {
    for refusal in [401, 403, 410] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(move |request| {
            if request.contains("/Refused") { status(refusal) } else { git_2(request) }
        });
        let upstream = list_file(folder.path(), &server.url, &["skins/Refused1", "skins/Refused2"]);
        let http = http(&[upstream]);
        let spoken = Spoken::default();
        let project = |name: &str| {
            let id = format!("skins/{name}");
            Project::new(id.parse().unwrap(), &format!("{}/{name}", server.url))
        };
        let (told, _) = tips::ask(&http, &spoken, vec![project("A")], &branches(), 1);
        assert_eq!(told.len(), 1);
        let refused = ["Refused1", "Refused2"].map(project).to_vec();
        let (_, failed) = tips::ask(&http, &spoken, refused, &branches(), 1);
        assert_eq!((failed.len(), server.requests().len()), (2, 3), "{:?}", server.targets());
    }
}

#[test]
fn a_repository_with_too_many_wanted_branches_fails_by_its_first_answer() {
    let BranchRule::Pattern(pattern) = "b*".parse().unwrap() else { panic!("it is a pattern") };
    let wanted = Asked { patterns: vec![pattern], ..branches() };
    for count in [100, 101] {
        let server = Server::start(move |_| {
            let branch = |number: usize| packet(&format!("{COMMIT} refs/heads/b{number}\n"));
            ok((0..count).map(branch).collect::<String>() + "0000")
        });
        let (told, failed, targets) = asked_for(&wanted, &server, 1);
        assert_eq!((told, targets.len()), (usize::from(count == 100), 1), "{failed:?} {targets:?}");
        assert!(count == 100 || failed[0].contains("more than 100 names"), "{failed:?}");
    }
}

#[test]
fn a_status_that_fails_for_the_moment_is_not_asked_around() {
    for transient in [408, 429] {
        let server = Server::start(move |_| status(transient));
        let (told, failed, targets) = asked(&server, 1);
        assert_eq!((told, targets.len()), (0, 1), "{transient}: {targets:?}");
        assert!(failed[0].contains(&transient.to_string()), "{failed:?}");
    }
}

#[test]
fn an_error_of_the_server_counts_once_the_older_protocol_fails_too() {
    for transient in [500, 501, 503] {
        let server = Server::start(move |_| status(transient));
        let (told, failed, targets) = asked(&server, 1);
        assert_eq!((told, targets.len()), (0, 2), "{transient}: {targets:?}");
        assert!(targets[1].contains("/info/refs"), "{targets:?}");
        assert!(failed[0].contains(&transient.to_string()), "{failed:?}");
    }
}

/// The body and status of an answer that Phorge's Git has given.
fn phorge_git(name: &str) -> Answer {
    let text = recorded(&format!("phorge/git-{name}.json"));
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    let body = answer["body"].as_str().unwrap().to_owned();
    let status = answer["status"].as_u64().unwrap().try_into().unwrap();
    Answer { status, body, ..Answer::default() }
}

#[test]
fn phorge_which_answers_500_to_protocol_2_is_asked_by_protocol_0() {
    for (name, tips) in [("public", 1), ("empty", 0)] {
        let server = Server::start(move |request| {
            let asks = if request.starts_with("POST") { "ls-refs-at-once" } else { "info-refs" };
            phorge_git(&format!("{name}-{asks}"))
        });
        let spec: Spec = server.url.parse().unwrap();
        let http = http(&[spec.open().unwrap()]);
        let project = |id: &str| {
            Project::new(format!("skins/{id}").parse().unwrap(), &format!("{}/{id}", server.url))
        };
        let projects = ["A", "B", "C"].map(project).to_vec();
        let (told, failed) = tips::ask(&http, &Spoken::default(), projects, &branches(), 1);
        assert_eq!((told.len(), failed.len()), (3, 0), "{name}");
        let master = "master".parse().unwrap();
        assert!(told.iter().all(|it| usize::from(it.tips.contains_key(&master)) == tips), "{name}");
        let methods: Vec<String> =
            server.targets().iter().map(|it| it.split(' ').next().unwrap().to_owned()).collect();
        assert_eq!(methods, ["POST", "GET", "GET", "GET"], "{name}");
    }
}

#[test]
fn an_error_of_a_server_that_has_spoken_protocol_2_is_not_asked_around() {
    let server = Server::start(|request| {
        if request.contains("N000") || request.contains("N001") {
            git_2(request)
        } else {
            status(500)
        }
    });
    let (told, failed, targets) = asked(&server, 3);
    // The order of repositories is scattered, so that the failing one may be asked first.
    let first = targets.iter().position(|it| it.contains("N002")).unwrap();
    let around = usize::from(first == 0);
    assert_eq!((told, failed.len(), targets.len()), (2, 1, 3 + around), "{targets:?}");
}

#[test]
fn a_server_that_refuses_protocol_2_is_asked_by_protocol_0() {
    for refusal in [400, 402, 405, 411, 415] {
        let server = Server::start(move |request| {
            if request.starts_with("POST") { status(refusal) } else { git_0(request) }
        });
        let (told, failed, targets) = asked(&server, 2);
        assert_eq!((told, failed.len()), (2, 0), "{refusal}: {failed:?}");
        // The second one's question is by protocol 0 at once.
        let methods: Vec<&str> = targets.iter().map(|it| it.split(' ').next().unwrap()).collect();
        assert_eq!(methods, ["POST", "GET", "GET"], "{refusal}");
    }
}

#[test]
fn an_answer_that_ends_early_is_another_protocols_and_one_that_breaks_is_not() {
    // The body is whole for HTTP, and cut for Git.
    for cut in ["", "00", "0032abc", &tip()] {
        let cut = cut.to_owned();
        let server = Server::start(move |request| {
            if request.starts_with("POST") { ok(cut.clone()) } else { git_0(request) }
        });
        let (told, failed, targets) = asked(&server, 1);
        assert_eq!((told, targets.len()), (1, 2), "{failed:?} {targets:?}");
    }
    // A chunk whose length is no number: the connection's fault, so that another try may work.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(&stream);
        let mut first = String::new();
        reader.read_line(&mut first).unwrap();
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).unwrap();
        }
        let answer = "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\nno number\r\n";
        (&stream).write_all(answer.as_bytes()).unwrap();
        // Whoever asks once more, by whichever protocol, is told the same.
        listener.set_nonblocking(true).unwrap();
        thread::sleep(Duration::from_millis(300));
        (first, listener.accept().is_ok())
    });
    let spec: Spec = url.parse().unwrap();
    let http = http(&[spec.open().unwrap()]);
    let project = Project::new("skins/A".parse().unwrap(), &format!("{url}/skins/A"));
    let (_, failed) = tips::ask(&http, &Spoken::default(), vec![project], &branches(), 1);
    assert!(failed[0].1.is_transient(), "{}", failed[0].1);
    let (first, is_asked_again) = asked.join().unwrap();
    assert!(first.starts_with("POST") && !is_asked_again, "{first}");
}

#[test]
fn repositories_that_are_refused_are_no_sign_that_their_host_is_down() {
    let server = Server::start(|_| status(410));
    let (told, failed, targets) = asked(&server, 50);
    // By protocol 2 and by protocol 0.
    assert_eq!((told, failed.len(), targets.len()), (0, 50, 2 * 50));
    assert!(failed.iter().all(|text| text.contains("answered 410")), "{failed:?}");
}

#[test]
fn only_failures_in_a_row_say_that_a_host_is_down() {
    // Nineteen fail, then there is an answer, of either sort; that begins the row anew.
    for answer in [200, 410] {
        let count = AtomicUsize::default();
        let server = Server::start(move |request| {
            // What is refused by protocol 2 is asked for by protocol 0.
            if request.starts_with("GET") {
                return status(answer);
            }
            match count.fetch_add(1, Ordering::SeqCst) % 20 {
                19 if answer == 200 => ok(tip() + "0000"),
                19 => status(answer),
                _ => status(429),
            }
        });
        let (told, failed, targets) = asked(&server, 40);
        assert_eq!(targets.len(), if answer == 200 { 40 } else { 42 }, "{answer}");
        assert_eq!((told, failed.len()), if answer == 200 { (2, 38) } else { (0, 40) });
    }
}

#[test]
fn a_group_of_repositories_that_fail_together_is_no_host_that_is_down() {
    let server =
        Server::start(
            |request| {
                if request.contains("/skins/N1") { status(500) } else { ok(tip() + "0000") }
            },
        );
    // N100 to N199 are one after the other.
    let (told, failed, targets) = asked(&server, 600);
    assert_eq!((told, failed.len(), targets.len()), (500, 100, 600));
    assert!(failed.iter().all(|text| text.contains("answered 500")), "{failed:?}");
}

#[test]
fn a_server_that_only_has_files_is_named_as_one_of_the_dumb_protocol() {
    for refusal in [403, 404, 405, 501] {
        for id in [COMMIT.to_owned(), "0a1b".repeat(10), "00ff".repeat(16)] {
            let server = Server::start(move |request| {
                let is_list = request.starts_with("GET") && request.contains("/info/refs");
                if is_list { ok(format!("{id}\trefs/heads/master\n")) } else { status(refusal) }
            });
            let folder = tempfile::tempdir().unwrap();
            let upstreams = [list_file(folder.path(), &server.url, &["skins/A"])];
            let listing = list_all(&upstreams, &[]).unwrap();
            let [(_, error)] = &listing.failed[..] else { panic!("{refusal}: {listing:?}") };
            let text = error.to_string();
            assert!(text.contains("only Git's dumb protocol"), "{refusal}: {text}");
            assert!(text.contains(&server.url) && !error.is_transient(), "{refusal}: {text}");
        }
    }
}

#[test]
fn what_the_host_of_mediawiki_itself_speaks_is_known_for_all_its_repositories() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| match request {
        it if it.starts_with("GET /r/projects/") => ok(")]}'\n{}"),
        it if it.starts_with("POST") => status(500),
        it => git_0(it),
    });
    let upstreams = [
        open(&format!("type = 'gerrit'\nurl = '{}/r'", server.url)),
        list_file(folder.path(), &server.url, &["skins/A", "skins/B"]),
    ];
    let branches = Branches::new(["master".parse().unwrap()], 4);
    let wanted = Wanted {
        branches: &branches,
        before: &Found::new(),
        only: &BTreeSet::new(),
        is_chosen: false,
        remembered: &Pages::default(),
        lacks: &|_, _| false,
        jobs: 1,
    };
    let listing = upstream::list(&upstreams, &http(&upstreams), &wanted).unwrap();
    assert_eq!((listing.projects.len(), listing.failed.len()), (2, 0));
    let targets = server.targets();
    let posts: Vec<_> = targets.iter().filter(|it| it.starts_with("POST")).collect();
    assert_eq!(posts, ["POST /r/mediawiki/core/git-upload-pack"], "{targets:?}");
    let gets = targets.iter().filter(|it| it.contains("/info/refs")).count();
    assert_eq!(gets, 3, "{targets:?}");
}
