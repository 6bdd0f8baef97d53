-- Exactly one row: what one cycle tells the next.
CREATE TABLE cycle (
    generation   INTEGER NOT NULL,              -- of the catalogue below
    elapsed      INTEGER NOT NULL,              -- the time of all cycles, see clock.rs: milliseconds
    wall         INTEGER NOT NULL,              -- the clock at the last cycle: Unix seconds
    boot         TEXT,                          -- which start of the machine that was
    uptime       INTEGER NOT NULL,              -- and how long after it: milliseconds
    checked      TEXT    NOT NULL,              -- the tarball whose bytes were compared last: KIND/FILE
    -- The snapshot that was published last. NULL in all columns if there is none.
    published    INTEGER,                       -- its generation
    generated_at INTEGER,                       -- Unix seconds
    fingerprint  TEXT,
    size         INTEGER,                       -- of the file, in bytes
    modified     INTEGER                        -- the time of the file: Unix nanoseconds
) STRICT;
INSERT INTO cycle VALUES (0, 0, 0, NULL, 0, '', NULL, NULL, NULL, NULL, NULL);

CREATE TABLE repository (
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    upstream   TEXT NOT NULL,                   -- which upstream lists it; empty if that is not known
    source_url TEXT NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE branch (
    kind     TEXT    NOT NULL,
    name     TEXT    NOT NULL,
    branch   TEXT    NOT NULL,
    record   TEXT    NOT NULL,                  -- JSON, as catalogue::BranchRecord without texts
    checksum INTEGER NOT NULL,                  -- CRC-32 of the record
    PRIMARY KEY (kind, name, branch),
    FOREIGN KEY (kind, name) REFERENCES repository (kind, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Titles and descriptions by language. Most branches of a repository have the same, and share a row.
CREATE TABLE messages (
    id           TEXT PRIMARY KEY,              -- a hash of the other columns: 32 hexadecimal digits
    titles       TEXT NOT NULL,                 -- JSON, an object from language code to plain text
    descriptions TEXT NOT NULL                  -- likewise
) STRICT;

-- The entity tag of each response body, and since when the body is as it is.
CREATE TABLE stamp (
    key         TEXT PRIMARY KEY,
    etag        TEXT    NOT NULL,
    modified_at INTEGER NOT NULL                -- Unix seconds
) STRICT, WITHOUT ROWID;

-- Tarballs on disk that the snapshot no longer names, until their grace period ends.
CREATE TABLE retired (
    kind  TEXT    NOT NULL,
    file  TEXT    NOT NULL,
    since INTEGER NOT NULL,                     -- the time of all cycles when it was seen first: milliseconds
    PRIMARY KEY (kind, file)
) STRICT, WITHOUT ROWID;
