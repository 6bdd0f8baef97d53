WITH newest AS MATERIALIZED (
    SELECT kind, name, branch, published_at, committed_at FROM branch WHERE ?1 IS NULL OR branch = ?1
    ORDER BY published_at DESC, committed_at DESC, kind, name, branch LIMIT 100
)
SELECT user_version, public_url, (
    SELECT coalesce(max(modified_at), 0) FROM answer WHERE path = '/info'
), 
