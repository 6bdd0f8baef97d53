-- The object store that was published to last. At most one row.
CREATE TABLE store (
    url        TEXT    PRIMARY KEY,
    etag       TEXT,                            -- of the pointer as this builder saw it last; NULL: there was none
    serial     INTEGER NOT NULL,                -- its number; 0: there was none
    intended   TEXT    NOT NULL,                -- the bytes of the pointer that was, or was about to be, written last
    generation INTEGER,                         -- of the snapshot that the pointer names; NULL: of none that is known
    modified   INTEGER                          -- the modification time of that file: Unix nanoseconds
) STRICT, WITHOUT ROWID;

-- The objects that this store has, or may have.
CREATE TABLE store_object (
    name          TEXT    PRIMARY KEY,
    size          INTEGER NOT NULL,
    sha256        TEXT    NOT NULL,             -- empty: not known
    is_there      INTEGER NOT NULL,             -- 0 while it is being uploaded
    unnamed_since INTEGER                       -- the time of all cycles: milliseconds
) STRICT, WITHOUT ROWID;
