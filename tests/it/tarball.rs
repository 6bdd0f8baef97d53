//! Tarballs: their members, and that a commit always gives the same bytes.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use tardist_tests::{File, Member, TestEnv, files, members};

/// The members by path. Fails the test unless they follow the rules for all tarballs.
#[track_caller]
fn read(file: &Path, name: &str) -> BTreeMap<String, Member> {
    let members = members(file);
    assert_eq!(members[0].path, format!("{name}/"), "the first member is the top folder");
    let mut seen: BTreeMap<String, Member> = BTreeMap::new();
    for member in members {
        let path = member.path.clone();
        assert!(path.starts_with(&format!("{name}/")), "{path} is outside");
        assert!(path.split('/').all(|part| !matches!(part, ".git" | ".." | ".")), "{path}");
        let parent = path.trim_end_matches('/').rsplit_once('/').map(|(parent, _)| parent);
        let has_parent = parent.is_none_or(|parent| seen.contains_key(&format!("{parent}/")));
        assert!(has_parent, "{path} comes before its folder");
        assert_eq!(member.owner, (0, 0), "{path}");
        match &member.bytes {
            None => assert!(path.ends_with('/') && member.mode == 0o755, "{member:?}"),
            Some(_) => assert!(matches!(member.mode, 0o644 | 0o755), "{member:?}"),
        }
        assert_eq!(seen.insert(path.clone(), member), None, "{path} is there twice");
    }
    seen
}

fn text(members: &BTreeMap<String, Member>, path: &str) -> String {
    let member = members.get(path).unwrap_or_else(|| panic!("{path} is missing"));
    String::from_utf8(member.bytes.clone().unwrap()).unwrap()
}

#[test]
fn the_same_commit_gives_the_same_bytes_at_another_time_in_another_place() {
    let env = TestEnv::sample();
    let other = env.folder().join("other");
    env.sync(&["--jobs", "1"]).exits(0);
    sleep(Duration::from_millis(1_100));
    env.sync(&["--jobs", "8", "--data", other.to_str().unwrap()]).exits(0);
    let dist = files(&env.data().join("dist"));
    // 32 tarballs, and the checksums and the list of each kind.
    assert_eq!(dist.len(), 36);
    assert!(dist == files(&other.join("dist")));
}

#[test]
fn a_tarball_has_the_tree_and_the_version_files_of_the_existing_service() {
    let env = TestEnv::sample();
    env.sync(&["--only", "extensions/SampleGreeting"]).exits(0);
    let commit = &env.tips()["extensions/SampleGreeting REL1_45"];
    let file = env.tarball("extensions/SampleGreeting", "REL1_45");
    let name = file.file_name().unwrap().to_str().unwrap();
    assert_eq!(name, format!("SampleGreeting-REL1_45-{}.tar.gz", &commit[..7]));

    let members = read(&file, "SampleGreeting");
    // The date of the commit on the release branch of the sample: 2025-10-09, 09:53:20.
    assert!(members.values().all(|member| member.mtime == 1_760_003_600));
    let paths: Vec<&str> = members.keys().map(|path| &path["SampleGreeting/".len()..]).collect();
    let expected = [
        "",
        ".gitreview",
        "extension.json",
        "gitinfo.json",
        "i18n/",
        "i18n/api/",
        "i18n/api/en.json",
        "i18n/de.json",
        "i18n/en.json",
        "i18n/he.json",
        "i18n/qqq.json",
        "i18n/zh-hant.json",
        "includes/",
        "includes/Hooks.php",
        "version",
    ];
    assert_eq!(paths, expected);
    assert!(text(&members, "SampleGreeting/extension.json").contains("\"version\": \"1.2.0\""));
    assert_eq!(
        text(&members, "SampleGreeting/version"),
        format!("SampleGreeting: REL1_45\n2025-10-09T09:53:20\n\n{}\n", &commit[..7])
    );
    let remote = format!("{}/mediawiki/extensions/SampleGreeting", env.server.url());
    assert_eq!(
        text(&members, "SampleGreeting/gitinfo.json"),
        format!(
            r#"{{"head": "{commit}\n", "headSHA1": "{commit}\n", "headCommitDate": "1760003600", "branch": "{commit}\n", "remoteURL": "{remote}"}}"#
        )
    );
    // The gzip header has no time and no name, so that the bytes are reproducible.
    assert_eq!(std::fs::read(&file).unwrap()[..8], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
}

#[test]
fn a_submodule_is_included_at_the_commit_that_is_pinned() {
    let env = TestEnv::sample();
    env.sync(&["--only", "extensions/SampleChart"]).exits(0);
    let with = read(&env.tarball("extensions/SampleChart", "master"), "SampleChart");
    assert!(text(&with, "SampleChart/lib/plot/plot.js").contains("Plot 1.0"));
    assert!(with.contains_key("SampleChart/.gitmodules"));
    let without = read(&env.tarball("extensions/SampleChart", "REL1_43"), "SampleChart");
    assert!(!without.keys().any(|path| path.contains("/lib")));
    env.tardist(&["verify"]).exits(0);
}

#[test]
fn a_link_becomes_its_target_or_is_left_out_and_named() {
    let env = TestEnv::sample();
    let circles = [
        ("circle/one", File::symlink("two")),
        ("circle/two", File::symlink("one")),
        ("circle/here", File::symlink(".")),
        ("circle/top", File::symlink("..")),
        ("circle/git", File::symlink("../.git/config")),
        ("circle/itself", File::symlink("itself")),
    ];
    env.commit("extensions/SampleLinks", "master", &circles);
    env.sync(&["--only", "extensions/SampleLinks"]).exits(0);
    let members = read(&env.tarball("extensions/SampleLinks", "master"), "SampleLinks");
    let same = |one: &str, other: &str| {
        let [one, other] = [one, other].map(|path| text(&members, &format!("SampleLinks/{path}")));
        assert_eq!(one, other);
    };
    same("README.md", "docs/README.md");
    same("resources/current/links.css", "resources/v2/links.css");
    assert_eq!(members["SampleLinks/bin/check.sh"].mode, 0o755);
    let status = env.tardist(&["status", "-v"]);
    status.exits(0);
    let left_out = ["resources/next", "docs/neighbour", "docs/hosts"].into_iter();
    for link in left_out.chain(circles.iter().map(|(path, _)| *path)) {
        assert!(!members.keys().any(|it| it.contains(link)), "{link}");
        status.says(&[&format!("link {link} ")]);
    }
    assert!(members.contains_key("SampleLinks/circle/"));
}

#[test]
fn names_that_would_lead_out_of_the_folder_never_appear() {
    let env = TestEnv::empty();
    let text = || File::text("evil");
    env.commit(
        "extensions/Evil",
        "master",
        &[
            ("extension.json", File::text("{}")),
            ("../up.txt", text()),
            ("a/../../up.txt", text()),
            ("./dot.txt", text()),
            (".git/config", text()),
            ("a/.git/hooks/pre-commit", text()),
            ("b/.git", text()),
            ("c/fine.txt", File::text("fine")),
            ("version", text()),
            ("gitinfo.json/inside", text()),
        ],
    );
    env.sync(&[]).exits(0);
    let members = read(&env.tarball("extensions/Evil", "master"), "Evil");
    let paths: Vec<&str> = members.keys().map(|path| &path["Evil/".len()..]).collect();
    let expected =
        ["", "a/", "b/", "c/", "c/fine.txt", "extension.json", "gitinfo.json", "version"];
    assert_eq!(paths, expected);
    assert!(members.values().all(|member| member.bytes.as_deref() != Some(b"evil")));
    let says = ["no file can have that name", "the folder gitinfo.json is left out"];
    env.tardist(&["status", "-v"]).says(&says);
}

#[test]
fn long_and_unusual_file_names_are_kept() {
    let env = TestEnv::empty();
    let long = format!("{}/{}.txt", "folder".repeat(30), "file".repeat(40));
    let odd = "Ünï cödé \"quoted\" \n newline.txt";
    let files = [(long.as_str(), File::text("long")), (odd, File::text("odd"))];
    env.commit("skins/Odd", "master", &files);
    env.sync(&[]).exits(0);
    let members = read(&env.tarball("skins/Odd", "master"), "Odd");
    assert_eq!(self::text(&members, &format!("Odd/{long}")), "long");
    assert_eq!(self::text(&members, &format!("Odd/{odd}")), "odd");
}
