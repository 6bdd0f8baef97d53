//! The user and password by which the Git server of an upstream shows repositories that not everybody may see. They
//! are another secret than a [token](super::token), which is for the REST API.

use std::path::Path;

use super::{
    adapter::{Key, Values},
    token::Token,
};
use crate::{
    net::{Credentials, Origin},
    secrets,
};

/// The key that names the file.
pub(super) const KEY: Key = Key::path("git-credentials-file");

/// Checks that credentials are sent to the Git server at `url` only where nobody can read along.
///
/// # Errors
/// There are credentials, and `url` is http.
pub(super) fn check(values: &Values, url: &str) -> Result<(), String> {
    let is_private = Origin::of(url).is_none_or(|origin| origin.is_private());
    if values.text(KEY.name).is_some() && !is_private {
        return Err(format!("Git's credentials go over https only, and {url:?} is http"));
    }
    Ok(())
}

/// The credentials that the values name, where they name some, for the repositories below the URL `below`: reads their
/// file. From then on they are struck out of whatever is written.
///
/// # Errors
/// What is wrong with the file.
pub(super) fn open(values: &Values, below: &str) -> Result<Option<Credentials>, String> {
    let Some(path) = values.text(KEY.name) else { return Ok(None) };
    let token = Token::read(Path::new(path))?;
    let pair = token.secret().split_once(':');
    let Some((user, password)) = pair.filter(|(user, word)| !user.is_empty() && !word.is_empty())
    else {
        return Err(format!("the file {path} of {} does not hold USER:PASSWORD", KEY.name));
    };
    let credentials = Credentials::new(below, user, password);
    credentials.secrets().into_iter().for_each(secrets::remember);
    Ok(Some(credentials))
}
