//! All hostile repositories in one upstream, beside good ones.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use sample_upstream::{Fault, File, Oid};
use serde_json::Value;

use crate::env::TestEnv;
use crate::family::{Guard, Watched, watch};
use crate::hostile::case::{Case, Expected, Size};
use crate::hostile::cases;
use crate::hostile::maker::Maker;
use crate::hostile::trial::OWN_MEMORY;

/// How many good repositories there are: half of them have names that come after those of the others.
const GOOD: usize = 20;

/// What each hostile repository may take by itself, on two cores.
const TIME: Duration = Duration::from_secs(60);

/// What everybody asks for, and no repository may take from others.
const PATHS: [&str; 17] = [
    "/",
    "/list",
    "/info",
    "/info?lang=*",
    "/info?lang=de",
    "/extensions",
    "/extensions?sort=changed",
    "/extensions?sort=changed&branch=master",
    "/skins",
    "/changes",
    "/feed.atom",
    "/sitemap.xml",
    "/search?q=hostile",
    "/updates",
    "/ExtensionJson.json",
    "/r/projects/?p=mediawiki/extensions/&b=master",
    "/dist/extensions/SHA256SUMS",
];

/// All cases that need no settings of their own, and good repositories, in one upstream.
pub struct Together {
    env: TestEnv,
    size: Size,
    cases: BTreeMap<String, &'static Case>,
    good: BTreeMap<String, Oid>,
}

/// What a cycle over all of them took.
#[derive(Debug)]
pub struct Totals {
    /// How many hostile repositories there were.
    pub cases: usize,
    /// How many of them failed, as they have to.
    pub failed: usize,
    /// The time of the first cycle.
    pub time: Duration,
    /// The most memory of all processes in the first cycle, in bytes.
    pub memory: u64,
    /// The most memory of the process that supervises the others, in both cycles, in bytes.
    pub own_memory: u64,
    /// The time of the second cycle.
    pub second_time: Duration,
    /// What is not as it has to be.
    pub complaints: Vec<String>,
}

impl Together {
    /// Makes the repositories.
    #[must_use]
    pub fn new(size: Size) -> Self {
        let env = TestEnv::empty();
        let manifest = r#"{"name": "Good", "version": "1.0", "manifest_version": 2}"#;
        let commit = |name: &str| {
            env.commit(
                &format!("extensions/{name}"),
                "master",
                &[("extension.json", File::text(manifest))],
            )
        };
        let good = |number: usize| match number {
            0 => "Good".to_owned(),
            number if number % 2 == 0 => format!("Good{number}"),
            number => format!("Z{number}"),
        };
        let good: BTreeMap<String, Oid> =
            (0..GOOD).map(good).map(|name| (name.clone(), commit(&name))).collect();
        let mut named = BTreeMap::new();
        for case in cases().filter(|case| case.args.is_empty()) {
            let name = format!("Hostile_{}", case.name);
            let repository = env.repository(&format!("extensions/{name}"));
            let maker = Maker::new(&repository, &name, good["Good"]);
            (case.make)(&maker, case.sized(size).0);
            if let Some(pack) = maker.into_pack() {
                env.server.fault(&format!("{name}/git-upload-pack"), Fault::Pack(pack), None);
            }
            named.insert(name, case);
        }
        Self { env, size, cases: named, good }
    }

    /// Runs two cycles and `verify`.
    #[must_use]
    pub fn run(&self) -> Totals {
        let mut complaints = Vec::new();
        let first = self.watch("sync", &mut complaints);
        if first.run.code != 3 {
            complaints.push(format!("exit status {}: {}", first.run.code, first.run.text()));
        }
        let failed = self.judge(&mut complaints);
        self.env.server.clear_requests();
        let second = self.watch("sync", &mut complaints);
        let (requests, built) = (self.env.git_requests().len(), &self.report()["built"]);
        if requests > 0 || built != 0 || second.run.code != first.run.code {
            complaints.push(format!(
                "the second cycle sent {requests} requests to Git, made {built} tarballs and ended with {}",
                second.run.code
            ));
        }
        complaints.extend(self.unanswered());
        let verified = self.watch("verify", &mut complaints);
        if verified.run.code != 0 {
            complaints.push(format!("verify failed: {}", verified.run.text()));
        }
        Totals {
            cases: self.cases.len(),
            failed,
            time: first.time,
            memory: first.memory,
            own_memory: first.own_memory.max(second.own_memory),
            second_time: second.time,
            complaints,
        }
    }

    /// What a client is not answered because of what is in these repositories.
    fn unanswered(&self) -> Vec<String> {
        let site = self.env.serve(&[]);
        let own = self
            .cases
            .keys()
            .flat_map(|name| [format!("/info/extensions/{name}"), format!("/extensions/{name}")]);
        let is_answered = |path: &String| {
            // A repository that failed is not published.
            let expected = if path.contains("Hostile_") { [200, 404] } else { [200, 200] };
            expected.contains(&site.get(path).status)
        };
        let all = PATHS.iter().map(|path| (*path).to_owned()).chain(own);
        let not = all.filter(|path| !is_answered(path));
        not.map(|path| format!("{path} is not answered: {}", site.get(&path).text())).collect()
    }

    fn watch(&self, command: &str, complaints: &mut Vec<String>) -> Watched {
        // As many workers as there are jobs may have as much memory as one.
        let guard = Guard {
            time: TIME * u32::try_from(self.cases.len()).unwrap(),
            memory: 16 << 30,
            disk: 30 << 30,
        };
        // In full, the server packs for minutes, and more slowly if it packs for many.
        let patient = command == "sync" && self.size == Size::Full;
        let more: &[&str] = if patient { &["--jobs", "2", "--timeout", "10m"] } else { &[] };
        let mut command_line = self.env.command(&[&[command], more].concat());
        // Without it, there is no site map.
        command_line.env("TARDIST_PUBLIC_URL", "https://tardist.example");
        let watched = watch(command_line, &self.env.data(), self.env.folder(), &guard);
        if let Some(limit) = watched.killed {
            complaints.push(format!("{command} was killed, since it took too much {limit}"));
        }
        if watched.own_memory > OWN_MEMORY {
            complaints.push(format!("{command} took {} MB itself", watched.own_memory >> 20));
        }
        if watched.run.stderr.contains("panicked") {
            complaints.push(format!("{command} panicked: {}", watched.run.stderr));
        }
        watched
    }

    fn report(&self) -> Value {
        let report = fs::read(self.env.data().join("report.json")).unwrap_or_default();
        serde_json::from_slice(&report).unwrap_or_default()
    }

    /// Compares what is published and what failed with what has to be. Returns how many failed.
    fn judge(&self, complaints: &mut Vec<String>) -> usize {
        let (report, tips) = (self.report(), self.env.tips());
        for (name, commit) in &self.good {
            if tips.get(&format!("extensions/{name} master")) != Some(&commit.to_string()) {
                complaints.push(format!("{name} is not published"));
            }
        }
        let mut failed = 0;
        for (name, case) in &self.cases {
            let failures = texts(&report["failures"], name);
            let problems = texts(&report["problems"], name);
            let is_published = tips.contains_key(&format!("extensions/{name} master"));
            let has = |all: &[String], text: &str| all.iter().any(|it| it.contains(text));
            let is_right = match case.sized(self.size).1 {
                Expected::Fails(text) => has(&failures, text) && !is_published,
                Expected::Publishes => failures.is_empty() && is_published,
                Expected::PublishesWith(text) => {
                    failures.is_empty() && is_published && has(&problems, text)
                }
                Expected::PublishesWithout(text) => is_published && has(&problems, text),
            };
            failed += usize::from(!failures.is_empty());
            if !is_right {
                let expected = case.sized(self.size).1;
                complaints.push(format!(
                    "{name}: not {expected:?}: published {is_published}, failures {failures:?}"
                ));
            }
        }
        failed
    }
}

/// The texts of a list of the report about a repository.
fn texts(list: &Value, name: &str) -> Vec<String> {
    let of_it = |entry: &&Value| entry["repository"] == format!("extensions/{name}");
    let entries = list.as_array().into_iter().flatten().filter(of_it);
    entries.map(|it| it["text"].as_str().unwrap_or_default().to_owned()).collect()
}
