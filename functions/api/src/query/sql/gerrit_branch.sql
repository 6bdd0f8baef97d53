SELECT user_version, repository.modified_at, CASE WHEN branch IS NOT NULL THEN
    ')]}''' || char(10) || json_object('ref', 'refs/heads/' || branch, 'revision', commit_id)
        || char(10)
END
FROM pragma_user_version
LEFT JOIN repository ON repository.kind = ?1 AND repository.name = ?2
LEFT JOIN branch ON branch.kind = ?1 AND branch.name = ?2 AND branch = ?3
