, with_branch AS MATERIALIZED (
    SELECT repository.rowid AS id, repository.name, lower(type) AS type,
        coalesce(committed_at, changed_at) AS at, coalesce(complete, 1) AS complete
    FROM repository LEFT JOIN branch ON branch.kind = repository.kind
        AND branch.name = repository.name AND branch.branch = ?3
    WHERE repository.kind = ?2 AND (?3 IS NULL OR commit_id IS NOT NULL)
), placed AS MATERIALIZED (
    SELECT id, name, at, complete, row_number() OVER (
        ORDER BY CASE WHEN ?5 THEN -at END, lower(name), name
    ) - 1 AS place
    FROM with_branch WHERE ?4 IS NULL OR type = ?4
), counted AS MATERIALIZED (
    SELECT count(*) AS total, max(1, min(?6, (count(*) + ?7 - 1) / ?7)) AS page FROM placed
), entry AS (
    SELECT place, json_object(
        'name', repository.name, 'title', coalesce(title.title, repository.title),
        'summary', CASE WHEN coalesce(description.language, 'en') = 'en' THEN summary
            ELSE substr(description.description, 1, min(250, instr(description.description || char(10), char(10)) - 1)) END,
        'language', CASE WHEN summary IS NULL THEN description.language
            ELSE coalesce(description.language, 'en') END,
        'license', license, 'changed', date(at, 'unixepoch'), 'complete', placed.complete
    ) AS it
    FROM counted
    JOIN placed ON place >= (page - 1) * ?7 AND place < page * ?7
    JOIN repository ON repository.rowid = id
