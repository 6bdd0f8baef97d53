)
SELECT user_version, generated_at, (
    SELECT json_group_array(json_array(type, size)) FROM (
        SELECT type, count(*) AS size FROM found WHERE type IS NOT NULL
        GROUP BY type ORDER BY 2 DESC, 1 LIMIT 60
    )
), (
    SELECT json_group_array(json_array(letter, size)) FROM (
        SELECT substr(sorted, 1, 1) AS letter, count(*) AS size
        FROM chosen WHERE NOT ?5 GROUP BY 1 ORDER BY 1
    )
), (SELECT total FROM counted), (SELECT page FROM counted), (
    SELECT json_group_array(json(it)) FROM (
        SELECT it FROM entry ORDER BY newest, sorted, it ->> '$.name'
    )
), (
