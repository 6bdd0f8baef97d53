SELECT json_group_array(json_array(branch, is_released)) FROM (
    SELECT branch, is_released FROM distributed_branch ORDER BY position
)
