-- The branches that upstreams had in the last cycle, as far as they may be wanted: release branches, and those of patterns.
CREATE TABLE found_branch (
    branch      TEXT    PRIMARY KEY,
    is_released INTEGER NOT NULL                -- 1 if MediaWiki has a release of it, or for no release branch
) STRICT, WITHOUT ROWID;

-- Release branches that are not distributed any more because there are newer ones, until their grace period ends.
CREATE TABLE over_branch (
    branch TEXT    PRIMARY KEY,
    since  INTEGER NOT NULL                     -- the time of all cycles: milliseconds
) STRICT, WITHOUT ROWID;
