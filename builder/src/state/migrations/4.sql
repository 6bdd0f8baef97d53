-- When tarballs were first published that are not named any more, and are still on disk.
CREATE TABLE withdrawn (
    kind         TEXT    NOT NULL,
    file         TEXT    NOT NULL,
    published_at INTEGER NOT NULL,              -- Unix seconds
    PRIMARY KEY (kind, file)
) STRICT, WITHOUT ROWID;
