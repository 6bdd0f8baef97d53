, found AS NOT MATERIALIZED (
    SELECT rowid AS number, kind, name FROM repository WHERE ?5 IS NULL OR EXISTS (
        SELECT 1 FROM branch
        WHERE branch.kind = repository.kind AND branch.name = repository.name AND branch = ?5
    )
)
SELECT user_version, '{' || (
    SELECT group_concat(json_quote(wanted.value) || ':{' || coalesce((
        SELECT group_concat(json_quote(repository.name) || ':' || CASE
            WHEN ?6 THEN json_set(
                CASE WHEN ?5 IS NULL THEN document ELSE json_set(document, '$.branches',
                    json_object(?5, document -> ('$.branches."' || ?5 || '"'))) END,
                '$.translations', json((
                    SELECT json_group_object(
                        language, json_object('title', title, 'description', description)
                    ) FROM (
                        SELECT language, title, description FROM localized
                        WHERE localized.kind = repository.kind AND localized.name = repository.name
                        ORDER BY language
                    )
                ))
            )
            WHEN ?1 IS NOT NULL THEN json_replace(
                CASE WHEN ?5 IS NULL THEN document ELSE json_set(document, '$.branches',
                    json_object(?5, document -> ('$.branches."' || ?5 || '"'))) END,
                '$.title', title.title, '$.description', description.description,
                '$.description_language', description.language
            )
            WHEN ?5 IS NULL THEN document
            ELSE json_set(document, '$.branches',
                json_object(?5, document -> ('$.branches."' || ?5 || '"')))
        END, ',')
        FROM (
            SELECT number FROM found WHERE kind = wanted.value AND name IN (
                SELECT value FROM json_each(coalesce(?4, (
                    SELECT json_group_array(name) FROM repository WHERE kind = wanted.value
                )))
            )
            ORDER BY lower(name), name
        ) CROSS JOIN repository ON repository.rowid = number
