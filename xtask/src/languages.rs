//! `cargo xtask languages`: makes the table of languages in `functions/api` from MediaWiki's own files.
//!
//! It takes only facts: which codes exist (names, message files and translations), the fallbacks of
//! each, which codes were renamed, and how BCP 47 writes them. To update the table, unpack a newer
//! MediaWiki (its tarball, or Debian's package with `dpkg-deb -x`) and give its folder. Neither
//! MediaWiki nor PHP has to be installed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, ensure};
use clap::Args;
use xtask::project;

/// Where the table is.
const TABLE: &str = "functions/api/src/language/table.rs";

/// Codes that are not languages: the documentation of messages, and the display of their keys.
const NO_LANGUAGES: [&str; 2] = ["qqq", "qqx"];

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The folder of a MediaWiki: the one with includes/ and languages/
    mediawiki: PathBuf,
    /// Only say whether the table is up to date
    #[arg(long)]
    check: bool,
}

/// Writes the table, or with `--check` compares it.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let table = Languages::read(&options.mediawiki)?.table();
    let path = project::root().join(TABLE);
    if options.check {
        let is_same = fs::read_to_string(&path).is_ok_and(|text| text == table);
        println!("{TABLE} is {}", if is_same { "up to date" } else { "out of date" });
        return Ok(if is_same { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    fs::write(&path, table).with_context(|| format!("cannot write {}", path.display()))?;
    println!("wrote {TABLE}");
    Ok(ExitCode::SUCCESS)
}

/// What MediaWiki says about languages.
struct Languages {
    version: String,
    /// Each code with its fallbacks.
    fallbacks: BTreeMap<String, Vec<String>>,
    /// Old codes with the ones that took their place.
    renamed: BTreeMap<String, String>,
    /// Codes with the tags of BCP 47, where these differ.
    bcp47: BTreeMap<String, String>,
}

impl Languages {
    fn read(mediawiki: &Path) -> Result<Self> {
        // MediaWiki 1.44 or so renamed its folders.
        let text = |paths: &[&str]| {
            let found = paths.iter().find_map(|path| fs::read_to_string(mediawiki.join(path)).ok());
            found.with_context(|| format!("{} has no {}", mediawiki.display(), paths[0]))
        };
        let defines = text(&["includes/Defines.php"])?;
        let codes =
            text(&["includes/language/LanguageCode.php", "includes/Language/LanguageCode.php"])?;
        let names =
            text(&["includes/languages/data/Names.php", "includes/Language/Data/Names.php"])?;
        let settings = text(&["includes/MainConfigSchema.php"])?;

        let version = defines.split_once("'MW_VERSION', '").and_then(|(_, it)| it.split_once('\''));
        let version = version.context("Defines.php has no MW_VERSION")?.0.to_owned();
        let mut renamed = map(&codes, "DEPRECATED_LANGUAGE_CODE_MAPPING = [")?;
        let (_, extra) = settings.split_once("ExtraLanguageCodes = [").unwrap_or_default();
        renamed.extend(map(extra, "'default' => [")?);
        let mut bcp47 = map(&codes, "NON_STANDARD_LANGUAGE_CODE_MAPPING = [")?;
        bcp47.values_mut().for_each(|tag| tag.make_ascii_lowercase());

        let mut fallbacks = message_files(mediawiki)?;
        let listed = ["NAMES = [", "$names = ["].iter().find(|start| names.contains(*start));
        let names = map(&names, listed.context("Names.php has no names")?)?;
        for code in names.into_keys().chain(translations(mediawiki)?) {
            fallbacks.entry(code).or_default();
        }
        fallbacks.retain(|code, _| !NO_LANGUAGES.contains(&code.as_str()));
        let is_code = |code: &str| {
            code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        for code in fallbacks.iter().flat_map(|(code, list)| list.iter().chain([code])) {
            ensure!(is_code(code), "{code:?} is no language code");
        }
        Ok(Self { version, fallbacks, renamed, bcp47 })
    }

    /// The text of the table.
    fn table(&self) -> String {
        let mut out = format!(
            "//! Made by `cargo xtask languages` from MediaWiki {}: `languages/messages/Messages*.php`,\n\
             //! `languages/i18n`, `Names.php`, `LanguageCode.php`, `MainConfigSchema.php`. Not to be edited.\n\n\
             /// Each code with what it falls back to: `$fallback`. `en` comes last by itself.\n\
             #[rustfmt::skip]\n\
             pub(super) const LANGUAGES: &[(&str, &[&str])] = &[\n",
            self.version
        );
        for (code, fallbacks) in &self.fallbacks {
            let fallbacks: Vec<String> = fallbacks.iter().map(|it| format!("{it:?}")).collect();
            let _ = writeln!(out, "    ({code:?}, &[{}]),", fallbacks.join(", "));
        }
        out.push_str("];\n");
        pairs(&mut out, "RENAMED", "Codes that were renamed.", &self.renamed);
        let what = "Codes that BCP 47 writes in another way, with its tag in lower case.";
        pairs(&mut out, "BCP47", what, &self.bcp47);
        out
    }
}

fn pairs(out: &mut String, name: &str, what: &str, pairs: &BTreeMap<String, String>) {
    let _ = write!(
        out,
        "\n/// {what}\n#[rustfmt::skip]\npub(super) const {name}: &[(&str, &str)] = &[\n"
    );
    for (key, value) in pairs {
        let _ = writeln!(out, "    ({key:?}, {value:?}),");
    }
    out.push_str("];\n");
}

/// The pairs of strings in the PHP array that begins with `start`: one pair per line, comments left
/// out.
fn map(php: &str, start: &str) -> Result<BTreeMap<String, String>> {
    let (_, rest) = php.split_once(start).with_context(|| format!("there is no `{start}`"))?;
    let lines = rest.lines().map(str::trim).take_while(|line| !line.starts_with(']'));
    let pairs: BTreeMap<String, String> = lines
        .filter(|line| line.starts_with('\''))
        .filter_map(|line| {
            let mut parts = line.split('\'');
            Some((parts.nth(1)?.to_owned(), parts.nth(1)?.to_owned()))
        })
        .collect();
    ensure!(!pairs.is_empty(), "there is nothing in `{start}`");
    Ok(pairs)
}

/// The codes that have a `MessagesXx.php`, each with the `$fallback` in it.
fn message_files(mediawiki: &Path) -> Result<BTreeMap<String, Vec<String>>> {
    let mut found = BTreeMap::new();
    for path in files(&mediawiki.join("languages/messages"))? {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(name) = name.strip_prefix("Messages").and_then(|name| name.strip_suffix(".php"))
        else {
            continue;
        };
        let text = fs::read_to_string(&path);
        let text = text.with_context(|| format!("cannot read {}", path.display()))?;
        let value =
            fallback(&text).with_context(|| format!("`$fallback` in {}", path.display()))?;
        found.insert(name.to_ascii_lowercase().replace('_', "-"), value);
    }
    Ok(found)
}

/// The codes of `$fallback = 'a, b';`; none where it is `false` or absent.
fn fallback(php: &str) -> Result<Vec<String>> {
    let mut lines = php.lines().filter_map(|line| line.strip_prefix("$fallback"));
    let Some(value) = lines.find_map(|rest| rest.trim_start().strip_prefix('=')) else {
        return Ok(Vec::new());
    };
    let value = value.trim_start();
    if value.starts_with("false;") {
        return Ok(Vec::new());
    }
    let codes = value.strip_prefix('\'').and_then(|rest| rest.split_once("';"));
    let (codes, _) = codes.context("is neither a text nor false")?;
    Ok(codes.split(',').map(|code| code.trim().to_owned()).collect())
}

/// The codes of MediaWiki's own translations.
fn translations(mediawiki: &Path) -> Result<BTreeSet<String>> {
    let files = files(&mediawiki.join("languages/i18n"))?;
    let codes = files.iter().filter(|path| path.extension().is_some_and(|it| it == "json"));
    Ok(codes.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    entries.map(|entry| Ok(entry?.path())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fallbacks_are_read_as_php_has_them() {
        let read = |php| fallback(php).unwrap();
        assert_eq!(
            read("<?php\n$fallback = 'zh-hant, zh,zh-hans'; // T1\n"),
            ["zh-hant", "zh", "zh-hans"]
        );
        assert_eq!(read("$fallback = false;\n"), [""; 0]);
        assert_eq!(read("$fallback8bitEncoding = 'x';\n$namespaceNames = [];\n"), [""; 0]);
        assert!(fallback("$fallback = getIt();").is_err());
        let php = "X = [\n\t// 'no' => 'no',\n\t'als' => 'gsw', // T25215\n\t'b' => 'it\\'s',\n];\n'c' => 'd',";
        let found = map(php, "X = [").unwrap();
        assert_eq!(found.into_keys().collect::<Vec<_>>(), ["als", "b"]);
        assert!(map(php, "Y = [").is_err());
    }

    /// Where Debian puts a MediaWiki.
    #[test]
    fn the_table_is_that_of_an_installed_mediawiki() {
        let installed = Path::new("/usr/share/mediawiki");
        if !installed.is_dir() {
            return;
        }
        let languages = Languages::read(installed).unwrap();
        let table = fs::read_to_string(project::root().join(TABLE)).unwrap();
        if table.contains(&format!("MediaWiki {}:", languages.version)) {
            assert_eq!(table, languages.table());
        } else {
            println!("MediaWiki {} is installed, and the table is of another", languages.version);
        }
    }
}
