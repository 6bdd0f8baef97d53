SELECT json_group_array(json_array(name, size)) FROM (
    SELECT lower(type) AS name, count(*) AS size FROM repository
    WHERE kind = 'extensions' AND type IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 24
)
