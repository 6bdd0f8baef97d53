SELECT user_version, json_set(document, '$.translations', json((
    SELECT json_group_object(language, json_object('title', title, 'description', description))
    FROM (
        SELECT language, title, description FROM localized
        WHERE localized.kind = ?1 AND localized.name = ?2 ORDER BY language
    )
))), NULL, modified_at
FROM pragma_user_version LEFT JOIN repository ON kind = ?1 AND name = ?2
