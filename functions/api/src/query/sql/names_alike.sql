SELECT user_version, (
    SELECT coalesce(group_concat(kind || '/' || name, ' '), '') FROM (
        SELECT kind, name FROM repository
        WHERE lower(name) IN (SELECT lower(value) FROM json_each(?1))
        ORDER BY kind, name LIMIT 20
    )
)
FROM pragma_user_version
