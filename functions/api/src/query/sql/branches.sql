SELECT user_version, public_url, generated_at, (
    SELECT json_group_array(branch ORDER BY position) FROM distributed_branch
)
FROM pragma_user_version, snapshot
