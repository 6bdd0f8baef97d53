SELECT json_array((SELECT public_url FROM snapshot), json(json_group_array(
    json_array(branch, is_released)
))) FROM (
    SELECT branch, is_released FROM distributed_branch ORDER BY position
)
