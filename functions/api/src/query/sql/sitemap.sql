SELECT user_version, public_url, (SELECT coalesce(max(modified_at), 0) FROM answer WHERE path = '/info'), (
    SELECT coalesce(group_concat(kind || '/' || name || ' ' || changed_at, char(10)), '') FROM (
        SELECT kind, name, changed_at FROM repository ORDER BY changed_at DESC, kind, name LIMIT ?1
    )
)
FROM pragma_user_version, snapshot
