//! What a server was asked and what it sent, as it counts itself: `/__stats`.

use serde_json::{Value, json};

use crate::http::{get, host};

/// Numbers of requests by kind, and what was sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Stats {
    /// Requests for lists: Gerrit's or the wiki's.
    pub(crate) lists: f64,
    /// The first requests of Git conversations.
    pub(crate) info_refs: f64,
    /// The other requests of Git.
    pub(crate) upload_pack: f64,
    pub(crate) requests: f64,
    /// Bytes of bodies, as they go over the wire.
    pub(crate) bytes: f64,
    /// Objects in packs, where the server counts them.
    pub(crate) objects: Option<f64>,
}

impl Stats {
    /// What the server counted since the last call; `None` if it does not count.
    pub(crate) fn take(url: &str) -> Option<Self> {
        let answer = get(host(url)?, "/__stats?reset=1").ok()?;
        if answer.status != 200 {
            return None;
        }
        Self::parse(str::from_utf8(&answer.body).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let kinds = value.get("kinds")?.as_object()?;
        let requests = |wanted: &dyn Fn(&str) -> bool| -> f64 {
            let kinds = kinds.iter().filter(|(name, _)| wanted(name));
            // Not `sum`: of nothing, that is -0.
            kinds.filter_map(|(_, kind)| kind.get("requests")?.as_f64()).fold(0.0, |a, b| a + b)
        };
        let is_list = |name: &str| name.starts_with("rest_") || name == "mw_api";
        let is_pack = |name: &str| {
            ["git_ls_refs", "git_fetch"].contains(&name) || name.starts_with("git_upload_pack")
        };
        Some(Self {
            lists: requests(&is_list),
            info_refs: requests(&|name| name == "git_info_refs"),
            upload_pack: requests(&is_pack),
            requests: value.get("requests")?.as_f64()?,
            bytes: value.get("bytes_sent")?.as_f64()?,
            objects: value.get("git_objects").and_then(Value::as_f64),
        })
    }

    /// All requests of Git.
    pub(crate) fn git(&self) -> f64 {
        self.info_refs + self.upload_pack
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "list_requests": self.lists, "info_refs_requests": self.info_refs,
            "upload_pack_requests": self.upload_pack, "requests": self.requests,
            "bytes_sent": self.bytes, "git_objects": self.objects,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_both_servers_are_understood() {
        let ours = r#"{"requests":7,"bytes_sent":900,"git_objects":4,"kinds":{
            "rest_projects":{"requests":4,"bytes_sent":1},"git_info_refs":{"requests":1},
            "git_upload_pack":{"requests":2}}}"#;
        let stats = Stats::parse(ours).unwrap();
        assert_eq!((stats.lists, stats.info_refs, stats.upload_pack), (4.0, 1.0, 2.0));
        assert_eq!((stats.requests, stats.bytes, stats.objects), (7.0, 900.0, Some(4.0)));
        let rigs = r#"{"seconds":1,"requests":5,"bytes_sent":10,"kinds":{
            "mw_api":{"requests":2},"git_ls_refs":{"requests":1},"git_fetch":{"requests":1},
            "git_upload_pack_v0":{"requests":1}}}"#;
        let other = Stats::parse(rigs).unwrap();
        assert_eq!((other.lists, other.git(), other.objects), (2.0, 3.0, None));
        assert_eq!(Stats::parse("<html>"), None);
    }
}
