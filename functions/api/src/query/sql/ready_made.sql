SELECT user_version, iif(?3 AND gzip IS NOT NULL, gzip, body), etag, modified_at,
       ?3 AND gzip IS NOT NULL
FROM pragma_user_version LEFT JOIN answer ON path = ?1 AND media_type = ?2
