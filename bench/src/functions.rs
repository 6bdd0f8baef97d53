//! The components under load, beside what is known to be quick or was proposed instead:
//!
//! - **E**, a component that answers 200 with a short body on the same host;
//! - **N**, nginx serving the same bytes as a file;
//! - **F**, a Flask application with sqlite3 under gunicorn with two workers.
//!
//! The catalogue is a made-up one of 1,500 repositories. Each run beside another follows at once
//! after it, in turns before and behind, and a ratio is the median of those of all rounds: what else
//! happens on the machine meets both.

mod growth;
mod instance;
mod limits;
mod load;

use std::{
    collections::BTreeMap,
    fmt, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{
    cycle::MIB,
    marks::{Mark, Wanted},
    measure::median_by,
    server::{self, Answer},
};
use growth::Growth;
use instance::Start;
use limits::{File, Flask, Nginx};
use load::{Load, Seen};
use xtask::{components, manifest::Application, process, project, serve};

const REPOSITORIES: u32 = 1_500;
const BRANCHES: u32 = 5;

/// How many different repositories are asked for in turn.
const NAMES: usize = 200;

/// Connections for answers of megabytes: enough to keep both processors busy.
const FEW: u32 = 8;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
}

/// What the components are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Limit {
    Bare,
    Flask,
    Nginx,
}

impl Limit {
    fn letter(self) -> &'static str {
        match self {
            Self::Bare => "E",
            Self::Flask => "F",
            Self::Nginx => "N",
        }
    }
}

/// What counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rate {
    Requests,
    Bytes,
}

impl Rate {
    fn of(self, seen: &Seen) -> f64 {
        match self {
            Self::Requests => seen.requests_per_second(),
            Self::Bytes => seen.mb_per_second(),
        }
    }
}

/// Something to measure.
struct Case {
    name: &'static str,
    rate: Rate,
    /// What to ask the components, or why that can't be.
    ours: Result<Load, String>,
    beside: Vec<Beside>,
}

/// What to measure it beside, or why that can't be.
struct Beside {
    limit: Limit,
    load: Result<Load, String>,
    /// How many times its rate is wanted, where that is a mark; beside E also a p99 of at most five
    /// times its own.
    wanted: Option<f64>,
}

/// The most that the 99th percentile may be, of E's.
const P99: f64 = 5.0;

/// Two runs, one after the other.
struct Pair {
    ours: Seen,
    other: Seen,
}

/// What was measured.
pub(crate) struct Functions {
    cases: Vec<(Case, Vec<Vec<Pair>>)>,
    starts: Vec<(&'static str, Start)>,
    /// By component, in bytes.
    memory: BTreeMap<String, f64>,
    /// By file name, in bytes.
    wasm: BTreeMap<String, f64>,
    growth: Growth,
    /// Of `/info/extensions`, in bytes.
    all_bytes: usize,
}

/// Makes the catalogue, starts everybody, and measures.
pub(crate) fn measure(folder: &Path, effort: Effort) -> Result<Functions> {
    let folder = folder.join("functions");
    let data = folder.join("data");
    catalogue(&data, REPOSITORIES, BRANCHES)?;
    let application = Application::derive(&folder, &data, true)?;
    let log = folder.join("host.log");
    let (server, address) = serve::start_host(&application, &log)?;
    let subject = Subject::new(address, &folder)?;
    let nginx = Nginx::start(&folder.join("nginx"), &subject.files(), address);
    let nginx = nginx.map_err(|error| format!("{error:#}"));
    fs::write(folder.join("all.json"), &subject.all.body).context("can't write all.json")?;
    let flask = Flask::start(&folder, &folder.join("all.json"));
    let flask = flask.map_err(|error| format!("{error:#}"));
    let cases = cases(&subject, nginx.as_ref(), flask.as_ref())?;
    let cases = run(cases, effort)?;
    let starts = ["/bare", &subject.one].map(|path| path.to_owned());
    let starts = instance::starts(address, &starts.each_ref().map(String::as_str))?;
    let memory = memory(address, &log, effort)?;
    let has_search = subject.has("/search?q=page")?;
    drop(server);
    let growth = if has_search {
        growth::measure(&folder, effort.rounds, effort.seconds)?
    } else {
        Growth::not_measured("there is no /search")
    };
    Ok(Functions {
        cases,
        starts: ["a component that does nothing", "/info/extensions/NAME"]
            .into_iter()
            .zip(starts)
            .collect(),
        memory,
        wasm: wasm()?,
        growth,
        all_bytes: subject.all.body.len(),
    })
}

/// Makes a catalogue, unless it is there and was made by this generator.
fn catalogue(data: &Path, repositories: u32, branches: u32) -> Result<()> {
    let generator = project::binary("examples/many");
    let time = |path: &Path| fs::metadata(path).and_then(|it| it.modified()).ok();
    if time(&data.join("snapshot.db")) > time(&generator) {
        return Ok(());
    }
    println!("Making a catalogue of {repositories} repositories with {branches} branches each");
    fs::create_dir_all(data).with_context(|| format!("can't create {}", data.display()))?;
    let mut many = Command::new(generator);
    many.arg(data).args(["--repositories", &repositories.to_string()]);
    process::output(many.args(["--branches", &branches.to_string()])).map(drop)
}

/// A file of paths for wrk.
fn paths_file(folder: &Path, name: &str, paths: &[String]) -> Result<PathBuf> {
    let file = folder.join(name);
    let text: String = paths.iter().map(|path| format!("{path}\n")).collect();
    fs::write(&file, text).with_context(|| format!("can't write {}", file.display()))?;
    Ok(file)
}

/// What people and programs may search for: words, beginnings of words, several, other languages,
/// and nothing that is there.
fn searches() -> Vec<String> {
    let words = [
        "edit",
        "cat",
        "feed",
        "search",
        "map",
        "message",
        "par",
        "kategorien",
        "gallery+image",
        "special+page",
        "wiki+templates",
        "s",
        "nothinglikeit",
        "GPL",
        "Garc%C3%ADa",
        "log",
        "%D7%97%D7%99%D7%A4%D7%95%D7%A9",
        "%D0%BF%D0%BE%D0%B8%D1%81%D0%BA",
        "mobile",
        "draft+check",
    ];
    words.map(|word| format!("/search?q={word}")).into()
}

/// The components and what they answer.
struct Subject {
    address: SocketAddr,
    folder: PathBuf,
    /// The path of one repository, and its answer.
    one: String,
    one_answer: Answer,
    /// Of many repositories.
    names: Vec<String>,
    list: Answer,
    all: Answer,
    /// `/info/extensions` compressed, if it is served so.
    gzip: Option<Answer>,
}

/// What makes an answer come compressed.
const GZIP: &str = "Accept-Encoding: gzip";

impl Subject {
    fn new(address: SocketAddr, folder: &Path) -> Result<Self> {
        let get = |path: &str, headers: &[&str]| -> Result<Answer> {
            let answer = server::get_with(&address.to_string(), path, headers)?;
            if answer.status != 200 {
                bail!("{path} is answered with status {}", answer.status);
            }
            Ok(answer)
        };
        let list = get("/list/extensions", &[])?;
        let parsed: Value = serde_json::from_slice(&list.body).context("in /list/extensions")?;
        let all = parsed["extensions"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let all: Vec<&str> = all.collect();
        let step = (all.len() / NAMES).max(1);
        let names: Vec<String> =
            all.iter().step_by(step).take(NAMES).map(|&name| name.to_owned()).collect();
        let hot = names.get(names.len() / 2).context("/list/extensions is empty")?;
        let one = format!("/info/extensions/{hot}");
        let gzip = get("/info/extensions", &[GZIP])?;
        Ok(Self {
            address,
            folder: folder.to_owned(),
            one_answer: get(&one, &[])?,
            one,
            names,
            list,
            all: get("/info/extensions", &[])?,
            gzip: (gzip.header("content-encoding") == Some("gzip")).then_some(gzip),
        })
    }

    /// Whether a path is answered with 200.
    fn has(&self, path: &str) -> Result<bool> {
        Ok(server::get(&self.address.to_string(), path)?.status == 200)
    }

    fn load(&self, path: &str) -> Load {
        Load::new(self.address, path)
    }

    /// Where the endpoint exists.
    fn load_if(&self, path: &str) -> Result<Result<Load, String>> {
        Ok(if self.has(path)? { Ok(self.load(path)) } else { Err("no such endpoint yet".into()) })
    }

    /// What nginx is to serve as files.
    fn files(&self) -> Vec<File> {
        let file = |name, answer: &Answer| File { name, bytes: answer.body.clone() };
        let mut files = vec![
            file("one.json", &self.one_answer),
            file("list.json", &self.list),
            file("all.json", &self.all),
        ];
        files.extend(self.gzip.iter().map(|answer| file("all.json.gz", answer)));
        files
    }
}

type Reached<'a, T> = Result<&'a T, &'a String>;

fn cases(
    subject: &Subject,
    nginx: Reached<'_, Nginx>,
    flask: Reached<'_, Flask>,
) -> Result<Vec<Case>> {
    let mut cases = small(subject, flask)?;
    cases.extend(large(subject, nginx));
    cases.extend(cached(subject, nginx));
    Ok(cases)
}

/// Requests with small answers, beside E and F.
fn small(subject: &Subject, flask: Reached<'_, Flask>) -> Result<Vec<Case>> {
    let bare = |load: Load, wanted| Beside { limit: Limit::Bare, load: Ok(load), wanted };
    let flask = |path: &str, wanted| {
        let load = flask.map(|flask| Load::new(flask.address, path)).map_err(Clone::clone);
        Beside { limit: Limit::Flask, load, wanted }
    };
    let case = |name, ours, beside| Case { name, rate: Rate::Requests, ours, beside };
    let file = |name, prefix: &str| {
        let paths: Vec<String> = subject.names.iter().map(|it| format!("{prefix}{it}")).collect();
        paths_file(&subject.folder, name, &paths)
    };
    let names = file("names", "/info/extensions/")?;
    let bare_names = file("bare-names", "/bare?")?;
    let searches = paths_file(&subject.folder, "searches", &searches())?;
    let e = || subject.load("/bare");
    let (one, list) = (subject.one.as_str(), "/list/extensions");
    let tag = subject.one_answer.header("etag").context("an answer has no ETag")?;
    let hot = one.rsplit('/').next().unwrap_or_default();
    let branches = format!("/r/projects/mediawiki%2Fextensions%2F{hot}/branches");
    let many_flask = {
        let Beside { limit, load, wanted } = flask(one, Some(2.0));
        Beside { limit, load: load.map(|load| load.paths(&names)), wanted }
    };
    let search = subject.load_if("/search?q=page")?.map(|load| load.paths(&searches));
    Ok(vec![
        case(
            "/info/extensions/NAME",
            Ok(subject.load(one)),
            vec![bare(e(), Some(0.7)), flask(one, Some(2.0))],
        ),
        case(
            "/info/extensions/… of 200",
            Ok(subject.load(one).paths(&names)),
            vec![bare(e().paths(&bare_names), Some(0.7)), many_flask],
        ),
        case(
            "/info/extensions/NAME, 304",
            Ok(subject.load(one).header(format!("If-None-Match: {tag}"))),
            vec![bare(e(), Some(0.7)), flask(one, Some(2.0))],
        ),
        case(
            "/info/extensions/NAME?lang=de",
            Ok(subject.load(&format!("{one}?lang=de"))),
            vec![bare(e(), None)],
        ),
        case(list, Ok(subject.load(list)), vec![bare(e(), Some(0.7)), flask(list, Some(2.0))]),
        case(
            "/r/projects/…/branches",
            subject.load_if(&branches)?,
            vec![bare(e(), Some(0.7)), flask(&branches, Some(2.0))],
        ),
        case(
            "/r/projects/?b=master&p=…",
            subject.load_if("/r/projects/?b=master&p=mediawiki/extensions/")?,
            vec![bare(e(), None)],
        ),
        case("/search?q=…", search, vec![bare(e(), Some(0.3))]),
        case("/health", Ok(subject.load("/health")), vec![bare(e(), None)]),
    ])
}

/// Answers of megabytes, beside the same bytes in a file.
fn large(subject: &Subject, nginx: Reached<'_, Nginx>) -> Vec<Case> {
    let path = "/info/extensions";
    let case = |name, headers: &[&str], is_served: bool| {
        let ask = |load: Load| {
            headers.iter().fold(load.connections(FEW), |load, &header| load.header(header))
        };
        let ours = if is_served {
            Ok(ask(subject.load(path)))
        } else {
            Err("it is not served compressed".to_owned())
        };
        let load = nginx.map(|nginx| ask(Load::new(nginx.files, "/all.json")));
        let load = load.map_err(Clone::clone);
        let beside = vec![Beside { limit: Limit::Nginx, load, wanted: Some(0.4) }];
        Case { name, rate: Rate::Bytes, ours, beside }
    };
    vec![
        case("/info/extensions", &[], true),
        case("/info/extensions, gzip", &[GZIP], subject.gzip.is_some()),
    ]
}

/// The same behind nginx with its cache, beside files. Each is asked for once before: of the first
/// clients at once, nginx has all but one wait half a second (`proxy_cache_lock`).
fn cached(subject: &Subject, nginx: Reached<'_, Nginx>) -> Vec<Case> {
    let case = |name, rate, path: &str, file: &str, connections| {
        let load = |address: fn(&Nginx) -> SocketAddr, path: &str| {
            let load = nginx.map(|nginx| Load::new(address(nginx), path).connections(connections));
            load.map_err(Clone::clone)
        };
        let ours = load(|nginx| nginx.cache, path).and_then(|load| {
            let answer = server::get(&load.address.to_string(), path);
            answer.map(|_| load).map_err(|error| format!("{error:#}"))
        });
        let file = load(|nginx| nginx.files, file);
        let beside = vec![Beside { limit: Limit::Nginx, load: file, wanted: Some(0.8) }];
        Case { name, rate, ours, beside }
    };
    let requests = Rate::Requests;
    vec![
        case("/info/extensions/NAME, cache", requests, &subject.one, "/one.json", 32),
        case("/list/extensions, cache", requests, "/list/extensions", "/list.json", 32),
        case("/info/extensions, cache", Rate::Bytes, "/info/extensions", "/all.json", FEW),
    ]
}

/// All rounds of all cases: for each case and limit the pairs of runs.
fn run(cases: Vec<Case>, effort: Effort) -> Result<Vec<(Case, Vec<Vec<Pair>>)>> {
    let mut seen: Vec<(Case, Vec<Vec<Pair>>)> = Vec::new();
    for case in cases {
        let beside = case.beside.iter().map(|_| Vec::new()).collect();
        seen.push((case, beside));
    }
    for round in 1..=effort.rounds {
        println!("Loading everything, round {round} of {}", effort.rounds);
        for (case, pairs) in &mut seen {
            let Ok(ours) = &case.ours else { continue };
            for (beside, pairs) in case.beside.iter().zip(pairs) {
                let Ok(other) = &beside.load else { continue };
                // In turns, since a run may leave something behind.
                pairs.push(if round % 2 == 0 {
                    let other = other.run(effort.seconds)?;
                    Pair { ours: ours.run(effort.seconds)?, other }
                } else {
                    let ours = ours.run(effort.seconds)?;
                    Pair { ours, other: other.run(effort.seconds)? }
                });
            }
        }
    }
    Ok(seen)
}

/// The memory of instances once many clients have asked for all repositories at once.
fn memory(address: SocketAddr, log: &Path, effort: Effort) -> Result<BTreeMap<String, f64>> {
    println!("Asking for all repositories on 32 connections, for the memory of an instance");
    Load::new(address, "/info/extensions").run(effort.seconds.max(3.0))?;
    // An instance is reported when it ends.
    thread::sleep(Duration::from_secs(2));
    instance::memory(log)
}

/// The sizes of the components.
fn wasm() -> Result<BTreeMap<String, f64>> {
    let mut sizes = BTreeMap::new();
    for package in components::packages()? {
        let name = format!("{}.wasm", package.replace('-', "_"));
        let path = project::target("wasm32-wasip2/component").join(&name);
        let metadata =
            fs::metadata(&path).with_context(|| format!("can't read {}", path.display()))?;
        #[expect(clippy::cast_precision_loss, reason = "for people to read")]
        sizes.insert(name, metadata.len() as f64);
    }
    Ok(sizes)
}

/// What the pairs of a case and a limit come to.
struct Ratio {
    ours: Seen,
    other: Seen,
    rate: f64,
    p99: f64,
}

impl Ratio {
    fn new(rate: Rate, pairs: &[Pair]) -> Option<Self> {
        let median = |ratio: &dyn Fn(&Pair) -> f64| {
            median_by(pairs.iter().map(ratio).collect(), |it: &f64| *it)
        };
        Some(Self {
            rate: median(&|pair| rate.of(&pair.ours) / rate.of(&pair.other))?,
            p99: median(&|pair| pair.ours.p99_ms / pair.other.p99_ms)?,
            ours: Seen::middle(&pairs.iter().map(|pair| &pair.ours).collect::<Vec<_>>()),
            other: Seen::middle(&pairs.iter().map(|pair| &pair.other).collect::<Vec<_>>()),
        })
    }
}

impl Case {
    /// Why there is nothing to say of a limit, or what there is.
    fn ratio(&self, beside: &Beside, pairs: &[Pair]) -> Result<Ratio, String> {
        self.ours.as_ref().map_err(Clone::clone)?;
        beside.load.as_ref().map_err(Clone::clone)?;
        let ratio = Ratio::new(self.rate, pairs).ok_or("there were no rounds")?;
        match ratio.ours.errors + ratio.other.errors {
            0.0 => Ok(ratio),
            errors => Err(format!("{errors} answers were errors")),
        }
    }
}

impl Functions {
    /// Each case with each limit.
    fn ratios(&self) -> impl Iterator<Item = (&Case, &Beside, Result<Ratio, String>)> {
        self.cases.iter().flat_map(|(case, pairs)| {
            let beside = case.beside.iter().zip(pairs);
            beside.map(move |(beside, pairs)| (case, beside, case.ratio(beside, pairs)))
        })
    }

    pub(crate) fn json(&self) -> Value {
        let ratios = self.ratios().map(|(case, beside, ratio)| {
            let (name, limit) = (case.name, beside.limit.letter());
            match ratio {
                Ok(Ratio { ours, other, rate, p99 }) => json!({
                    "case": name, "limit": limit, "ours": ours.json(), "other": other.json(),
                    "ratio": rate, "p99_ratio": p99,
                }),
                Err(why) => json!({ "case": name, "limit": limit, "why_not_measured": why }),
            }
        });
        let starts = self.starts.iter().map(|(name, start)| ((*name).to_owned(), start.json()));
        json!({
            "repositories": REPOSITORIES, "branches": BRANCHES,
            "info_extensions_bytes": self.all_bytes,
            "loads": ratios.collect::<Value>(),
            "first_requests": Value::Object(starts.collect()),
            "instance_memory_bytes": self.memory, "wasm_bytes": self.wasm,
            "searches": self.growth.json(),
        })
    }

    pub(crate) fn marks(&self) -> Vec<Mark> {
        let mut marks = Vec::new();
        for (case, beside, ratio) in self.ratios() {
            let Some(wanted) = beside.wanted else { continue };
            let what = match case.rate {
                Rate::Requests => "requests/s",
                Rate::Bytes => "MB/s",
            };
            let name =
                |what: &str| format!("{}: {what}, of {}'s", case.name, beside.limit.letter());
            let seen = |number: fn(&Ratio) -> f64| ratio.as_ref().map(number).map_err(Clone::clone);
            marks.push(Mark::new(name(what), Wanted::AtLeast(wanted), "×", seen(|it| it.rate)));
            if beside.limit == Limit::Bare && case.rate == Rate::Requests && wanted > 0.5 {
                marks.push(Mark::new(name("p99"), Wanted::AtMost(P99), "×", seen(|it| it.p99)));
            }
        }
        let memory = self.memory.get("info").map(|bytes| bytes / MIB);
        marks.push(Mark::new(
            "/info/extensions: memory of an instance",
            Wanted::AtMost(64.0),
            "MiB",
            memory.ok_or_else(|| "no instance ended".to_owned()),
        ));
        let wasm = self.wasm.values().sum::<f64>() / 1e6;
        marks.push(Mark::new(".wasm files together", Wanted::AtMost(2.0), "MB", Ok(wasm)));
        marks.extend(self.growth.marks());
        marks
    }
}

impl fmt::Display for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{REPOSITORIES} repositories of {BRANCHES} branches; /info/extensions has {:.2} MB. \
             Each row is a pair of runs in turns, medians of all rounds;\n\
             E: a component that does nothing, F: Flask, N: nginx with files\n",
            self.all_bytes as f64 / 1e6
        )?;
        let width = self.cases.iter().map(|(case, _)| case.name.chars().count()).max();
        let width = width.unwrap_or_default();
        writeln!(
            f,
            "{:width$}  {:>10} {:>8} {:>8} {:>8}   {:>4} {:>10} {:>8} {:>8} {:>8}   {:>6} {:>6}",
            "",
            "requests/s",
            "p50 ms",
            "p99 ms",
            "MB/s",
            "",
            "requests/s",
            "p50 ms",
            "p99 ms",
            "MB/s",
            "ratio",
            "p99"
        )?;
        for (case, beside, ratio) in self.ratios() {
            write!(f, "{:width$}  ", case.name)?;
            match ratio {
                Ok(Ratio { ours, other, rate, p99 }) => {
                    columns(f, &ours)?;
                    write!(f, "   {:>4} ", beside.limit.letter())?;
                    columns(f, &other)?;
                    writeln!(f, "   {rate:>6.2} {p99:>6.2}")?;
                }
                Err(why) => writeln!(f, "beside {}: not measured: {why}", beside.limit.letter())?,
            }
        }
        writeln!(f)?;
        for (name, start) in &self.starts {
            writeln!(
                f,
                "First request to a new instance, {name}: {:.2} ms, to one that is there {:.2} ms: \
                 a new instance costs {:.2} ms",
                start.cold_ms,
                start.warm_ms,
                start.cost_ms()
            )?;
        }
        for (name, bytes) in &self.memory {
            writeln!(f, "Most memory of an instance of {name}: {:.1} MiB", bytes / MIB)?;
        }
        let kb: Vec<String> =
            self.wasm.iter().map(|(name, bytes)| format!("{name} {:.0} kB", bytes / 1e3)).collect();
        writeln!(f, "{}", kb.join(", "))?;
        write!(f, "{}", self.growth)
    }
}

fn columns(f: &mut fmt::Formatter<'_>, seen: &Seen) -> fmt::Result {
    write!(
        f,
        "{:>10.0} {:>8.2} {:>8.2} {:>8.1}",
        seen.requests_per_second(),
        seen.p50_ms,
        seen.p99_ms,
        seen.mb_per_second()
    )
}
