SELECT user_version, generated_at, extensions, skins, tarballs
FROM pragma_user_version, snapshot
