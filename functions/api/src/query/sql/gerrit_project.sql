SELECT user_version, modified_at, ')]}''' || char(10) || json_object(
    'id', 'mediawiki%2F' || kind || '%2F' || replace(name, '+', '%2B'),
    'name', 'mediawiki/' || kind || '/' || name, 'state', 'ACTIVE'
) || char(10)
FROM pragma_user_version LEFT JOIN repository ON kind = ?1 AND name = ?2
