(
    SELECT json_group_array(json_object(
        'kind', kind, 'name', name, 'branch', branch, 'authors', document -> '$.authors',
        'of', document -> ('$.branches."' || branch || '"')
    )) FROM (
        SELECT kind, name, branch, document FROM newest CROSS JOIN repository USING (kind, name)
        ORDER BY published_at DESC, committed_at DESC, kind, name, branch
    )
)
FROM pragma_user_version, snapshot
