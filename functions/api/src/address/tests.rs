use http::{HeaderMap, Method};
use tardist_contract::schema::USER_VERSION;

use super::*;
use crate::query::testing::{Db, snapshot, wait};

fn request(path: &str) -> Request {
    Request::new(Method::GET, &path.parse().unwrap(), HeaderMap::new()).unwrap()
}

fn location(response: &Response) -> &str {
    assert_eq!(response.status, 308);
    response.headers[header::LOCATION].to_str().unwrap()
}

#[test]
fn a_slash_at_the_end_leads_to_the_address_without_it() {
    for (path, expected) in [
        ("/list/", "/list"),
        ("/list/skins/?format=text", "/list/skins?format=text"),
        ("/info/extensions/", "/info/extensions"),
        ("/info/extensions/Foo//", "/info/extensions/Foo"),
        ("/extensions/", "/extensions"),
        ("/extensions/A%2B/?a=%2F&b", "/extensions/A%2B?a=%2F&b"),
        ("/download/skins/Foo/wmf%2F1.45/", "/download/skins/Foo/wmf%2F1.45"),
        ("/feed.atom/", "/feed.atom"),
        ("/dist/skins", "/dist/skins/"),
        ("/dist/skins?a", "/dist/skins/?a"),
    ] {
        let response = slash(&request(path));
        assert_eq!(response.as_ref().map(location), Some(expected), "{path}");
    }
    for path in [
        "/",
        "//",
        "/list",
        "/nothing/",
        "//list/",
        "//example.org/",
        "/%2Fexample.org/",
        "/info/themes/",
        "/r/projects/",
        "/r/projects/mediawiki%2Fskins%2FFoo/",
        "/dist/",
        "/dist/themes",
        "/dist/skins/",
        "/dist/skins/A.tar.gz/",
    ] {
        assert!(slash(&request(path)).is_none(), "{path}");
    }
}

#[test]
fn the_methods_of_a_path_with_another_slash_are_those_of_the_right_one() {
    for (path, expected) in [
        ("/list/", "GET, HEAD, OPTIONS"),
        ("/updates", "GET, HEAD, POST, OPTIONS"),
        ("/updates/", "GET, HEAD, POST, OPTIONS"),
        ("/dist/skins", "GET, HEAD, OPTIONS"),
    ] {
        assert_eq!(methods(&request(path)), Ok(expected), "{path}");
    }
    for path in ["/nothing/", "//list/", "/dist/themes"] {
        assert!(methods(&request(path)).is_err(), "{path}");
    }
}

/// The answer to a request to a snapshot of `extensions/Alpha`, `extensions/beta` and `skins/beta`, and what
/// else `sql` adds.
fn answered(sql: &str, path: &str) -> Result<Response, ApiError> {
    let db = snapshot(USER_VERSION);
    db.execute_batch(sql).unwrap();
    wait(almost(&request(path), ApiError::no_such_repository(Kind::Skins), &Db(db)))
}

/// As [`answered`]: the location, or the sentence of the 404.
fn found(sql: &str, path: &str) -> String {
    match answered(sql, path) {
        Ok(response) => location(&response).to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn another_case_of_letters_leads_to_the_repository() {
    for (path, expected) in [
        ("/info/extensions/alpha?lang=de", "/info/extensions/Alpha?lang=de"),
        ("/extensions/ALPHA", "/extensions/Alpha"),
        ("/extensions/BETA/feed.atom?branch=x", "/extensions/beta/feed.atom?branch=x"),
        ("/download/extensions/alpha", "/download/extensions/Alpha"),
        ("/download/extensions/alpha.sha256", "/download/extensions/Alpha.sha256"),
        (
            "/download/extensions/alpha/wmf%2F1.45.sha256",
            "/download/extensions/Alpha/wmf~1.45.sha256",
        ),
        ("/r/projects/mediawiki%2Fskins%2FBeta", "/r/projects/mediawiki%2Fskins%2Fbeta"),
        (
            "/r/projects/mediawiki/skins/Beta/branches?n=1",
            "/r/projects/mediawiki%2Fskins%2Fbeta/branches?n=1",
        ),
        (
            "/r/projects/mediawiki%2Fskins%2FBeta/branches/refs%2Fheads%2Fwmf%2F1.45",
            "/r/projects/mediawiki%2Fskins%2Fbeta/branches/wmf%2F1.45",
        ),
    ] {
        assert_eq!(found("", path), expected, "{path}");
    }
}

#[test]
fn a_name_that_is_there_in_several_cases_or_of_the_other_kind_is_said() {
    let several =
        "UPDATE repository SET name = 'ALPHA' WHERE kind = 'extensions' AND name = 'beta'";
    let text = found(several, "/info/extensions/alpha");
    assert!(text.contains("/info/extensions/ALPHA and /info/extensions/Alpha"), "{text}");
    for (path, expected) in [
        (
            "/info/skins/Alpha",
            "no skin of this name has a tarball, but there is /info/extensions/Alpha",
        ),
        ("/skins/alpha", "no skin of this name has a tarball, but there is /extensions/Alpha"),
        (
            "/download/skins/Alpha/x",
            "no skin of this name has a tarball, but there is /download/extensions/Alpha/x",
        ),
    ] {
        assert_eq!(found("", path), expected);
    }
}

#[test]
fn a_404_suggests_five_names_at_most() {
    let cases: String = ["ALPHA", "ALPHa", "ALPhA", "ALpHA", "AlPHA", "aLPHA"]
        .map(|name| {
            format!(
                "INSERT INTO repository VALUES
                     ('extensions', '{name}', 'u', NULL, NULL, NULL, NULL, 5, 'e', 800, '{{}}');"
            )
        })
        .concat();
    let Err(ApiError::NoRepository { at, near, .. }) = answered(&cases, "/info/skins/alpha") else {
        panic!("it is no 404 with names");
    };
    assert_eq!((at.len(), near.len()), (7, 5));
}

#[test]
fn an_error_that_is_about_something_else_stays() {
    let error = ApiError::no_such_repository(Kind::Skins).to_string();
    for path in ["/info/skins/Nothing", "/list/skins", "/nothing", "/info/skins/beta"] {
        assert_eq!(found("", path), error, "{path}");
    }
    let wrong = ApiError::BadParameter { parameter: "lang", takes: "x" };
    let answer = wait(almost(&request("/info/skins/Beta"), wrong.clone(), &Db(snapshot(0))));
    assert_eq!(answer.unwrap_err(), wrong, "no statement is needed");
}
