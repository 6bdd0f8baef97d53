//! Finds out which tests can run: some need real servers and programs, such as Gerrit, nginx, Podman, Chromium or
//! MediaWiki, or programs that unpack tarballs. [`ALL`] has them.
//! Gerrit is fetched by Maven, Schemathesis, moto and kubernetes-validate by pip, axe-core and the linters by npm, and MediaWiki 1.43 and
//! promtool by apt, once.
//!
//! A test never passes without the program that it needs. If a program is missing, its tests are left
//! out by name and a message says so; with `--all` it is an error. The module of a test says what it
//! needs: its name is in [`ALL`]. Only those of [`BUILT`] may be left out with `--all`, too.
//!
//! `real_metadata` needs real manifests and messages. They are texts of others, which this project does
//! not contain. Where they are missing, its tests are left out by name, with `--all` too.

use std::{env, ffi::OsString, fs, path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, bail, ensure};

use xtask::{
    garage, gitea, mediawiki, npm,
    process::{self, Process},
    project, prometheus, python,
};

/// The oldest Java that runs the Gerrit of `tests/gerrit/pom.xml`.
const JAVA: u32 = 17;

/// The tests of real metadata, and its folder from the root of the project.
const METADATA: (&str, &str) = ("real_metadata", "../shared/data/metadata");

/// The variables with the folders of the real ExtensionDistributor, which no registry has: its branch, and the tests
/// that take a stand-in without it.
const DISTRIBUTORS: [(&str, &str, &str); 2] = [
    ("TARDIST_ED_DIR", "REL1_43", "real_companion"),
    ("TARDIST_ED_1_39_DIR", "REL1_39", "real_mediawiki_distributor"),
];

/// A server that takes minutes to build, so that it may be missing even if all tests are wanted.
struct Built {
    name: &'static str,
    /// The module with its tests.
    tests: &'static str,
    /// Whether it was built in its folder below `target/`, where the tests look for it.
    is_built: fn() -> bool,
    /// What builds it.
    command: &'static str,
}

const BUILT: [Built; 2] = [
    Built {
        name: "Gitea",
        tests: "real_gitea",
        is_built: || gitea::is_built(&project::target("gitea")),
        command: "`cargo xtask test --gitea` does that, once, with Go",
    },
    Built {
        name: "Garage",
        tests: "real_garage",
        is_built: || garage::is_built(&project::target("garage")),
        command: "`cargo xtask test --garage` does that, once",
    },
];

/// How long Maven may take: it downloads 90 MB the first time.
const FETCH_LIMIT: Duration = Duration::from_secs(600);

/// A program that tests run against.
struct Real {
    name: &'static str,
    /// The module with its tests, or the start of their names.
    tests: &'static str,
    /// The names of its programs.
    programs: &'static [&'static str],
    /// The Debian packages that have them.
    packages: &'static str,
    /// What to do before the tests.
    prepare: fn() -> Result<()>,
}

const ALL: [Real; 22] = [
    Real {
        name: "Gerrit",
        tests: "real_gerrit",
        programs: &["java", "mvn"],
        packages: "default-jre-headless maven",
        prepare: fetch_gerrit,
    },
    Real {
        name: "Podman",
        tests: "real_podman",
        programs: &["podman", "runc", "nginx", "ldd"],
        packages: "podman runc nginx-light",
        prepare: || Ok(()),
    },
    Real {
        name: "systemd-analyze",
        tests: "real_systemd",
        programs: &["systemd-analyze"],
        packages: "systemd",
        prepare: || Ok(()),
    },
    Real {
        name: "ext4 on a loop device",
        tests: "real_ext4",
        programs: &["mkfs.ext4", "mount", "xfs_io"],
        packages: "e2fsprogs mount xfsprogs",
        prepare: look_for_loop_devices,
    },
    Real {
        name: "nginx with git http-backend",
        tests: "real_nginx",
        programs: &["nginx", "fcgiwrap"],
        packages: "nginx-light fcgiwrap",
        prepare: || Ok(()),
    },
    Real {
        name: "Chromium",
        tests: "real_chromium",
        programs: &["chromium", "chromedriver"],
        packages: "chromium chromium-driver",
        prepare: || Ok(()),
    },
    Real {
        name: "axe-core in Chromium",
        tests: "real_axe",
        programs: &["chromium", "chromedriver", "npm"],
        packages: "chromium chromium-driver npm",
        prepare: install_axe,
    },
    Real {
        name: "Grafana's types",
        tests: "real_grafana",
        programs: &["node", "npm"],
        packages: "npm",
        prepare: install_grafana,
    },
    Real {
        name: "Composer",
        tests: "real_composer",
        programs: &["composer", "php"],
        packages: "composer php-cli",
        prepare: || Ok(()),
    },
    Real {
        name: "MediaWiki",
        tests: "real_mediawiki",
        programs: &["php"],
        packages: "mediawiki php-cli php-intl php-mbstring php-sqlite3 php-xml",
        prepare: look_for_mediawiki,
    },
    Real {
        name: "MediaWiki 1.43, Chromium with axe-core, and PHPUnit",
        tests: "real_companion",
        programs: &["php", "phpunit", "chromium", "chromedriver", "npm", "apt-get", "dpkg-deb"],
        packages: "php-cli php-intl php-mbstring php-sqlite3 php-xml phpunit chromium chromium-driver npm",
        prepare: prepare_companion,
    },
    Real {
        name: "PHP and the linters of Wikimedia",
        tests: "real_linters",
        programs: &["php", "node", "npm"],
        packages: "php-cli npm",
        prepare: install_linters,
    },
    Real {
        name: "Schemathesis",
        tests: "real_schemathesis",
        programs: &["python3"],
        packages: "python3-venv",
        prepare: install_schemathesis,
    },
    Real {
        name: "promtool and node_exporter",
        tests: "real_promtool",
        programs: &["apt-get", "dpkg-deb"],
        packages: "apt dpkg",
        prepare: fetch_prometheus,
    },
    Real {
        name: "S3 server (moto)",
        tests: "real_s3",
        programs: &["python3"],
        packages: "python3-venv",
        prepare: python::install_s3,
    },
    Real {
        name: "the schemas of Kubernetes",
        tests: "real_kubernetes",
        programs: &["python3"],
        packages: "python3-venv",
        prepare: install_kubernetes,
    },
    Real {
        name: "minisign",
        tests: "real_minisign",
        programs: &["minisign"],
        packages: "minisign",
        prepare: || Ok(()),
    },
    unpacker("GNU tar", "real_gnu_tar", &["tar"], "tar"),
    unpacker("bsdtar", "real_bsdtar", &["bsdtar"], "libarchive-tools"),
    unpacker("busybox", "real_busybox", &["busybox"], "busybox"),
    unpacker("PharData", "real_phar_data", &["php"], "php-cli"),
    unpacker("Python", "real_python", &["python3"], "python3"),
];

/// A program that unpacks tarballs. `tests` is a test of `builder/tests/unpackers.rs`.
const fn unpacker(
    name: &'static str,
    tests: &'static str,
    programs: &'static [&'static str],
    packages: &'static str,
) -> Real {
    Real { name, tests, programs, packages, prepare: || Ok(()) }
}

/// Prepares the programs and returns the modules of the tests to leave out. Prints a reason for each;
/// with `all` that is an error.
pub(crate) fn prepare(all: bool) -> Result<Vec<&'static str>> {
    let path = project::server_path()?;
    let mut left_out = Vec::new();
    let mut reasons = Vec::new();
    for real in &ALL {
        let missing = missing(real.programs, &path);
        let prepared = if missing.is_empty() {
            (real.prepare)()
        } else {
            let packages = real.packages;
            let missing = missing.join(", ");
            Err(anyhow::anyhow!("not found: {missing} (Debian: apt-get install {packages})"))
        };
        if let Err(error) = prepared {
            left_out.push(real.tests);
            reasons.push(format!("{} ({}): {error:#}", real.name, real.tests));
        }
    }
    if all && !reasons.is_empty() {
        bail!("all tests are wanted, but some cannot run:\n  {}", reasons.join("\n  "));
    }
    for Built { name, tests, command, .. } in BUILT.iter().filter(|it| !(it.is_built)()) {
        left_out.push(tests);
        reasons.push(format!("{name} ({tests}): not built: {command}"));
    }
    for reason in reasons {
        eprintln!("xtask: LEFT OUT, the tests with a real {reason}");
    }
    let (tests, folder) = METADATA;
    if !project::root().join(folder).is_dir() {
        left_out.push(tests);
        eprintln!("xtask: LEFT OUT, the tests with real metadata ({tests}): there is no {folder}");
    }
    for (variable, branch, tests) in DISTRIBUTORS {
        if env::var_os(variable).is_none() {
            eprintln!(
                "xtask: LEFT OUT, the real ExtensionDistributor {branch}: {variable} does not name its folder, so \
                 {tests} takes a stand-in"
            );
        }
    }
    Ok(left_out)
}

/// Whether this user may have a disk of its own.
fn look_for_loop_devices() -> Result<()> {
    let path = Path::new("/dev/loop-control");
    let opened = fs::OpenOptions::new().write(true).open(path);
    opened.map(drop).with_context(|| format!("needs root, and {}", path.display()))
}

/// Whether Debian's MediaWiki is there, with all of PHP that it needs. The tests install a wiki of it for
/// themselves.
fn look_for_mediawiki() -> Result<()> {
    let file = Path::new("/usr/share/mediawiki/includes/Defines.php");
    ensure!(file.is_file(), "not found: {} (Debian: apt-get install mediawiki)", file.display());
    look_for_php()
}

/// Puts MediaWiki 1.43 into `target/mediawiki-1.43/`, and axe-core into its folder, unless they are there already.
fn prepare_companion() -> Result<()> {
    look_for_php()?;
    install_axe()?;
    mediawiki::install(&project::target("mediawiki-1.43"))
}

/// Puts promtool and node_exporter into `target/prometheus/`, unless they are there already.
fn fetch_prometheus() -> Result<()> {
    prometheus::install(&project::target("prometheus"))
}

fn look_for_php() -> Result<()> {
    let modules = process::output(Command::new("php").arg("-m"))?.to_lowercase();
    for module in ["dom", "intl", "mbstring", "pdo_sqlite"] {
        ensure!(modules.lines().any(|line| line == module), "PHP has no {module}");
    }
    Ok(())
}

fn missing<'a>(programs: &[&'a str], path: &OsString) -> Vec<&'a str> {
    let is_there =
        |program: &str| env::split_paths(path).any(|folder| folder.join(program).is_file());
    programs.iter().copied().filter(|program| !is_there(program)).collect()
}

/// Fetches Gerrit into `target/gerrit/`, where the tests look for it, unless it is there already.
fn fetch_gerrit() -> Result<()> {
    check_java()?;
    let pom = project::root().join("tests/gerrit/pom.xml");
    let wanted = fs::read(&pom).with_context(|| format!("cannot read {}", pom.display()))?;
    let folder = project::target("gerrit");
    // Written last: if it is there, so is everything else.
    let stamp = folder.join("pom.xml");
    if fs::read(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    let draft = project::target("gerrit.unfinished");
    for old in [&folder, &draft] {
        if old.exists() {
            fs::remove_dir_all(old).with_context(|| format!("cannot remove {}", old.display()))?;
        }
    }
    eprintln!("xtask: Maven fetches Gerrit into {} (90 MB)", folder.display());
    run_maven(&pom, &draft)?;
    fs::write(draft.join("pom.xml"), wanted)
        .and_then(|()| fs::rename(&draft, &folder))
        .with_context(|| format!("cannot put {} in place", folder.display()))
}

fn run_maven(pom: &Path, folder: &Path) -> Result<()> {
    let mut maven = Command::new("mvn");
    maven.args(["--batch-mode", "--quiet", "--file"]).arg(pom);
    maven.arg("dependency:copy-dependencies");
    maven.arg(format!("-DoutputDirectory={}", folder.display()));
    let Some(status) = Process::start(&mut maven)?.wait_for(FETCH_LIMIT)? else {
        bail!("Maven did not end within {} s; is there a network?", FETCH_LIMIT.as_secs());
    };
    if !status.success() {
        bail!(
            "Maven could not fetch Gerrit ({status}), see above: it needs a network, once, or a \
             mirror in its settings.xml"
        );
    }
    Ok(())
}

/// Makes `target/schemathesis/`, a virtual environment of Python, unless it is there already.
fn install_schemathesis() -> Result<()> {
    let requirements = project::root().join("tests/schemathesis/requirements.txt");
    python::install("Schemathesis", &requirements, &project::target("schemathesis"))
}

/// Makes `target/kubernetes/`, likewise.
fn install_kubernetes() -> Result<()> {
    let requirements = project::root().join("tests/kubernetes/requirements.txt");
    python::install("kubernetes-validate", &requirements, &project::target("kubernetes"))
}

/// Puts axe-core into `target/axe/`, unless it is there already.
fn install_axe() -> Result<()> {
    npm::install(
        "axe-core",
        &project::root().join("tests/axe/package.json"),
        &project::target("axe"),
    )
}

/// Puts Grafana's types and the compiler of TypeScript into `target/grafana/`, unless they are there already.
fn install_grafana() -> Result<()> {
    npm::install(
        "Grafana's types",
        &project::root().join("tests/grafana/package.json"),
        &project::target("grafana"),
    )
}

/// Puts the linters of Wikimedia's extensions into `target/wikimedia-linters/`, unless they are there already.
fn install_linters() -> Result<()> {
    npm::install(
        "the linters of Wikimedia",
        &project::root().join("tests/wikimedia-linters/package.json"),
        &project::target("wikimedia-linters"),
    )
}

fn check_java() -> Result<()> {
    let text = process::output(Command::new("java").arg("--version"))
        .with_context(|| format!("Java {JAVA} or newer is needed"))?;
    match java_version(&text) {
        Some(version) if version >= JAVA => Ok(()),
        Some(version) => bail!("Java {JAVA} or newer is needed, and this is Java {version}"),
        None => bail!("Java {JAVA} or newer is needed, and `java --version` says {text:?}"),
    }
}

/// The first number in what `java --version` says: `openjdk 17.0.15 2025-04-15`.
fn java_version(text: &str) -> Option<u32> {
    let word =
        text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let end = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
    word[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_java_is_read() {
        let debian = "openjdk 17.0.15 2025-04-15\nOpenJDK Runtime Environment (build 17.0.15+6)";
        assert_eq!(java_version(debian), Some(17));
        assert_eq!(java_version("java 21 2023-09-19 LTS"), Some(21));
        assert_eq!(java_version("openjdk 25-ea 2025-09-16"), Some(25));
        assert_eq!(java_version("Unrecognized option"), None);
    }

    #[test]
    fn a_program_that_is_nowhere_is_missing() {
        let path = env::var_os("PATH").unwrap();
        assert_eq!(
            missing(&["git", "tardist-is-no-such-program"], &path),
            ["tardist-is-no-such-program"]
        );
        assert_eq!(missing(&["git"], &OsString::from("/nowhere")), ["git"]);
    }
}
