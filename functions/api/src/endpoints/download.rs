//! `/download/KIND/NAME[/BRANCH]`: an address that lasts, while the name of a tarball changes with each
//! commit. It leads to the newest published tarball (302), or with `.sha256` at its end answers with the
//! checksum of that.

use http::{StatusCode, header};
use tardist_contract::Kind;

use crate::{
    http::{
        encoding::compressed,
        problem::ApiError,
        request::Request,
        response::{Representation, Response, attachment},
    },
    query::{
        download::{Found, Tarball, download},
        json::json,
        snapshot::Snapshot,
    },
    route::Reading,
};

/// Answers a path below `/download/`, by what it can mean.
///
/// A 302 has no entity tag and is never a 304: it has no content that a client could keep. Caches may keep it
/// as long as other answers, and so it leads to a tarball that its grace period keeps for longer.
///
/// # Errors
/// 404 for a repository that is not published, and for a branch that it does not have, with those that it has;
/// 503 without a snapshot.
pub async fn get(
    request: &Request,
    kind: Kind,
    readings: &[Reading],
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let triples: Vec<_> = readings
        .iter()
        .map(|Reading { name, branch, is_checksum }| (name, branch, u8::from(*is_checksum)))
        .collect();
    match snapshot.get(download(kind, json(&triples)?)).await? {
        Found::Tarball(tarball) if tarball.is_checksum => {
            Ok(compressed(&request.headers, checksum(&tarball)))
        }
        Found::Tarball(tarball) => Ok(redirect(&tarball)),
        Found::Branches(branches) => Err(ApiError::NoSuchBranch { branches }),
        Found::Nothing => Err(ApiError::no_such_repository(kind)),
    }
}

/// The URL is also the body, for a person whose program does not follow it. The name of the file is for a program
/// that would take the end of the address for it.
fn redirect(Tarball { url, file, .. }: &Tarball) -> Response {
    let mut response = Response::new(StatusCode::FOUND, format!("{url}\n"));
    response.set(header::LOCATION, url);
    response.set(header::CONTENT_DISPOSITION, &attachment(file));
    response.set(header::CONTENT_TYPE, "text/plain; charset=utf-8");
    response
}

/// One line, as `sha256sum --check` reads it.
fn checksum(Tarball { sha256, file, modified_at, .. }: &Tarball) -> Response {
    let content = Representation::of(format!("{sha256}  {file}\n"), *modified_at);
    Response::ok(content, "text/plain; charset=utf-8")
}
