LEFT JOIN localized AS title ON title.kind = repository.kind
    AND title.name = repository.name AND title.language = (
        SELECT language FROM chain CROSS JOIN localized AS it USING (language)
        WHERE it.kind = repository.kind AND it.name = repository.name AND it.title IS NOT NULL
        ORDER BY place LIMIT 1
    )
LEFT JOIN localized AS description ON description.kind = repository.kind
    AND description.name = repository.name AND description.language = (
        SELECT language FROM chain CROSS JOIN localized AS it USING (language)
        WHERE it.kind = repository.kind AND it.name = repository.name AND it.description IS NOT NULL
        ORDER BY place LIMIT 1
    )
