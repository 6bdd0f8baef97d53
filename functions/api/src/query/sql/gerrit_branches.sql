SELECT user_version, modified_at, ')]}''' || char(10) || (
    SELECT json_group_array(json_object('ref', 'refs/heads/' || branch, 'revision', commit_id))
    FROM (
        SELECT branch, commit_id FROM branch
        WHERE kind = ?1 AND name = ?2 AND instr(lower(branch), ?3) > 0
        ORDER BY branch LIMIT ?4 OFFSET ?5
    )
) || char(10)
FROM pragma_user_version LEFT JOIN repository ON kind = ?1 AND name = ?2
