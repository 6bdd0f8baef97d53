SELECT user_version, generated_at, extensions, skins, tarballs,
    (SELECT count(*) FROM branch WHERE complete = 0)
FROM pragma_user_version, snapshot
