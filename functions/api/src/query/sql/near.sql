SELECT user_version,
    (SELECT body FROM answer WHERE path = ?1 AND media_type = ?3),
    (SELECT body FROM answer WHERE path = ?2 AND media_type = ?3)
FROM pragma_user_version
