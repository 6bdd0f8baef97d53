//! What an error of the library `object_store` means for the operator.

use std::{error::Error as _, io};

use super::address::StoreUrl;
use crate::{
    Error, StoreFault,
    error::{NO_SPACE_TEXTS, is_disguise, short},
    net::HttpError,
    secrets,
};

/// Makes an [`Error::Store`] of what the library said. `action` is a verb with its object: "read current.json from".
pub(super) fn failed(url: &StoreUrl, action: String, error: &object_store::Error) -> Error {
    let (fault, reason) = explain(error);
    // It may quote the store, whose bytes may be anything.
    let reason = secrets::struck(&reason).replace(is_disguise, " ");
    Error::Store { action, store: url.to_string(), reason, fault }
}

/// What is wrong, and what to do.
fn explain(error: &object_store::Error) -> (StoreFault, String) {
    use object_store::Error as E;
    if let Some(http) = cause::<HttpError>(error) {
        let fault = if http.is_transient() { StoreFault::Unreachable } else { StoreFault::Refused };
        return (fault, http.to_string());
    }
    if let Some(io) = cause::<io::Error>(error) {
        // Of a folder.
        let is_full = |text: &str| NO_SPACE_TEXTS.iter().any(|it| text.contains(it));
        let fault = match io.kind() {
            io::ErrorKind::NotFound => StoreFault::Missing,
            _ if is_full(&io.to_string()) => StoreFault::Full,
            _ => StoreFault::Refused,
        };
        return (fault, io.to_string());
    }
    let text = error.to_string();
    let answer = answer(&text);
    let said = match &answer {
        Answer { code: Some(code), message: Some(message), .. } => format!("{code}: {message}"),
        Answer { code: Some(code), .. } => code.clone(),
        Answer { status: Some(status), .. } => format!("it answered {status}"),
        _ => short(&text),
    };
    let code = answer.code.as_deref().unwrap_or_default();
    let is_fault = answer.status.is_some_and(|it| it >= 500 || it == 429 || it == 408);
    // Garage has no code of its own for it.
    let is_clock_off = code == "RequestTimeTooSkewed" || said.contains("Date is too old");
    match (error, code) {
        _ if is_clock_off => (
            StoreFault::Refused,
            format!("{said}; the clock of this machine or of the store is off: set it right"),
        ),
        (_, "NoSuchBucket") => (
            StoreFault::Refused,
            format!("{said}; make the bucket, or give another one (setting store)"),
        ),
        (_, "SlowDown" | "ServiceUnavailable" | "InternalError" | "RequestTimeout") => {
            (StoreFault::Unreachable, said)
        }
        (E::NotFound { .. }, _) => (StoreFault::Missing, said),
        (E::Precondition { .. } | E::AlreadyExists { .. }, _) => (StoreFault::Conflict, said),
        (E::PermissionDenied { .. } | E::Unauthenticated { .. }, _) => (
            StoreFault::Refused,
            format!(
                "{said}; look at the credentials (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or setting \
                 store-credentials), at what they may do with this bucket, and at store-region"
            ),
        ),
        _ if is_fault => (StoreFault::Unreachable, said),
        _ => (StoreFault::Refused, said),
    }
}

/// The first error of this type among the causes.
fn cause<T: std::error::Error + 'static>(error: &object_store::Error) -> Option<&T> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        source = error.source();
    }
    None
}

/// What an S3 server said, as far as it is in the text of an error.
#[derive(Debug, Default, PartialEq, Eq)]
struct Answer {
    status: Option<u16>,
    code: Option<String>,
    message: Option<String>,
}

/// Finds status, code and message in the text of an error: `… status code: 403 Forbidden: <Error><Code>…`.
fn answer(text: &str) -> Answer {
    let status = text.split_once("status code: ").and_then(|(_, rest)| rest.get(..3)?.parse().ok());
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        let (value, _) = rest.split_once(&format!("</{name}>"))?;
        let value: String = value.chars().filter(|c| !is_disguise(*c)).collect();
        Some(short(&value)).filter(|value| !value.is_empty())
    };
    Answer { status, code: element("Code"), message: element("Message") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(text: &str) -> object_store::Error {
        object_store::Error::Generic { store: "S3", source: text.into() }
    }

    fn denied(code: &str) -> object_store::Error {
        let source = format!(
            "Error performing GET http://h/b/x in 2ms - Server returned non-2xx status code: 403 Forbidden: \
             <?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>No.</Message></Error>"
        );
        object_store::Error::PermissionDenied { path: "x".into(), source: source.into() }
    }

    #[test]
    fn each_fault_is_told_with_what_to_do() {
        for (error, fault, says) in [
            (
                denied("InvalidAccessKeyId"),
                StoreFault::Refused,
                "InvalidAccessKeyId: No.; look at the cred",
            ),
            (denied("RequestTimeTooSkewed"), StoreFault::Refused, "set it right"),
            (
                generic(
                    "status code: 400 Bad Request: <Code>InvalidRequest</Code><Message>Bad request: Date is too \
                     old</Message>",
                ),
                StoreFault::Refused,
                "Date is too old; the clock",
            ),
            (
                generic(
                    "Server returned non-2xx status code: 404 Not Found: <Code>NoSuchBucket</Code>",
                ),
                StoreFault::Refused,
                "NoSuchBucket; make the bucket",
            ),
            (
                generic("Server returned non-2xx status code: 503 Service Unavailable: <html>"),
                StoreFault::Unreachable,
                "it answered 503",
            ),
            (
                generic(
                    "Server returned non-2xx status code: 400 Bad Request: <Code>SlowDown</Code>",
                ),
                StoreFault::Unreachable,
                "SlowDown",
            ),
            (generic("no idea"), StoreFault::Refused, "no idea"),
        ] {
            let (found, text) = explain(&error);
            assert_eq!(found, fault, "{error}");
            assert!(text.contains(says), "{says} is not in {text}");
            assert!(!text.contains('<'), "{text}");
        }
    }

    #[test]
    fn what_a_store_says_has_neither_orders_to_a_terminal_nor_secrets() {
        secrets::remember("failure-secret-1");
        let told = |error: &object_store::Error| {
            let url: StoreUrl = "s3://tardist".parse().unwrap();
            failed(&url, "read x from".to_owned(), error).to_string()
        };
        for error in
            [generic("\u{1b}[2J\u{202e}\u{9b}1m\n<3>x"), denied("\u{1b}A\u{202e}B\u{2066}")]
        {
            let text = told(&error);
            assert!(!text.chars().any(is_disguise), "{text:?}");
        }
        for count in 260..300 {
            let said = "x".repeat(count) + "failure-secret-1";
            for error in [generic(&said), denied(&said)] {
                let text = told(&error);
                assert!(text.contains("xxx") && !text.contains("failure-s"), "{text}");
            }
        }
    }

    #[test]
    fn what_the_network_and_the_disk_say_is_found_among_the_causes() {
        let lost = HttpError::NotAllowed { url: "https://elsewhere/".to_owned() };
        let source = object_store::client::HttpError::new(
            object_store::client::HttpErrorKind::Unknown,
            lost,
        );
        let error = object_store::Error::Generic { store: "S3", source: Box::new(source) };
        assert!(explain(&error).1.contains("not on a configured"));
        for (kind, text, fault) in [
            (io::ErrorKind::NotFound, "not there", StoreFault::Missing),
            (io::ErrorKind::StorageFull, "No space left on device", StoreFault::Full),
            (io::ErrorKind::PermissionDenied, "denied", StoreFault::Refused),
        ] {
            let source = Box::new(io::Error::new(kind, text));
            let error = object_store::Error::Generic { store: "file", source };
            assert_eq!(explain(&error).0, fault, "{text}");
        }
    }
}
