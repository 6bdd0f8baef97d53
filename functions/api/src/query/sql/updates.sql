WITH fitting (branch) AS (
    SELECT coalesce((SELECT branch FROM distributed_branch WHERE branch = ?2), ?3)
), installed (entry, commit_id) AS MATERIALIZED (
    SELECT key, value FROM json_each(?4) WHERE value IS NOT NULL
), named AS (
    -- Each key that is known, with one of its repositories, and how many it has.
    SELECT wanted.key AS slot, known_as.kind, known_as.key, min(known_as.name) AS name, count(*) AS claimants
    FROM json_each(?1) AS wanted CROSS JOIN known_as
    ON known_as.key = substr(wanted.value, 2)
        AND known_as.kind = CASE substr(wanted.value, 1, 1) WHEN 'e' THEN 'extensions' ELSE 'skins' END
    GROUP BY wanted.key
), surest AS MATERIALIZED (
    -- Of those of an entry the first, even if it has several: who copies a sure key may be alone with a weaker one.
    -- SQLite takes the other columns from the row of the minimum.
    SELECT slot / 9 AS entry, min(slot) AS slot, kind, key, name, claimants FROM named GROUP BY slot / 9
), one AS (
    SELECT entry, kind, name FROM surest WHERE claimants = 1
    UNION ALL SELECT value ->> 'entry', value ->> 'kind', value ->> 'name' FROM json_each(?6)
), found AS MATERIALIZED (
    -- What a repository requires may be long, and thousands of entries may be of one repository.
    SELECT entry, kind, name, row_number() OVER (PARTITION BY kind, name ORDER BY entry) = 1 AS is_first FROM one
), several AS (
    -- Once for each key: thousands of entries may have the same.
    SELECT kind, key, json_group_array(slot) AS slots FROM surest WHERE claimants > 1 GROUP BY kind, key
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
), (
    SELECT json_group_array(json_object(
        'slots', json(slots),
        'names', json((
            SELECT json_group_array(name) FROM known_as
            WHERE known_as.key = several.key AND known_as.kind = several.kind
        ))
    ))
    FROM several
)
FROM pragma_user_version, fitting
