//! From the places where settings are given to the checked configuration.

use std::path::Path;

use super::{Settings, config::Config, file};
use crate::Error;

/// The configuration file that is read where no other is named, in the current folder.
const DEFAULT_FILE: &str = "tardist.toml";

/// Puts settings together: those of the command line and the environment, which win, and those of the
/// configuration file. `wrong` is what is wrong with variables of the environment.
///
/// Returns the settings as they were given, and the configuration that follows from them.
///
/// # Errors
/// [`Error::Config`] with everything that is wrong anywhere, a line each.
pub fn load(
    given: Settings,
    file: Option<&Path>,
    mut wrong: Vec<String>,
) -> Result<(Settings, Config), Error> {
    let default = Path::new(DEFAULT_FILE);
    let path = file.or_else(|| default.exists().then_some(default));
    let file = path.map(file::read).unwrap_or_default();
    wrong.splice(0..0, file.wrong);
    let settings = given.or(file.settings);
    match Config::new(settings.clone()) {
        Ok(config) if wrong.is_empty() => return Ok((settings, config)),
        Ok(_) => {}
        Err(error) => wrong.extend(error.to_string().lines().map(str::to_owned)),
    }
    Err(Error::Config(match &wrong[..] {
        [only] => only.clone(),
        all => format!("{} things are wrong:\n  {}", all.len(), all.join("\n  ")),
    }))
}
