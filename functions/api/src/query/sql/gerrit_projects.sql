WITH wanted AS MATERIALIZED (
    -- Each of them is looked for in all projects.
    SELECT key AS place, value ->> 0 AS asked, value ->> 1 AS branch FROM json_each(?3)
    WHERE value ->> 1 IN (SELECT branch FROM distributed_branch)
), project AS (
    SELECT kind, name, row_number() OVER (ORDER BY kind, name) AS place, count(*) OVER () AS total
    FROM (
        SELECT kind, name, 'mediawiki/' || kind || '/' || name AS project FROM repository
    )
    WHERE substr(project, 1, length(?1)) = ?1 AND instr(lower(project), ?2) > 0
    ORDER BY kind, name
), listed AS (
    SELECT kind, name, place, ?4 >= 0 AND place = ?4 + ?5 AND place < total AS more, (
        SELECT json_group_object(asked, commit_id) FROM (
            SELECT asked, commit_id FROM wanted JOIN branch USING (branch)
            WHERE branch.kind = project.kind AND branch.name = project.name
            ORDER BY wanted.place
        )
    ) AS tips
    FROM project WHERE place > ?5 AND (?4 < 0 OR place <= ?4 + ?5)
)
SELECT user_version, ')]}''' || char(10) || '{' || coalesce(body, '') || '}' || char(10), (
    SELECT coalesce(max(modified_at), 0) FROM answer WHERE path = '/info'
)
FROM pragma_user_version, (
    SELECT group_concat(
        '"mediawiki/' || kind || '/' || name || '":{"id":"mediawiki%2F' || kind || '%2F'
            || replace(name, '+', '%2B') || '","state":"ACTIVE"'
            || CASE WHEN ?3 IS NULL THEN '' ELSE ',"branches":' || tips END
            || CASE WHEN more THEN ',"_more_projects":true}' ELSE '}' END,
        ','
    ) AS body
    FROM (SELECT * FROM listed WHERE ?3 IS NULL OR tips <> '{}' ORDER BY place)
)
