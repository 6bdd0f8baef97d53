SELECT user_version, generated_at, (SELECT sha256 FROM digest),
    extensions + skins = (SELECT count(*) FROM repository)
        AND tarballs = (SELECT count(*) FROM branch)
FROM pragma_user_version, snapshot
