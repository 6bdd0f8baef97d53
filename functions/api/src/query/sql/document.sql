SELECT user_version, document, etag, modified_at, 0
FROM pragma_user_version LEFT JOIN repository ON kind = ?1 AND name = ?2
