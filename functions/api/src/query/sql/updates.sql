WITH fitting (branch) AS (
    SELECT coalesce((SELECT branch FROM distributed_branch WHERE branch = ?2), ?3)
), installed (entry, commit_id) AS MATERIALIZED (
    SELECT key, value FROM json_each(?4) WHERE value IS NOT NULL
), named AS (
    -- Each key that stands for one repository alone.
    SELECT wanted.key / 9 AS entry, wanted.key AS place, known_as.kind, min(known_as.name) AS name
    FROM json_each(?1) AS wanted CROSS JOIN known_as
    ON known_as.key = substr(wanted.value, 2)
        AND known_as.kind = CASE substr(wanted.value, 1, 1) WHEN 'e' THEN 'extensions' ELSE 'skins' END
    GROUP BY wanted.key HAVING count(*) = 1
), one AS (
    -- Of those of an entry the first. SQLite takes the other columns from the row of the minimum.
    SELECT entry, min(place), kind, name FROM named GROUP BY entry
), found AS MATERIALIZED (
    -- What a repository requires may be long, and thousands of entries may be of one repository.
    SELECT entry, kind, name, row_number() OVER (PARTITION BY kind, name ORDER BY entry) = 1 AS is_first FROM one
)
SELECT user_version, fitting.branch, (
    SELECT json_group_array(branch ORDER BY position) FROM distributed_branch
), (
    SELECT json_group_array(json_object(
        'entry', found.entry,
        'kind', found.kind,
        'name', found.name,
        'manifest_name', document ->> '$.manifest_name',
        'commits', json((
            -- To make and to read all of them took a fifth of the time of a check.
            SELECT json_group_object(branch.branch, branch.commit_id) FROM branch
            WHERE branch.kind = found.kind AND branch.name = found.name
                AND (branch.commit_id = installed.commit_id OR NOT EXISTS (
                    SELECT 1 FROM branch AS wanted
                    WHERE wanted.kind = found.kind AND wanted.name = found.name
                        AND wanted.branch = fitting.branch
                ))
        )),
        'branch', json_remove(document -> ('$.branches."' || fitting.branch || '"'),
            '$.metadata', '$.problems', iif(?5 AND is_first, '$.problems', '$.requires'))
    ))
    FROM found JOIN repository USING (kind, name) LEFT JOIN installed ON installed.entry = found.entry
)
FROM pragma_user_version, fitting
