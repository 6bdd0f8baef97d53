//! Manifests and messages: what is read of them, and what would be published.

use sample_upstream::raw::Entry;

use crate::hostile::case::Expected::{Fails, Publishes, PublishesWith};
use crate::hostile::case::{Case, PLAIN};
use crate::hostile::maker::Maker;

const MIB: usize = 1 << 20;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "message_bomb",
        about: "a message of 4,096 × $1, whose parameter in the manifest has 3.9 MB: 16 GB of text",
        make: message_bomb,
        short: (1_900_000, PublishesWith("descriptionmsg")),
        full: (3_900_000, PublishesWith("")),
        ..PLAIN
    },
    Case {
        name: "message_bomb_small",
        about: "the same with a parameter of 10 kB: 40 MB of description",
        make: message_bomb,
        short: (10_000, PublishesWith("descriptionmsg")),
        full: (10_000, PublishesWith("descriptionmsg")),
        ..PLAIN
    },
    Case {
        name: "message_bomb_languages",
        about: "a parameter of 900 bytes in a message of 8 × $1, in 1,000 languages",
        make: message_bomb_languages,
        short: (100, PublishesWith("bytes of messages are kept")),
        full: (1_000, PublishesWith("bytes of messages are kept")),
        ..PLAIN
    },
    Case {
        name: "manifests_wide",
        about: "20 manifests that share 590,000 × {}: 9 kB",
        make: manifests_wide,
        short: (20, Publishes),
        full: (20, Publishes),
        ..PLAIN
    },
    Case {
        name: "manifests_many",
        about: "50,000 manifests that are the same",
        make: manifests_many,
        short: (500, Publishes),
        full: (50_000, Publishes),
        ..PLAIN
    },
    Case {
        name: "manifest_wide_field",
        about: "a manifest whose authors are 290,000 lists",
        make: manifest_wide_field,
        short: (290_000, PublishesWith("extension.json")),
        full: (290_000, PublishesWith("extension.json")),
        ..PLAIN
    },
    Case {
        name: "manifest_deep",
        about: "a manifest of 500,000 nested lists",
        make: manifest_deep,
        short: (1_000, PublishesWith("extension.json")),
        full: (500_000, PublishesWith("extension.json")),
        ..PLAIN
    },
    Case {
        name: "manifest_large",
        about: "an extension.json of 2 GB",
        make: manifest_large,
        short: (5 * MIB, PublishesWith("extension.json")),
        full: (2 << 30, Fails("has more than")),
        ..PLAIN
    },
    Case {
        name: "manifest_numbers",
        about: "numbers of 500,000 digits, exponents without end, lone surrogates, the same key 10,000 times",
        make: manifest_numbers,
        short: (10_000, Publishes),
        full: (500_000, Publishes),
        ..PLAIN
    },
    Case {
        name: "manifest_requires",
        about: "requirements of 50,000 extensions",
        make: manifest_requires,
        short: (5_000, PublishesWith("values")),
        full: (50_000, PublishesWith("values")),
        ..PLAIN
    },
    Case {
        name: "authors_in_wikitext",
        about: "400 authors whose names are 4 kB of open brackets",
        make: authors_in_wikitext,
        short: (50, PublishesWith("author")),
        full: (400, PublishesWith("author")),
        ..PLAIN
    },
    Case {
        name: "wikitext_open",
        about: "a description of 8 kB of markup that is never closed",
        make: wikitext_open,
        short: (8_000, Publishes),
        full: (8_000, Publishes),
        ..PLAIN
    },
    Case {
        name: "message_folders",
        about: "100 folders of messages with 500 languages each",
        make: message_folders,
        short: (20, Publishes),
        full: (100, Publishes),
        ..PLAIN
    },
    Case {
        name: "message_files_large",
        about: "100 files of messages with 7.9 MB each",
        make: message_files_large,
        short: (3, Publishes),
        full: (100, Fails("its tarball")),
        ..PLAIN
    },
    Case {
        name: "message_file_huge",
        about: "an en.json of 2 GB",
        make: message_file_huge,
        short: (9 * MIB, PublishesWith("en.json")),
        full: (2 << 30, Fails("has more than")),
        ..PLAIN
    },
    Case {
        name: "texts_of_branches",
        about: "100 branches with 256 KiB of texts each, all different",
        make: texts_of_branches,
        short: (40, PublishesWith("messages are kept of all branches that one cycle makes")),
        full: (100, PublishesWith("messages are kept of all branches that one cycle makes")),
        args: &["--branch", BRANCHES],
        ..PLAIN
    },
];

fn message_bomb(maker: &Maker<'_>, length: usize) {
    let manifest = format!(
        r#"{{"name": "Hostile", "descriptionmsg": ["d", "{}"], "MessagesDirs": {{"m": ["i18n"]}}}}"#,
        "A ".repeat(length / 2)
    );
    let messages = format!(r#"{{"d": "{}"}}"#, "$1".repeat(4096));
    maker.master(vec![
        maker.file("extension.json", manifest),
        maker.folder("i18n", vec![maker.file("en.json", messages)]),
    ]);
}

fn message_bomb_languages(maker: &Maker<'_>, count: usize) {
    let manifest = format!(
        r#"{{"name": "Hostile", "descriptionmsg": ["d", "{}"], "MessagesDirs": {{"m": ["i18n"]}}}}"#,
        "A ".repeat(450)
    );
    let messages = maker.blob(format!(r#"{{"d": "{}"}}"#, "$1".repeat(8)));
    let language = |number: usize| Entry::file(format!("x{number:04}.json"), messages);
    let mut languages: Vec<Entry> = (0..count).map(language).collect();
    languages.push(Entry::file("en.json", messages));
    maker.master(vec![maker.file("extension.json", manifest), maker.folder("i18n", languages)]);
}

fn manifests_wide(maker: &Maker<'_>, count: usize) {
    let list = vec!["{}"; 590_000].join(",");
    let manifest = maker.blob(format!(r#"{{"name": "Hostile", "x": [{list}]}}"#));
    let name = |number: usize| format!("extension-{number:02}.json");
    maker.master((0..count).map(|number| Entry::file(name(number), manifest)).collect());
}

fn manifests_many(maker: &Maker<'_>, count: usize) {
    let list = vec![r#""text""#; 300].join(", ");
    let manifest = maker.blob(format!(r#"{{"name": "Hostile", "x": [{list}]}}"#));
    maker.master(Maker::many(count, "extension-", |name| Entry::file(name + ".json", manifest)));
}

fn manifest_wide_field(maker: &Maker<'_>, count: usize) {
    let list = vec!["[[]]"; count].join(",");
    let manifest = format!(r#"{{"name": "Hostile", "author": [{list}]}}"#);
    maker.master(vec![maker.file("extension.json", manifest)]);
}

fn manifest_deep(maker: &Maker<'_>, depth: usize) {
    let manifest = format!(r#"{{"name": {}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    maker.master(vec![maker.file("extension.json", manifest)]);
}

fn manifest_large(maker: &Maker<'_>, size: usize) {
    maker.master(vec![Entry::file("extension.json", maker.repeated("[{},\n", size))]);
}

fn manifest_numbers(maker: &Maker<'_>, count: usize) {
    let digits = "9".repeat(count);
    let manifest = format!(
        r#"{{"name": "Hostile\ud800", "version": {digits}, "url": 1e{digits},
        "x": [0.{digits}, -{digits}, 1E-{digits}], "license-name": "\udc00\ud800"{}}}"#,
        r#", "type": "other""#.repeat(10_000)
    );
    maker.master(vec![maker.file("extension.json", manifest)]);
}

fn manifest_requires(maker: &Maker<'_>, count: usize) {
    let list: Vec<String> = (0..count).map(|it| format!(r#""Extension{it}": "*""#)).collect();
    let manifest = format!(
        r#"{{"name": "Hostile", "requires": {{"MediaWiki": ">= 1.40", "extensions": {{{}}}}}}}"#,
        list.join(",")
    );
    maker.master(vec![maker.file("extension.json", manifest)]);
}

fn authors_in_wikitext(maker: &Maker<'_>, count: usize) {
    let author = |number: usize| {
        format!(r#""{number} {}""#, ["[[a|", "{{b|", "<i>", "''"].concat().repeat(300))
    };
    let authors: Vec<String> = (0..count).map(author).collect();
    let manifest = format!(r#"{{"name": "Hostile", "author": [{}]}}"#, authors.join(","));
    maker.master(vec![maker.file("extension.json", manifest)]);
}

fn wikitext_open(maker: &Maker<'_>, length: usize) {
    let languages = ["<!--", "{{", "[[", "<nowiki>", "{{{", "&#x", "''", "<a href=", "[http://a "];
    let message = |(at, open): (usize, &&str)| {
        let text = open.repeat(length / open.len());
        let name = if at == 0 { "en.json".to_owned() } else { format!("x{at}.json") };
        maker.file(&name, format!(r#"{{"d": "{text}"}}"#))
    };
    let manifest = r#"{"name": "Hostile", "descriptionmsg": "d", "MessagesDirs": {"m": ["i18n"]}}"#;
    maker.master(vec![
        maker.file("extension.json", manifest),
        maker.folder("i18n", languages.iter().enumerate().map(message).collect()),
    ]);
}

fn message_folders(maker: &Maker<'_>, count: usize) {
    let names: Vec<String> = (0..count).map(|number| format!(r#""i18n/m{number:06}""#)).collect();
    let manifest = format!(
        r#"{{"name": "Hostile", "descriptionmsg": "d", "MessagesDirs": {{"m": [{}]}}}}"#,
        names.join(",")
    );
    let messages = maker.blob(r#"{"d": "A description that is the same in each language"}"#);
    let mut languages = Maker::many(500, "x", |name| Entry::file(name + ".json", messages));
    languages.push(Entry::file("en.json", messages));
    let languages = maker.tree(languages);
    let folders = Maker::many(count, "m", |name| Entry::folder(name, languages));
    maker.master(vec![maker.file("extension.json", manifest), maker.folder("i18n", folders)]);
}

fn message_files_large(maker: &Maker<'_>, count: usize) {
    let manifest = r#"{"name": "Hostile", "descriptionmsg": "d", "MessagesDirs": {"m": ["i18n"]}}"#;
    let file = |number: usize| {
        let many = r#""k": "v", "#.repeat(790_000);
        let name = if number == 0 { "en.json".to_owned() } else { format!("x{number}.json") };
        maker.file(&name, format!(r#"{{{many}"d": "number {number}"}}"#))
    };
    maker.master(vec![
        maker.file("extension.json", manifest),
        maker.folder("i18n", (0..count).map(file).collect()),
    ]);
}

/// With a pattern, each repository would be asked for its branches.
const BRANCHES: &str = "master,b1,b2,b3,b4,b5,b6,b7,b8,b9,b10,b11,b12,b13,b14,b15,b16,b17,b18,b19,\
    b20,b21,b22,b23,b24,b25,b26,b27,b28,b29,b30,b31,b32,b33,b34,b35,b36,b37,b38,\
    b39,b40,b41,b42,b43,b44,b45,b46,b47,b48,b49,b50,b51,b52,b53,b54,b55,b56,b57,\
    b58,b59,b60,b61,b62,b63,b64,b65,b66,b67,b68,b69,b70,b71,b72,b73,b74,b75,b76,\
    b77,b78,b79,b80,b81,b82,b83,b84,b85,b86,b87,b88,b89,b90,b91,b92,b93,b94,b95,\
    b96,b97,b98,b99";

fn texts_of_branches(maker: &Maker<'_>, count: usize) {
    let manifest = r#"{"name": "Hostile", "descriptionmsg": "d", "MessagesDirs": {"m": ["i18n"]}}"#;
    let manifest = maker.file("extension.json", manifest);
    for branch in 0..count {
        let message = |number: usize| {
            let name = if number == 0 { "en.json".to_owned() } else { format!("x{number}.json") };
            let text = format!("text {number} of branch {branch}, ");
            let text = text.repeat(8_000 / text.len());
            maker.file(&name, format!(r#"{{"d": "{text}"}}"#))
        };
        let messages = maker.folder("i18n", (0..32).map(message).collect());
        let commit = maker.commit(maker.tree(vec![manifest.clone(), messages]), &[]);
        let name = if branch == 0 { "master".to_owned() } else { format!("b{branch}") };
        maker.set_branch(&name, commit);
    }
}

fn message_file_huge(maker: &Maker<'_>, size: usize) {
    let manifest = r#"{"name": "Hostile", "descriptionmsg": "d", "MessagesDirs": {"m": ["i18n"]}}"#;
    let messages = Entry::file("en.json", maker.repeated("                ", size));
    maker
        .master(vec![maker.file("extension.json", manifest), maker.folder("i18n", vec![messages])]);
}
