SELECT user_version, generated_at, (SELECT count(*) FROM best), (
    SELECT coalesce(group_concat(it, ','), '') FROM (
        SELECT '{"match":' || (?2 -> ('$[' || step || '].match')) || ',' || substr(card, 2) AS it
        FROM cards ORDER BY step, id LIMIT ?3 - 1
    )
)
FROM pragma_user_version, snapshot
