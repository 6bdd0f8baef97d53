so_far (step, found) AS (
    SELECT 0, '[]'
    UNION ALL
    SELECT step + 1, (
        SELECT json_group_array(it) FROM (
            SELECT value AS it FROM json_each(found)
            UNION ALL
            SELECT * FROM (
                SELECT rowid << 4 | step FROM search
                WHERE search MATCH json_extract(?2, '$[' || step || '].terms')
                  AND rowid NOT IN (SELECT value >> 4 FROM json_each(found))
                ORDER BY rowid LIMIT ?3
            )
        )
    )
    FROM so_far
    WHERE step < json_array_length(?2) AND json_array_length(found) < ?3
), best AS MATERIALIZED (
    SELECT value >> 4 AS id, value & 15 AS step
    FROM json_each((SELECT found FROM so_far ORDER BY step DESC LIMIT 1))
    ORDER BY 2, 1 LIMIT ?3
)
