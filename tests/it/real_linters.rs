//! The companion extension under the linters of Wikimedia's extensions, with their configurations: banana-checker for
//! the messages, eslint, stylelint; and `php -l`.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A copy of the extension, beside the tools: their configurations are looked for in `node_modules`.
fn copy() -> TempDir {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = TempDir::new().unwrap();
    let mut copy = Command::new("cp");
    copy.arg("-r").arg(workspace.join("mediawiki/Tardist/.")).arg(folder.path());
    assert!(copy.status().unwrap().success());
    let tools = workspace.join("target/wikimedia-linters/node_modules");
    assert!(tools.is_dir(), "{} is missing: run `cargo xtask test`", tools.display());
    std::os::unix::fs::symlink(tools, folder.path().join("node_modules")).unwrap();
    folder
}

/// Runs a program in the folder. It fails the test if it complains.
#[track_caller]
fn is_content(folder: &Path, program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{program} {arguments:?}:\n{}",
        String::from_utf8_lossy(&text)
    );
}

fn php_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| path.extension().is_some_and(|end| end == "php"));
    files.chain(folders.iter().flat_map(|folder| php_files(folder))).collect()
}

#[test]
fn messages_scripts_and_styles_are_as_wikimedia_wants_them() {
    let folder = copy();
    let node = |tool: &str, arguments: &[&str]| {
        let tool = format!("node_modules/{tool}");
        is_content(folder.path(), "node", &[&[&*tool], arguments].concat());
    };
    let all = ["--max-warnings", "0"];
    node(
        "eslint/bin/eslint.js",
        &[&all[..], &["--ext", ".js,.json", "--ignore-pattern", "node_modules", "."]].concat(),
    );
    node("stylelint/bin/stylelint.mjs", &[&all[..], &["resources/*.less"]].concat());
    for messages in ["i18n/", "i18n/api/"] {
        node("grunt-banana-checker/src/cli.js", &[messages]);
    }
}

#[test]
fn php_parses_each_file() {
    let folder = copy();
    let files: Vec<_> =
        ["src", "tests"].iter().flat_map(|it| php_files(&folder.path().join(it))).collect();
    assert!(files.len() > 8, "{files:?}");
    for file in files {
        is_content(folder.path(), "php", &["-l", file.to_str().unwrap()]);
    }
}
