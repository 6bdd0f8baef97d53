//! What the fuzzers run of this folder; see [`fuzzing`](crate::fuzzing).

use serde_json::Value;

use super::document::parse;
use crate::limits::content::MAX_SHOWN;

/// `composer.json` and `composer.lock`.
pub fn composer(bytes: &[u8]) {
    let read = parse(bytes);
    // As values, JSON has the last of two equal keys only.
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else {
        assert!(read.is_err(), "what is no JSON is read");
        return;
    };
    let Ok(document) = read else { unreachable!("JSON is not read") };
    for shown in [&document.local_url, &document.outside] {
        let shown = shown.as_ref().map_or(0, String::len);
        assert!(shown <= 3 * MAX_SHOWN, "{shown} bytes");
    }
    assert!(document.local_url.is_some() || !names_this_machine(&value), "a place is overlooked");
}

/// Whether a `url` in the value surely names a place on this machine outside the repository.
fn names_this_machine(value: &Value) -> bool {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(values) => open.extend(values),
            Value::Object(fields) => {
                let url = fields.get("url").and_then(Value::as_str).unwrap_or_default();
                if ["/", "../", "file:", "~", "\\"].iter().any(|start| url.starts_with(start)) {
                    return true;
                }
                open.extend(fields.values());
            }
            _ => {}
        }
    }
    false
}
