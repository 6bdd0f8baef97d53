SELECT user_version, public_url, (SELECT coalesce(max(modified_at), 0) FROM answer WHERE path = '/info')
FROM pragma_user_version, snapshot
