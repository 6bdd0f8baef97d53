//! Who asks the store: an access key with its secret, from the environment or from a file.

use std::{fmt, path::Path};

use crate::secrets;

/// The names of the values: those of environment variables, and in small letters those of a file, as AWS's own
/// programs have them (<https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html>).
const NAMES: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// The longest value that is taken. AWS's session tokens have up to some 2,000 characters.
const MAX_LENGTH: usize = 8192;

/// An access key. Its `Debug` does not show the secret.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) key_id: String,
    pub(super) secret: String,
    pub(super) token: Option<String>,
}

impl Credentials {
    /// Reads them from a file, or, if there is no path, from variables. `None` if neither has any. From then on the
    /// secrets are struck out of whatever is written.
    ///
    /// # Errors
    /// What is wrong with the file or the variables.
    pub(super) fn find(
        file: Option<&Path>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, String> {
        let found = match file {
            Some(path) => {
                let text = secrets::read_file("the file with the store's credentials", path)?;
                let shown = path.display();
                let found = Self::new(|name| in_file(&text, &name.to_lowercase()));
                let found = found.map_err(|error| format!("{shown}: {error}"))?;
                Some(found.ok_or_else(|| {
                    format!("{shown} has no aws_access_key_id and no aws_secret_access_key")
                })?)
            }
            None => Self::new(variable)?,
        };
        if let Some(Self { secret, token, .. }) = &found {
            secrets::remember(secret);
            token.iter().for_each(|token| secrets::remember(token));
        }
        Ok(found)
    }

    fn new(value: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        let [key_id, secret, token] = NAMES
            .map(|name| value(name).map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()));
        for (name, value) in NAMES.iter().zip([&key_id, &secret, &token]) {
            let is_one =
                |it: &String| it.len() <= MAX_LENGTH && it.chars().all(|c| c.is_ascii_graphic());
            if !value.as_ref().is_none_or(is_one) {
                return Err(format!("{name} is not one word of ASCII characters"));
            }
        }
        match (key_id, secret) {
            (Some(key_id), Some(secret)) => Ok(Some(Self { key_id, secret, token })),
            (None, None) => Ok(None),
            (None, _) => Err(format!("there is {}, but no {}", NAMES[1], NAMES[0])),
            (_, None) => Err(format!("there is {}, but no {}", NAMES[0], NAMES[1])),
        }
    }
}

/// The value of a name in the first section of a file of AWS's form, with or without its heading.
fn in_file(text: &str, name: &str) -> Option<String> {
    let mut headings = 0;
    for line in text.lines().map(str::trim) {
        headings += usize::from(line.starts_with('['));
        if headings > 1 {
            return None;
        }
        if let Some((key, value)) = line.split_once('=')
            && key.trim().eq_ignore_ascii_case(name)
        {
            return Some(value.trim().to_owned());
        }
    }
    None
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.key_id)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn nothing(_: &str) -> Option<String> {
        None
    }

    #[test]
    fn they_come_from_a_file_in_the_form_of_aws_that_not_everybody_may_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        let read = |text: &str, mode: u32| {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            Credentials::find(Some(&path), nothing)
        };
        for text in [
            "aws_access_key_id=GK1\naws_secret_access_key=hidden-1\n",
            "[default]\naws_access_key_id = GK1\naws_secret_access_key = hidden-1\n[other]\naws_session_token=x\n",
            "AWS_ACCESS_KEY_ID=GK1\nAWS_SECRET_ACCESS_KEY=hidden-1",
        ] {
            let found = read(text, 0o600).unwrap().unwrap();
            assert_eq!((found.key_id.as_str(), found.secret.as_str()), ("GK1", "hidden-1"));
            assert_eq!(found.token, None);
            assert!(!format!("{found:?}").contains("hidden"));
        }
        assert_eq!(secrets::struck("it is hidden-1"), "it is [secret]");
        let whole = "aws_access_key_id=GK1\naws_secret_access_key=hidden-1\n";
        assert!(read(whole, 0o644).unwrap_err().contains("chmod o="));
        assert!(read("aws_access_key_id=GK1\n", 0o600).unwrap_err().contains("no AWS_SECRET"));
        assert!(read("", 0o600).unwrap_err().contains("has no aws_access_key_id"));
        fs::remove_file(&path).unwrap();
        assert!(Credentials::find(Some(&path), nothing).unwrap_err().contains("cannot read"));
    }

    #[test]
    fn without_a_file_they_come_from_variables_or_there_are_none() {
        let variable = |name: &str| {
            let names = [("AWS_ACCESS_KEY_ID", "GK2"), ("AWS_SECRET_ACCESS_KEY", "hidden-2")];
            names.iter().find(|it| it.0 == name).map(|it| it.1.to_owned())
        };
        assert_eq!(Credentials::find(None, variable).unwrap().unwrap().key_id, "GK2");
        assert_eq!(Credentials::find(None, nothing), Ok(None));
        let half = |name: &str| variable(name).filter(|_| name.contains("SECRET"));
        assert!(Credentials::find(None, half).unwrap_err().contains("no AWS_ACCESS_KEY_ID"));
        let two = |name: &str| variable(name).map(|it| format!("{it} x"));
        assert!(Credentials::find(None, two).unwrap_err().contains("one word"));
    }
}
