-- CROSS JOIN: in the order of the changes, and no more repositories than these.
SELECT json_group_array(json_object(
    'kind', newest.kind, 'name', newest.name, 'branch', branch, 'commit', commit_id,
    'published_at', strftime('%Y-%m-%dT%H:%M:%SZ', published_at, 'unixepoch'),
    'version', document ->> ('$.branches."' || branch || '".version'), 'complete', complete
) ORDER BY published_at DESC, committed_at DESC, newest.kind, newest.name, branch)
FROM (
    SELECT kind, name, branch, commit_id, published_at, committed_at, complete FROM branch
    WHERE ?1 IS NULL OR branch = ?1
    ORDER BY published_at DESC, committed_at DESC, kind, name, branch LIMIT ?2 OFFSET ?3
) AS newest CROSS JOIN repository USING (kind, name)
