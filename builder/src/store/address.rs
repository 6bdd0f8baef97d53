//! Where a store is: a bucket of an S3 server, or a folder.

use std::{fmt, path::PathBuf, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The setting `store`: `s3://BUCKET/PREFIX` or `file:///PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// A bucket, or the part of one whose names begin with a prefix.
    S3 {
        /// The name of the bucket.
        bucket: String,
        /// What the names of all objects begin with, without a slash at either end. It may be empty.
        prefix: String,
    },
    /// A folder: an absolute path.
    Folder(PathBuf),
}

impl FromStr for StoreUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("file://") {
            let is_plain = path.split('/').all(|part| part != ".." && part != ".");
            if !path.starts_with('/') || path.trim_matches('/').is_empty() || !is_plain {
                return Err(format!("{text:?} is not a folder: write file:///PATH"));
            }
            return Ok(Self::Folder(format!("/{}", path.trim_matches('/')).into()));
        }
        let Some(rest) = text.strip_prefix("s3://") else {
            return Err(format!(
                "{text:?} is not a store: write s3://BUCKET/PREFIX or file:///PATH"
            ));
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        // The rules of AWS for the names of buckets; the servers of others follow them.
        let is_of_bucket = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '.' | '-');
        if !(3..=63).contains(&bucket.len()) || !bucket.chars().all(is_of_bucket) {
            return Err(format!("{bucket:?} is not the name of a bucket"));
        }
        let prefix = prefix.trim_matches('/');
        // What no server and no URL changes.
        let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let is_part = |part: &str| {
            !part.is_empty() && part != "." && part != ".." && part.chars().all(is_safe)
        };
        if prefix.len() > 200 || !(prefix.is_empty() || prefix.split('/').all(is_part)) {
            return Err(format!(
                "{prefix:?} is not a prefix: it has letters, digits, '-', '_' and '.' between its slashes"
            ));
        }
        Ok(Self::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
            Self::Folder(path) => write!(f, "file://{}", path.display()),
        }
    }
}

impl Serialize for StoreUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StoreUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_a_bucket_with_or_without_a_prefix_or_a_folder() {
        for (text, shown) in [
            ("s3://tardist", "s3://tardist"),
            ("s3://tardist/", "s3://tardist"),
            ("s3://my.bucket-1/mediawiki/v1/", "s3://my.bucket-1/mediawiki/v1"),
            ("file:///srv/store/", "file:///srv/store"),
        ] {
            assert_eq!(text.parse::<StoreUrl>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_could_lead_elsewhere_is_no_store() {
        for text in [
            "",
            "tardist",
            "https://s3.example.org/tardist",
            "s3://",
            "s3://ab",
            "s3://Bucket",
            "s3://a_bucket",
            "s3://user@bucket/x",
            "s3://bucket/../x",
            "s3://bucket/a//b",
            "s3://bucket/a b",
            "s3://bucket/a?b",
            "file://srv/store",
            "file:///",
            "file:///srv/../etc",
        ] {
            assert!(text.parse::<StoreUrl>().is_err(), "{text}");
        }
    }
}
