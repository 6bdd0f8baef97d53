//! Makes up the metadata of a repository: names, texts in many languages, authors, requirements.
//!
//! Everything is computed from the number of the repository, so every run makes the same catalogue.

use std::collections::BTreeMap;

use anyhow::Result;
use tardist::{
    RepositoryId,
    catalogue::{ADOPTED, BranchRecord, Messages},
    metadata::{About, Sources},
};
use tardist_contract::{
    Kind,
    document::{Metadata, Requires},
};

/// The words of names. A name has two of them, and more if there are more repositories than pairs of words.
const NAME_WORDS: [&str; 64] = [
    "Abuse",
    "Account",
    "Admin",
    "Anchor",
    "Archive",
    "Article",
    "Audio",
    "Banner",
    "Block",
    "Book",
    "Cache",
    "Calendar",
    "Category",
    "Chart",
    "Check",
    "Citation",
    "Code",
    "Collection",
    "Comment",
    "Contact",
    "Content",
    "Cookie",
    "Data",
    "Diff",
    "Discussion",
    "Draft",
    "Echo",
    "Edit",
    "Event",
    "Feed",
    "Feedback",
    "Filter",
    "Flow",
    "Form",
    "Gadget",
    "Gallery",
    "Global",
    "Graph",
    "Guide",
    "Image",
    "Import",
    "Input",
    "Interwiki",
    "Label",
    "Language",
    "Link",
    "List",
    "Login",
    "Map",
    "Mass",
    "Math",
    "Media",
    "Message",
    "Mobile",
    "Notice",
    "Page",
    "Parser",
    "Patrol",
    "Poem",
    "Quiz",
    "Rating",
    "Search",
    "Sidebar",
    "Template",
];

/// The words of descriptions, by language code. In Chinese and Japanese they are joined without spaces.
const LANGUAGES: [(&str, &str); 15] = [
    (
        "en",
        "adds special page users editors wiki pages list shows links images category search allows \
         parser function templates messages notifications revisions upload statistics protects log",
    ),
    (
        "de",
        "fügt Spezialseite hinzu Benutzer Wiki Seiten Liste zeigt Verweise Bilder Kategorien \
            Suche ermöglicht Vorlagen Nachrichten Versionen Hochladen Übersetzung größere Auswahl",
    ),
    (
        "fr",
        "ajoute une page spéciale utilisateurs modèles catégories recherche permet liens images \
            notifications versions téléversement français privilèges étendue journal",
    ),
    (
        "es",
        "añade página especial usuarios plantillas categorías búsqueda permite enlaces imágenes \
            mensajes revisiones estadísticas español configuración registro",
    ),
    ("he", "מוסיף דף מיוחד משתמשים תבניות קטגוריות חיפוש מאפשר קישורים תמונות הודעות גרסאות רשימה"),
    ("ar", "يضيف صفحة خاصة المستخدمين القوالب التصنيفات البحث يسمح الروابط الصور الرسائل القائمة"),
    (
        "ru",
        "добавляет служебную страницу участники шаблоны категории поиск позволяет ссылки список",
    ),
    ("uk", "додає спеціальну сторінку користувачі шаблони категорії пошук дозволяє посилання"),
    ("pl", "dodaje stronę specjalną użytkownicy szablony kategorie wyszukiwanie pozwala łącza"),
    ("nl", "voegt speciale pagina toe gebruikers sjablonen categorieën zoeken maakt mogelijk"),
    (
        "pt-br",
        "adiciona página especial usuários predefinições categorias pesquisa permite ligações",
    ),
    ("ja", "特別 ページ 追加 利用者 テンプレート カテゴリ 検索 可能 リンク 画像 通知 一覧"),
    ("ko", "특수 문서 추가 사용자 틀 분류 검색 허용 링크 그림 알림 목록"),
    ("zh-hans", "添加 特殊 页面 用户 模板 分类 搜索 允许 链接 图片 通知 列表"),
    ("zh-hant", "新增 特殊 頁面 使用者 模板 分類 搜尋 允許 連結 圖片 通知 清單"),
];

const FIRST_NAMES: [&str; 12] = [
    "Ada", "Bertil", "Chloé", "Darius", "Élise", "Farid", "Greta", "Hanna", "Ivo", "Jun", "Kofi",
    "Łucja",
];

const LAST_NAMES: [&str; 12] = [
    "Abe",
    "Bauer",
    "Costa",
    "Diallo",
    "Evans",
    "Fischer",
    "García",
    "Haas",
    "Ivanova",
    "Jensen",
    "Kumar",
    "Lindqvist",
];

const LICENSES: [&str; 5] =
    ["GPL-2.0-or-later", "GPL-3.0-or-later", "MIT", "BSD-3-Clause", "Apache-2.0"];

const TYPES: [&str; 7] =
    ["specialpage", "parserhook", "other", "antispam", "editor", "media", "variable"];

/// The time of the newest commit: 2026-08-01, in Unix seconds.
const NEWEST: u64 = 1_785_542_400;

/// What a branch is called elsewhere. A manifest has about 2 kB without its large parts, as real ones do.
pub(crate) fn about(name: &str, branch: &str) -> About {
    let settings = (0..25).map(|number| {
        format!(r#""{name}Setting{number}":{{"value":{number},"description":"A setting"}}"#)
    });
    let settings = settings.collect::<Vec<_>>().join(",");
    let manifest = format!(r#"{{"name":"{name}","config":{{{settings}}}}}"#);
    let sources = Sources { manifest: Some(manifest.into_bytes()), composer: None };
    sources.about((branch == "master").then_some("https://example.org/repository"))
}

/// A made-up repository.
pub(crate) struct MadeUp {
    number: usize,
}

impl MadeUp {
    pub(crate) fn new(number: usize) -> Self {
        Self { number }
    }

    /// The name. No other number has the same: it is the number written with the words as digits. The two first
    /// digits are shuffled by multiplication with a number that has no common factor with the number of pairs.
    pub(crate) fn name(&self, kind: Kind) -> String {
        let count = NAME_WORDS.len();
        let pairs = count * count;
        let pair = (self.number % pairs) * 1_597 % pairs;
        let mut name = format!("{}{}", NAME_WORDS[pair / count], NAME_WORDS[pair % count]);
        let mut rest = self.number / pairs;
        while rest > 0 {
            name.push_str(NAME_WORDS[rest % count]);
            rest /= count;
        }
        match kind {
            Kind::Extensions => name,
            Kind::Skins => format!("{name}Skin"),
        }
    }

    /// The record of a branch. The caller sets the commit and the size.
    pub(crate) fn branch(&self, id: &RepositoryId, branch: &str) -> Result<BranchRecord> {
        let mut random = Random::new(self.number, branch);
        let committed_at = NEWEST - random.below(400 * 86_400) as u64;
        let version = format!("{}.{}.{}", random.below(4), random.below(10), random.below(30));
        let core = branch.strip_prefix("REL1_").unwrap_or("47");
        let sha256 = (0..4).map(|_| format!("{:016x}", random.next())).collect();
        // All branches have the same metadata, like most real ones.
        let mut random = Random::new(self.number, "");
        let descriptions = self.descriptions(&mut random);
        let authors = (0..=random.below(2))
            .map(|_| format!("{} {}", random.choice(&FIRST_NAMES), random.choice(&LAST_NAMES)));
        let authors = authors.collect();
        let needed = self.number.checked_sub(10).map(|number| Self::new(number).name(id.kind));
        let needed = needed.filter(|_| id.kind == Kind::Extensions && random.below(5) == 0);
        let title = spaced(id.name.as_str());
        let titles = BTreeMap::from([("en".to_owned(), title.clone())]);
        Ok(BranchRecord {
            commit: "0".repeat(40).parse()?,
            committed_at: i64::try_from(committed_at)?,
            version: Some(version),
            requires: Requires {
                mediawiki: Some(format!(">= 1.{core}.0")),
                extensions: needed.into_iter().map(|name| (name, "*".to_owned())).collect(),
                ..Requires::default()
            },
            metadata: Metadata {
                title: Some(title),
                description: descriptions.get("en").cloned(),
                authors,
                license: Some(random.choice(&LICENSES).to_owned()),
                url: Some(format!("https://www.mediawiki.org/wiki/Extension:{}", id.name)),
                r#type: Some(random.choice(&TYPES).to_owned()),
            },
            about: Some(about(id.name.as_str(), branch).into()),
            messages: Messages::new(&titles, &descriptions)?,
            missing: Vec::new(),
            ingredients: Default::default(),
            recipe: ADOPTED.to_owned(),
            revision: 0,
            published_at: i64::try_from(committed_at)?,
            problems: Vec::new(),
            size: 0,
            sha256,
        })
    }

    /// Descriptions in English and in up to ten other languages.
    fn descriptions(&self, random: &mut Random) -> BTreeMap<String, String> {
        let count = 1 + random.below(2 * 5);
        let languages = LANGUAGES
            .iter()
            .take(1)
            .chain(LANGUAGES[1..].iter().cycle().skip(random.below(LANGUAGES.len())).take(count));
        let texts = languages.map(|(code, words)| {
            let words: Vec<&str> = words.split_whitespace().collect();
            let space = if code.starts_with("zh") || *code == "ja" { "" } else { " " };
            let text: Vec<&str> = (0..3 + random.below(9)).map(|_| random.choice(&words)).collect();
            ((*code).to_owned(), text.join(space))
        });
        texts.collect()
    }
}

/// Inserts spaces: `MassMessage` becomes `Mass Message`.
fn spaced(name: &str) -> String {
    let mut title = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !title.is_empty() {
            title.push(' ');
        }
        title.push(letter);
    }
    title
}

/// Pseudo-random numbers, the same ones each time: SplitMix64.
struct Random(u64);

impl Random {
    fn new(number: usize, salt: &str) -> Self {
        let salt = salt.bytes().fold(7, |all: u64, byte| all.wrapping_mul(31) + u64::from(byte));
        Self((number as u64).wrapping_mul(0x1000_0000_01b3) ^ salt)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        // The remainder is below `limit`, so it fits into a usize.
        usize::try_from(self.next() % (limit as u64)).unwrap_or_default()
    }

    fn choice<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}
