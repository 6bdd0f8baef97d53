WITH found AS MATERIALIZED (
    SELECT is_checksum, modified_at, document, document -> (
        '$.branches."' || coalesce(branch, document ->> '$.default_branch') || '".tarball'
    ) AS tarball
    FROM (
        SELECT value ->> 0 AS name, value ->> 1 AS branch, value ->> 2 AS is_checksum
        FROM json_each(?2)
    ) AS reading JOIN repository ON repository.kind = ?1 AND repository.name = reading.name
    ORDER BY tarball IS NULL, is_checksum LIMIT 1
)
SELECT user_version, is_checksum, tarball ->> '$.url', tarball ->> '$.file', tarball ->> '$.sha256',
    modified_at, CASE WHEN tarball IS NULL THEN (
        SELECT group_concat(key, ' ') FROM json_each(document, '$.branches')
    ) END
FROM pragma_user_version LEFT JOIN found
