SELECT user_version, generated_at, CASE WHEN ?1 IS NULL THEN document ELSE json_replace(
    document, '$.title', title.title,
    '$.description', description.description, '$.description_language', description.language
) END, (
    SELECT json_group_array(json_array(kind, name, document ->> '$.manifest_name'))
    FROM requirement AS it JOIN repository USING (kind, name)
    WHERE it.required_by_kind = ?2 AND it.required_by_name = ?3
), (
    SELECT json_group_array(json_array(required_by_kind, required_by_name)) FROM (
        SELECT required_by_kind, required_by_name FROM requirement
        WHERE requirement.kind = ?2 AND requirement.name = ?3
        ORDER BY lower(required_by_name), required_by_name LIMIT ?4
    )
), (
    SELECT count(*) FROM requirement WHERE requirement.kind = ?2 AND requirement.name = ?3
), (
