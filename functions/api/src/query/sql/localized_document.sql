SELECT user_version, json_replace(
    document, '$.title', title.title,
    '$.description', description.description, '$.description_language', description.language
), coalesce(description.language, title.language), modified_at
FROM pragma_user_version
LEFT JOIN repository ON repository.kind = ?2 AND repository.name = ?3
