, found AS MATERIALIZED (
    SELECT rowid AS id, lower(name) AS sorted, name, lower(type) AS type,
        changed_at AS at, 1 AS complete
    FROM repository WHERE ?3 IS NULL AND kind = ?2
    UNION ALL
    SELECT repository.rowid, lower(name), name, lower(type), committed_at, complete
    FROM repository CROSS JOIN branch USING (kind, name)
    WHERE repository.kind = ?2 AND branch = ?3
), chosen AS MATERIALIZED (
    SELECT id, sorted, name, at, complete FROM found WHERE ?4 IS NULL OR type = ?4
), counted AS MATERIALIZED (
    SELECT count(*) AS total, max(1, min(?6, (count(*) + ?7 - 1) / ?7)) AS page FROM chosen
), shown AS MATERIALIZED (
    SELECT id, sorted, at, complete FROM chosen
    ORDER BY CASE WHEN ?5 THEN -at END, sorted, name
    LIMIT ?7 OFFSET (SELECT page - 1 FROM counted) * ?7
), entry AS (
    SELECT CASE WHEN ?5 THEN -at END AS newest, sorted, json_object(
        'name', repository.name, 'title', coalesce(title.title, repository.title),
        'summary', CASE WHEN coalesce(description.language, 'en') = 'en' THEN summary
            ELSE substr(description.description, 1, min(250, instr(description.description || char(10), char(10)) - 1)) END,
        'language', CASE WHEN summary IS NULL THEN description.language
            ELSE coalesce(description.language, 'en') END,
        'license', license, 'changed', at, 'complete', shown.complete
    ) AS it
    FROM shown JOIN repository ON repository.rowid = id
