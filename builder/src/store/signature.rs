//! Signatures of what a store has, in the form of minisign (<https://jedisct1.github.io/minisign/>): the key of the
//! builder, and the one that a node insists on.

use std::{fs, io::Cursor, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use minisign::{PublicKey, SecretKey, SignatureBox};

use super::pointer::Pointer;
use crate::secrets;

/// The variable with the text of the secret key, for those who have no file for it.
pub const KEY_VARIABLE: &str = "TARDIST_STORE_KEY_TEXT";

/// The key that signs. Its `Debug` does not show it.
pub struct Signer(SecretKey);

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(…)")
    }
}

impl Signer {
    /// Reads the key from a file, or, if there is no path, from the variable [`KEY_VARIABLE`]. `None` if neither has
    /// one.
    ///
    /// # Errors
    /// What is wrong with the key.
    pub fn find(
        file: Option<&Path>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, String> {
        let (text, place) = match file {
            Some(path) => {
                let text = secrets::read_file("the file with the key of the store", path)?;
                (text, path.display().to_string())
            }
            None => match variable(KEY_VARIABLE).filter(|text| !text.trim().is_empty()) {
                Some(text) => (text, KEY_VARIABLE.to_owned()),
                None => return Ok(None),
            },
        };
        for line in text.lines().filter(|line| !line.starts_with("untrusted comment:")) {
            secrets::remember(line.trim());
        }
        Self::new(&text).map(Some).map_err(|reason| format!("{place}: {reason}"))
    }

    /// Reads the key from a text: the file, or only the line of the key. The checksum in it is not looked at, for the
    /// program minisign 0.11 leaves it empty in a key without a password.
    fn new(text: &str) -> Result<Self, String> {
        let unusable = |reason: &str| {
            format!(
                "this cannot be used: {reason}; it has to be a secret key of minisign without a password: minisign -G -W"
            )
        };
        let line = text.trim().lines().next_back().unwrap_or_default();
        let bytes = STANDARD.decode(line.trim()).map_err(|error| unusable(&error.to_string()))?;
        let key = SecretKey::from_bytes(&bytes).map_err(|error| unusable(&error.to_string()))?;
        if key.is_encrypted() {
            return Err(unusable("the key has a password"));
        }
        let signer = Self(key);
        let public = PublicKey::from_secret_key(&signer.0)
            .map_err(|error| unusable(&error.to_string()))
            .map(Verifier)?;
        // A key whose halves do not fit signs, too.
        public
            .check("text", &signer.sign("text", "comment")?)
            .map_err(|_| unusable("the key is damaged"))?;
        Ok(signer)
    }

    /// True if a pointer is signed with this key.
    pub fn has_signed(&self, pointer: &Pointer) -> bool {
        let public = PublicKey::from_secret_key(&self.0).map(Verifier);
        let is_valid = |signature: &String| {
            public.is_ok_and(|it| it.check(&pointer.statement, signature).is_ok())
        };
        pointer.signature.as_ref().is_some_and(is_valid)
    }

    /// The signature over a text. `comment` is signed, too.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn sign(&self, text: &str, comment: &str) -> Result<String, String> {
        let untrusted = "signature of tardist";
        minisign::sign(None, &self.0, Cursor::new(text), Some(comment), Some(untrusted))
            .map(|signature| signature.into_string())
            .map_err(|error| format!("cannot sign: {error}"))
    }
}

/// The key that a signature has to be of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier(PublicKey);

impl Verifier {
    /// Reads the key: the line of a public key itself, or the path of a file that has it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(given: &str) -> Result<Self, String> {
        let given = given.trim();
        if let Ok(key) = PublicKey::from_base64(given) {
            return Ok(Self(key));
        }
        let text = fs::read_to_string(given).map_err(|error| {
            format!("{given:?} is neither a public key of minisign nor a file with one: {error}")
        })?;
        let line = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
        PublicKey::from_base64(line)
            .map(Self)
            .map_err(|error| format!("{given} has no public key of minisign: {error}"))
    }

    /// The line of the key.
    pub(super) fn text(&self) -> String {
        self.0.to_base64()
    }

    /// Checks a signature over a text.
    ///
    /// # Errors
    /// It is none, or not one of this key over this text.
    pub fn check(&self, text: &str, signature: &str) -> Result<(), String> {
        // The library counts on these lengths.
        let lengths: Vec<usize> = signature.trim_end().lines().map(str::len).collect();
        if !matches!(lengths[..], [_, 100, _, 88]) || !signature.is_ascii() {
            return Err("has a signature that cannot be read: it is none of minisign".to_owned());
        }
        let signature = SignatureBox::from_string(signature)
            .map_err(|error| format!("has a signature that cannot be read: {error}"))?;
        minisign::verify(&self.0, &signature, Cursor::new(text), true, false, false)
            .map_err(|error| format!("has a signature that does not fit: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use minisign::KeyPair;

    use super::*;

    fn pair() -> (String, String) {
        let KeyPair { pk, sk } = KeyPair::generate_unencrypted_keypair().unwrap();
        (sk.to_box(None).unwrap().into_string(), pk.to_box().unwrap().into_string())
    }

    #[test]
    fn what_one_key_signs_only_its_public_key_accepts_and_only_for_that_text() {
        let ((secret, public), (_, other)) = (pair(), pair());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pub");
        fs::write(&path, &public).unwrap();
        let line = public.lines().last().unwrap();
        let signer = Signer::new(&secret).unwrap();
        let signature = signer.sign("text", "comment").unwrap();
        for given in [line, path.to_str().unwrap()] {
            let verifier = Verifier::read(given).unwrap();
            verifier.check("text", &signature).unwrap();
            assert!(verifier.check("other text", &signature).is_err());
            let forged = signature.replace("comment: comment", "comment: forged");
            assert!(verifier.check("text", &forged).is_err(), "the comment is signed, too");
        }
        let other = Verifier::read(other.lines().last().unwrap()).unwrap();
        assert!(other.check("text", &signature).unwrap_err().contains("does not fit"));
    }

    #[test]
    fn what_is_no_signature_is_an_error_and_no_panic() {
        let (secret, public) = pair();
        let verifier = Verifier::read(public.lines().last().unwrap()).unwrap();
        let whole = Signer::new(&secret).unwrap().sign("text", "comment").unwrap();
        let lines: Vec<&str> = whole.lines().collect();
        for count in 0..lines.len() {
            assert!(verifier.check("text", &lines[..count].join("\n")).is_err(), "{count} lines");
        }
        for at in 0..whole.trim_end().len() {
            assert!(verifier.check("text", &whole[..at]).is_err(), "cut at {at}");
            let mut bytes = whole.clone().into_bytes();
            bytes[at] = b'\n';
            let _ = verifier.check("text", &String::from_utf8(bytes).unwrap());
        }
        for other in ["", "\n\n\n\n", "ü", "untrusted comment: \nRW\ntrusted comment: \nRW"] {
            assert!(verifier.check("text", other).is_err(), "{other:?}");
        }
    }

    #[test]
    fn a_secret_key_comes_from_a_file_or_a_variable_and_has_no_password() {
        let (secret, public) = pair();
        let verifier = Verifier::read(public.lines().last().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, &secret).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Signer::find(Some(&path), |_| None).unwrap_err().contains("chmod o="));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let line = secret.lines().last().unwrap().to_owned();
        for (file, text) in
            [(Some(path.as_path()), None), (None, Some(&secret)), (None, Some(&line))]
        {
            let variable = |name: &str| text.cloned().filter(|_| name == KEY_VARIABLE);
            let signer = Signer::find(file, variable).unwrap().unwrap();
            verifier.check("text", &signer.sign("text", "c").unwrap()).unwrap();
        }
        assert_eq!(secrets::struck(&line), "[secret]");
        assert!(Signer::find(None, |_| None).unwrap().is_none());
        let locked = KeyPair::generate_encrypted_keypair(Some("password".to_owned())).unwrap();
        let locked = locked.sk.to_box(None).unwrap().into_string();
        assert!(Signer::new(&locked).unwrap_err().contains("without a password"));
        let mut damaged = secret.trim_end().to_owned();
        let middle = damaged.len() - 100;
        let other = if damaged.as_bytes()[middle] == b'A' { "B" } else { "A" };
        damaged.replace_range(middle..=middle, other);
        assert!(Signer::new(&damaged).unwrap_err().contains("damaged"));
        for text in ["", "x", "untrusted comment: x\nRWx\n"] {
            assert!(Signer::new(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_public_key_is_told() {
        assert!(Verifier::read("RWx").unwrap_err().contains("neither a public key"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pub");
        fs::write(&path, "something else").unwrap();
        assert!(Verifier::read(path.to_str().unwrap()).unwrap_err().contains("has no public key"));
    }
}
