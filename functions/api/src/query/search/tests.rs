use rusqlite::Connection;
use tardist_contract::{
    BranchName, Kind,
    schema::{SCHEMA, USER_VERSION},
    search::{Step, Texts, steps, terms},
};

use super::Results;
use crate::query::testing::run;

struct Index(Connection);

impl Index {
    fn new() -> Self {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(SCHEMA).unwrap();
        db.execute("INSERT INTO snapshot VALUES (1000, '0.1.0', 7, 'f', 0, 0, 0, '')", ()).unwrap();
        db.pragma_update(None, "user_version", USER_VERSION).unwrap();
        Self(db)
    }

    /// Adds a repository `KIND/NAME`, after those that are there.
    fn add(&self, id: &str, texts: &Texts<'_>) {
        let (kind, name) = id.split_once('/').unwrap();
        let terms = terms(kind.parse().unwrap(), &name.parse().unwrap(), texts);
        let card = format!("{{\"name\":\"{name}\"}}");
        self.0.execute("INSERT INTO search_card VALUES (NULL, ?)", [card]).unwrap();
        let sql = "INSERT INTO search (rowid, terms) VALUES (last_insert_rowid(), ?)";
        self.0.execute(sql, [terms]).unwrap();
    }

    fn ask(&self, query: &str, kind: Option<Kind>, limit: u32) -> Results {
        self.run(&steps(query, kind, None), limit)
    }

    fn run(&self, steps: &[Step], limit: u32) -> Results {
        let steps = serde_json::to_string(steps).unwrap();
        run(&self.0, &super::statement(&steps, limit, None)).unwrap()
    }

    /// What is found, as `MATCH NAME`.
    fn find(&self, query: &str) -> Vec<String> {
        Self::read(&self.ask(query, None, 100))
    }

    fn read(found: &Results) -> Vec<String> {
        let results: serde_json::Value =
            serde_json::from_str(&format!("[{}]", found.cards)).unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let results = results.as_array().unwrap().iter();
        results.map(|it| format!("{} {}", text(&it["match"]), text(&it["name"]))).collect()
    }
}

fn described(description: &str) -> Texts<'_> {
    Texts { description: Some(description), ..Texts::default() }
}

fn translated(translation: &str) -> Texts<'_> {
    Texts { translations: vec![translation], ..Texts::default() }
}

#[test]
fn names_come_first_then_titles_credits_descriptions_and_translations() {
    let index = Index::new();
    index.add("extensions/A", &translated("Verschickt mass an alle"));
    index.add("extensions/B", &described("Sends en mass"));
    index.add("extensions/C", &described("Sends masses"));
    index.add("extensions/D", &Texts { credits: vec!["Ann Mass"], ..Texts::default() });
    index.add("extensions/E", &Texts { titles: vec!["The mass sender"], ..Texts::default() });
    index.add("extensions/EditMass", &described("mass"));
    index.add("extensions/MassMessage", &described("mass"));
    index.add("skins/Mass", &Texts::default());
    index.add("extensions/Other", &described("Sends to all"));
    let expected = [
        "name Mass",
        "name MassMessage",
        "name EditMass",
        "title E",
        "credits D",
        "description B",
        "description C",
        "translation A",
    ];
    assert_eq!(index.find("mass"), expected);
    assert_eq!(index.find("MASS")[..2], expected[..2]);
    // A step that finds enough ends the search, wherever it is.
    for limit in 1..=expected.len() {
        let found = index.ask("mass", None, u32::try_from(limit).unwrap());
        assert_eq!(found.cards.matches("match").count(), limit);
        assert_eq!(usize::try_from(found.count).unwrap(), expected.len().min(limit + 1));
    }
    let skins = index.ask("mass", Some(Kind::Skins), 20);
    assert_eq!(skins.cards, r#"{"match":"name","name":"Mass"}"#);
    assert_eq!((skins.count, skins.generated_at), (1, 1000));
}

#[test]
fn names_are_found_by_the_beginnings_of_their_parts() {
    let index = Index::new();
    for name in ["MassMessage", "OATHAuth", "3D", "SemanticMediaWiki", "Foo-Bar_2.0", "C++"] {
        index.add(&format!("extensions/{name}"), &Texts::default());
    }
    for (query, name) in [
        ("mass", "MassMessage"),
        ("message", "MassMessage"),
        ("massmessage", "MassMessage"),
        ("mess", "MassMessage"),
        ("m mes", "MassMessage"),
        ("mass message", "MassMessage"),
        ("Mass-Mess", "MassMessage"),
        ("massme", "MassMessage"),
        ("auth", "OATHAuth"),
        ("oath", "OATHAuth"),
        ("3d", "3D"),
        ("mediawiki semantic", "SemanticMediaWiki"),
        ("wiki", "SemanticMediaWiki"),
        ("foobar", "Foo-Bar_2.0"),
        ("foo_bar_2", "Foo-Bar_2.0"),
        ("bar 2.0", "Foo-Bar_2.0"),
        ("C++", "C++"),
    ] {
        assert_eq!(index.find(query), [format!("name {name}")], "{query}");
    }
    for query in ["essage", "ass", "massmessagex", "mass auth"] {
        assert_eq!(index.find(query), [""; 0], "{query}");
    }
}

#[test]
fn all_words_are_needed_and_the_last_may_be_a_beginning() {
    let index = Index::new();
    let text = "Allows users to easily send a message to a congregation of subscribers";
    index.add("extensions/MassMessage", &described(text));
    for query in [
        "send message",
        "message sen",
        "subscr",
        "subscriber",
        "easily subscribers",
        "mass subscri",
        "users MASS", // the beginning of the name counts wherever it is
        "message, message!",
    ] {
        assert_ne!(index.find(query), [""; 0], "{query}");
    }
    for query in ["sen message x", "subscri allows", "subscribersx", "scribers"] {
        assert_eq!(index.find(query), [""; 0], "{query}");
    }
    assert_eq!(index.find("mass subscri"), ["description MassMessage"]);
}

#[test]
fn upper_case_and_diacritics_make_no_difference() {
    let index = Index::new();
    index.add("extensions/A", &described("Shows a Café on the map"));
    index.add("extensions/B", &described("Shows a cafe\u{301} too"));
    index.add("extensions/C", &translated("ÜBERPRÜFT ГОРОД İstanbul ΛΌΓΟΣ Việt Nam"));
    for query in ["cafe", "CAFÉ", "cafe\u{301}", "Caf"] {
        assert_eq!(index.find(query), ["description A", "description B"], "{query}");
    }
    for query in ["überpruft", "uberprüf", "город", "istanbul", "λόγοσ", "λόγος", "viet nam"]
    {
        assert_eq!(index.find(query), ["translation C"], "{query}");
    }
}

#[test]
fn every_script_is_found_by_its_words() {
    let index = Index::new();
    for (name, text) in [
        ("German", "Ermöglicht das Verschicken von Nachrichten an Benutzergruppen"),
        ("Hebrew", "הוספת תג שמברך את הקוראים בשמם, שָׁלוֹם"),
        ("Arabic", "يسمح للمستخدمين بإرسال رسالة؛ مُحَمَّد"),
        ("Hindi", "हिन्दी में सन्देश भेजें।"),
        ("Thai", "อนุญาตให้ผู้ใช้ส่งข้อความ"),
        ("Traditional", "新增 <greeting> 標籤，以名稱問候讀者"),
        ("Japanese", "ウィキテキストのエディターで構文を強調表示する"),
        ("Korean", "사용자에게 메시지를 보냅니다"),
        ("Tamil", "பயனர்களுக்கு செய்தி அனுப்ப"),
    ] {
        index.add(&format!("extensions/{name}"), &translated(text));
    }
    for (query, name) in [
        ("nachricht", "German"),
        ("benutzergruppen", "German"),
        ("verschicken an", "German"),
        ("הקוראים", "Hebrew"),
        ("קוראים", ""),
        ("שלום", "Hebrew"),
        ("رسالة", "Arabic"),
        ("محمد", "Arabic"),
        ("हिन्दी", "Hindi"),
        ("भेजें", "Hindi"),
        ("हि", "Hindi"),
        ("ข้อความ", "Thai"),
        ("名稱", "Traditional"),
        ("問候讀者", "Traditional"),
        ("籤", "Traditional"),
        ("greeting 讀", "Traditional"),
        ("讀問", ""),
        ("構文", "Japanese"),
        ("エディター", "Japanese"),
        ("エディタ 強調", "Japanese"),
        ("메시지", "Korean"),
        ("செய்தி", "Tamil"),
    ] {
        let expected = if name.is_empty() { vec![] } else { vec![format!("translation {name}")] };
        assert_eq!(index.find(query), expected, "{query}");
    }
}

#[test]
fn nothing_in_a_query_is_syntax() {
    let index = Index::new();
    index.add("extensions/MassMessage", &described("NEAR the end, OR not"));
    for query in [
        "\"",
        "'",
        "*",
        "a*",
        "\"mass",
        "mass\"",
        "NEAR(",
        "NEAR(mass message, 2)",
        "AND",
        "OR",
        "NOT mass",
        "mass NOT",
        "-mass",
        "name:mass",
        "{a b}:c",
        "^mass",
        "(",
        ")",
        "+",
        "\\",
        "'; DROP TABLE search --",
        "\0",
        "mass\0message",
        "💩",
        "%00",
        "?1",
        "\u{301}",
        "\u{200D}",
        "\u{10FFFF}",
        "\u{FEFF}",
        "{\"a\":1}",
    ] {
        index.find(query);
    }
    for query in ["\"mass", "-mass", "mass*", "^mass", "mass\0message", "mass 💩"] {
        assert_eq!(index.find(query), ["name MassMessage"], "{query}");
    }
    for query in ["near", "or", "NEAR("] {
        assert_eq!(index.find(query), ["description MassMessage"], "{query}");
    }
    assert_eq!(index.find(" \0*💩"), [""; 0]);
    let long = "mass ".repeat(2_000) + &"x".repeat(10_000) + &"構文".repeat(1_000);
    assert_eq!(index.find(&long), [""; 0]);
}

/// `unicode61` folds upper case in every script and removes the diacritics of Latin letters alone,
/// with any value of `remove_diacritics`. Text and query go through the same code, so that a
/// composed letter is always found by itself.
#[test]
fn case_makes_no_difference_in_any_script_and_diacritics_in_latin_alone() {
    let index = Index::new();
    index.add("extensions/Final", &described("λόγος"));
    index.add("extensions/Plain", &described("λογοσ"));
    index.add("extensions/Upper", &described("ΛΌΓΟΣ"));
    index.add("extensions/Apart", &described("λο\u{301}γος"));
    index.add("extensions/Cyrillic", &described("Последний"));
    let with_accent = ["description Final", "description Upper"];
    let without = ["description Plain", "description Apart"];
    for query in ["λόγος", "λόγοσ", "ΛΌΓΟΣ", "λόγ"] {
        assert_eq!(index.find(query), with_accent, "{query}");
    }
    for query in ["λογος", "λογοσ", "ΛΟΓΟΣ", "λο\u{301}γος", "λογ"] {
        assert_eq!(index.find(query), without, "{query}");
    }
    assert_eq!(index.find("ПОСЛЕДНИЙ"), ["description Cyrillic"]);
    assert_eq!(index.find("последнии"), [""; 0]);
    index.add("extensions/Latin", &described("Ǖberşetzung tiếng ø"));
    for query in ["ubersetzung", "ÜBERSETZUNG", "tieng", "TIẾNG", "Ø"] {
        assert_eq!(index.find(query), ["description Latin"], "{query}");
    }
    assert_eq!(index.find("o"), [""; 0], "a stroke is part of its letter");
}

#[test]
fn a_word_of_the_name_counts_more_than_a_translation_alone() {
    let index = Index::new();
    index.add("extensions/Other", &translated("Mass an alle Abonnenten"));
    index.add("extensions/MassMessage", &translated("Nachrichten an alle Abonnenten"));
    let expected = ["description MassMessage", "translation Other"];
    assert_eq!(index.find("mass abonnenten"), expected);
    assert_eq!(index.find("abonnenten"), ["translation Other", "translation MassMessage"]);
    // One word alone is in the name or it is not: the look would find what others found.
    assert_eq!(steps("mass", None, None).len() + 1, steps("mass abonnenten", None, None).len());
}

fn of_group(r#type: &str) -> Texts<'_> {
    Texts { r#type: Some(r#type), ..Texts::default() }
}

#[test]
fn a_repository_is_found_by_the_words_for_its_group() {
    let index = Index::new();
    index.add(
        "extensions/AbuseFilter",
        &Texts {
            description: Some("Applies automatic heuristics to edits"),
            ..of_group("antispam")
        },
    );
    index.add("extensions/Greeting", &of_group("parserhook"));
    index.add("extensions/SpamList", &Texts::default());
    index.add("extensions/Quiz", &described("Shows a captcha"));
    index.add("extensions/Odd", &of_group("other"));
    index.add("extensions/Zoo", &of_group("my-own-group"));
    index.add("skins/Plain", &Texts::default());
    for (query, expected) in [
        ("spam", &["name SpamList", "type AbuseFilter"][..]),
        ("antispam", &["type AbuseFilter"]),
        ("antis", &["type AbuseFilter"]),
        ("anti-spam", &["type AbuseFilter"]),
        ("captcha", &["description Quiz", "type AbuseFilter"]),
        ("vandalism", &["type AbuseFilter"]),
        ("spam heuristics", &["type AbuseFilter"]),
        ("parser function", &["type Greeting"]),
        ("parserhook", &["type Greeting"]),
        ("theme", &["type Plain"]),
        ("my-own-group", &["type Zoo"]),
        ("other", &[]),
    ] {
        assert_eq!(index.find(query), expected, "{query}");
    }
}

#[test]
fn other_forms_of_english_words_are_found_after_the_words_themselves() {
    let index = Index::new();
    index.add("extensions/MassMessage", &described("Sends a text to many users"));
    index.add("extensions/Echo", &described("Notifies users about messages"));
    index.add("extensions/Translate", &described("A special page to translate pages"));
    index.add("extensions/Forms", &described("Fills in a template"));
    index.add("extensions/French", &translated("Des messages dans les boîtes"));
    for (query, expected) in [
        ("messages", &["description Echo", "similar MassMessage", "translation French"][..]),
        ("mass messages", &["similar MassMessage"]),
        ("translation", &["similar Translate"]),
        ("translations page", &["similar Translate"]),
        ("templates", &["similar Forms"]),
        ("notification", &["similar Echo"]),
        ("massmessages", &["similar MassMessage"]),
        ("texting", &["similar MassMessage"]),
        ("boîte", &["translation French"]),
    ] {
        assert_eq!(index.find(query), expected, "{query}");
    }
}

#[test]
fn with_a_branch_only_repositories_that_have_it_are_found() {
    let index = Index::new();
    let branches = ["REL1_45", "rel1_45", "master"].map(|it| it.parse::<BranchName>().unwrap());
    let with =
        |from: usize| Texts { branches: branches[from..].iter().collect(), ..described("wiki") };
    index.add("extensions/Both", &with(0));
    index.add("extensions/Lower", &with(1));
    index.add("skins/Master", &with(2));
    index.add("extensions/None", &with(3));
    let find = |branch: &str, kind| {
        let branch = branch.parse().unwrap();
        Index::read(&index.run(&steps("wiki", kind, Some(&branch)), 100))
    };
    assert_eq!(find("REL1_45", None), ["description Both"]);
    assert_eq!(find("rel1_45", None), ["description Both", "description Lower"]);
    assert_eq!(find("master", Some(Kind::Skins)), ["description Master"]);
    assert_eq!(find("MASTER", None), [""; 0]);
    assert_eq!(find("REL1_4", None), [""; 0], "no beginning of a name is a branch");
}
