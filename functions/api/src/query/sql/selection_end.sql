    ), '') || '}', ',')
    FROM json_each(?3) AS wanted
) || CASE WHEN ?4 IS NULL THEN '' ELSE ',"missing":' || (
    SELECT json_group_array(value) FROM json_each(?4)
    WHERE value NOT IN (SELECT name FROM found WHERE kind = ?3 ->> 0)
) END || '}', (SELECT coalesce(max(modified_at), 0) FROM answer WHERE path = ?2)
FROM pragma_user_version
