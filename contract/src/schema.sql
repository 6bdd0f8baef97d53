-- The snapshot: one SQLite file, which the builder writes once and the functions read.
-- Bodies are ready-made, because each row that a function reads and each byte that it renders takes time.
-- Times are Unix seconds. Entity tags are stored without their quotes.

-- Exactly one row: what the snapshot is.
CREATE TABLE snapshot (
    generated_at INTEGER NOT NULL,
    builder      TEXT    NOT NULL,              -- the version of tardist that wrote it
    generation   INTEGER NOT NULL,              -- counts the snapshots of a builder
    fingerprint  TEXT    NOT NULL,              -- of all that bodies depend on besides the catalogue
    extensions   INTEGER NOT NULL,              -- counts of what it names
    skins        INTEGER NOT NULL,
    tarballs     INTEGER NOT NULL,
    public_url   TEXT    NOT NULL               -- the start of the URLs of tarballs; '' where they are paths
) STRICT;

-- The ready-made answers of paths without parameters: /list, /list/KIND, /info, /info/KIND,
-- /ExtensionJson.json, /SkinJson.json.
CREATE TABLE answer (
    path        TEXT    NOT NULL,
    media_type  TEXT    NOT NULL,               -- without parameters: application/json
    body        BLOB    NOT NULL,
    gzip        BLOB,                           -- the body compressed; NULL where that gains nothing
    etag        TEXT    NOT NULL,               -- of the body
    modified_at INTEGER NOT NULL,               -- when the body last changed
    PRIMARY KEY (path, media_type)
) STRICT;

-- One extension or skin: document is the answer of /info/KIND/NAME. What lists show of it stands before the
-- document, so that they need not read that.
CREATE TABLE repository (
    kind        TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    source_url  TEXT    NOT NULL,
    title       TEXT,                           -- in English
    summary     TEXT,                           -- the first line of the description in English, shortened
    license     TEXT,
    type        TEXT,
    changed_at  INTEGER NOT NULL,               -- the newest commit of its branches, not later than published
    etag        TEXT    NOT NULL,
    modified_at INTEGER NOT NULL,               -- when the document last changed
    document    TEXT    NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT;

-- For lists, which need no more than this of most repositories.
CREATE INDEX repository_listed ON repository (kind, name, type, changed_at);

-- The title and description of a repository in each of its languages. All titles come from the newest
-- branch that has a title in any language, and all descriptions likewise. Language codes are those of
-- MediaWiki, in lower case: zh-hant. The texts of 'en' are those in the document of the repository.
CREATE TABLE localized (
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL,
    language    TEXT NOT NULL,
    title       TEXT,
    description TEXT,
    PRIMARY KEY (kind, name, language),
    FOREIGN KEY (kind, name) REFERENCES repository (kind, name)
) STRICT, WITHOUT ROWID;

-- The search index: the terms of each repository, as search::terms makes them from its name, titles,
-- authors, licence, descriptions, group and branches. Repositories that match equally well are listed by their ids: first
-- those that are described in most languages, since many people worked on them. The index holds only
-- whether a term is there, without texts, positions or lengths. Every character but a space is part of a
-- term, so that the tokenizer only changes upper case and the diacritics of Latin letters.
CREATE VIRTUAL TABLE search USING fts5 (
    terms,
    content = '', columnsize = 0, detail = none,
    tokenize = "unicode61 remove_diacritics 2 categories 'L* M* N* P* S* Z* C*' separators ' '"
);

-- What a search result shows of each repository: JSON, as search::Card.
CREATE TABLE search_card (
    id   INTEGER PRIMARY KEY,
    card TEXT NOT NULL
) STRICT;

-- The published branches, for requests that need nothing else of a document.
CREATE TABLE branch (
    kind         TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    branch       TEXT    NOT NULL,
    commit_id    TEXT    NOT NULL,              -- 40 hexadecimal digits
    committed_at INTEGER NOT NULL,
    published_at INTEGER NOT NULL,              -- when its tarball was first published
    complete     INTEGER NOT NULL,              -- 0 if something is missing from its tarball
    PRIMARY KEY (kind, name, branch),
    FOREIGN KEY (kind, name) REFERENCES repository (kind, name)
) STRICT, WITHOUT ROWID;

-- For the newest tarballs of all, and of one branch.
CREATE INDEX branch_by_publication ON branch (published_at DESC, committed_at DESC);

-- All branches that are distributed, with the number of repositories that have them.
CREATE TABLE distributed_branch (
    branch      TEXT    NOT NULL PRIMARY KEY,
    position    INTEGER NOT NULL,               -- newest first, from 0
    extensions  INTEGER NOT NULL,
    skins       INTEGER NOT NULL,
    is_released INTEGER NOT NULL                -- 1 if MediaWiki has a release of this branch
) STRICT;

-- How a wiki may name a repository: keys as known_as makes them from names, titles and URLs. Several
-- repositories may have the same key.
CREATE TABLE known_as (
    key  TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (key, kind, name),
    FOREIGN KEY (kind, name) REFERENCES repository (kind, name)
) STRICT, WITHOUT ROWID;

-- Which repositories require another one, in at least one of their branches.
CREATE TABLE requirement (
    kind             TEXT NOT NULL,
    name             TEXT NOT NULL,
    required_by_kind TEXT NOT NULL,
    required_by_name TEXT NOT NULL,
    PRIMARY KEY (kind, name, required_by_kind, required_by_name),
    FOREIGN KEY (kind, name) REFERENCES repository (kind, name)
) STRICT, WITHOUT ROWID;

-- For what a repository requires.
CREATE INDEX requirement_by_repository ON requirement (required_by_kind, required_by_name);

-- At most one row: the SHA-256 of all other tables, by which a damaged snapshot is recognized.
CREATE TABLE digest (
    sha256 TEXT NOT NULL                        -- 64 hexadecimal digits
) STRICT;
