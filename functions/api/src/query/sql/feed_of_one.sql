WITH newest AS MATERIALIZED (
    SELECT kind, name, branch, published_at, committed_at FROM branch
    WHERE kind = ?2 AND name = ?3 AND (?1 IS NULL OR branch = ?1)
    ORDER BY published_at DESC, committed_at DESC, branch LIMIT 100
)
SELECT user_version, public_url, (
    SELECT modified_at FROM repository WHERE kind = ?2 AND name = ?3
), 
