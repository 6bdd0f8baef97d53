)
SELECT user_version, generated_at, (
    SELECT json_group_array(json_array(type, size)) FROM (
        SELECT type, count(*) AS size FROM with_branch WHERE type IS NOT NULL
        GROUP BY type ORDER BY 2 DESC, 1 LIMIT 60
    )
), (
    SELECT json_group_array(json_array(letter, first)) FROM (
        SELECT CASE WHEN name GLOB '[0-9]*' THEN '0' ELSE upper(substr(name, 1, 1)) END AS letter,
            min(place) AS first
        FROM placed WHERE NOT ?5 GROUP BY 1 ORDER BY 2
    )
), (SELECT total FROM counted), (SELECT page FROM counted), (
    SELECT json_group_array(json(it)) FROM (SELECT it FROM entry ORDER BY place)
), (
