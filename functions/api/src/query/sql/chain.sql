WITH RECURSIVE chain (language, place) AS MATERIALIZED (SELECT value, key FROM json_each(?1))
