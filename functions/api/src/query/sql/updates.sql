WITH fitting (branch) AS (
    SELECT coalesce((SELECT branch FROM distributed_branch WHERE branch = ?2), ?3)
), named AS (
    -- Each key that stands for one repository alone.
    SELECT wanted.key / 9 AS entry, wanted.key AS place, known_as.kind, min(known_as.name) AS name
    FROM json_each(?1) AS wanted CROSS JOIN known_as
    ON known_as.key = substr(wanted.value, 2)
        AND known_as.kind = CASE substr(wanted.value, 1, 1) WHEN 'e' THEN 'extensions' ELSE 'skins' END
    GROUP BY wanted.key HAVING count(*) = 1
), found AS (
    -- Of those of an entry the first. SQLite takes the other columns from the row of the minimum.
    SELECT entry, min(place), kind, name FROM named GROUP BY entry
)
SELECT user_version, fitting.branch, (
    SELECT json_group_array(branch ORDER BY position) FROM distributed_branch
), (
    SELECT json_group_array(json_object(
        'entry', entry,
        'kind', kind,
        'name', name,
        'manifest_name', document ->> '$.manifest_name',
        'commits', json((
            SELECT json_group_object(branch.branch, commit_id) FROM branch
            WHERE branch.kind = found.kind AND branch.name = found.name
        )),
        'branch', json_remove(document -> ('$.branches."' || fitting.branch || '"'),
            '$.metadata', '$.problems')
    ))
    FROM found JOIN repository USING (kind, name)
)
FROM pragma_user_version, fitting
