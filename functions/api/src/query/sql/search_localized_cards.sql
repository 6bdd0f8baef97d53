SELECT step, id, json_replace(
    card, '$.title', title.title,
    '$.description', description.description, '$.description_language', description.language
) AS card
FROM (
    SELECT step, id, card, card ->> '$.kind' AS kind, card ->> '$.name' AS name
    FROM best JOIN search_card USING (id)
) AS repository
