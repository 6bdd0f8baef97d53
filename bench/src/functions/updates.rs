//! The processor time that an update check takes: `POST /updates` for a wiki with 150 extensions.

use std::{fs, net::SocketAddr};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{
    http::post,
    marks::{Mark, Wanted},
};

/// How many extensions the wiki has.
const EXTENSIONS: usize = 150;

/// How many checks are measured. The clock of `/proc` has steps of 10 ms.
const CHECKS: u32 = 100;

/// The host's processor time for a check, in milliseconds.
#[derive(Debug)]
pub(crate) struct Check(Result<f64, String>);

/// Measures the host with this process id. `names` are extensions that it knows.
pub(crate) fn measure(process: u32, address: SocketAddr, names: &[String]) -> Result<Check> {
    let body = siteinfo(names).to_string();
    let check = || post(&address.to_string(), "/updates", &body);
    println!("Checking a wiki with {EXTENSIONS} extensions, {CHECKS} times");
    // The first checks start an instance.
    for _ in 0..5 {
        let status = check()?.status;
        if status != 200 {
            return Ok(Check(Err(format!("/updates is answered with status {status}"))));
        }
    }
    let Some(before) = cpu_ms(process) else { return Ok(Check(Err("there is no /proc".into()))) };
    for _ in 0..CHECKS {
        check()?;
    }
    let after = cpu_ms(process).context("the host ended")?;
    Ok(Check(Ok((after - before) / f64::from(CHECKS))))
}

/// What such a wiki answers.
fn siteinfo(names: &[String]) -> Value {
    let extension = |name: &String| {
        json!({
            "type": "other", "name": name, "namemsg": "a-name", "descriptionmsg": "a-desc",
            "author": "Ada Example, Grace Sample", "version": "0.1.0",
            "url": format!("https://www.mediawiki.org/wiki/Extension:{name}"),
            "vcs-system": "git", "vcs-version": "0".repeat(40), "vcs-date": "2020-01-01T00:00:00Z",
            "vcs-url": format!("https://gerrit.wikimedia.org/g/mediawiki/extensions/{name}/+/0"),
            "license-name": "GPL-2.0-or-later",
        })
    };
    let extensions: Value = names.iter().take(EXTENSIONS).map(extension).collect();
    let general = json!({"generator": "MediaWiki 1.45.1", "phpversion": "8.2.1"});
    json!({"query": {"general": general, "extensions": extensions, "skins": []}})
}

/// The processor time that a process took so far. Linux counts it in hundredths of a second.
fn cpu_ms(process: u32) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name of the program, which is in parentheses, may have spaces.
    let (_, fields) = text.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    let ticks = |place: usize| fields.get(place)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) * 10.0)
}

impl Check {
    pub(crate) fn json(&self) -> Value {
        json!({ "extensions": EXTENSIONS, "cpu_ms": self.0.as_ref().ok() })
    }

    pub(crate) fn mark(&self) -> Mark {
        let name = format!("POST /updates, {EXTENSIONS} extensions: processor time of the host");
        Mark::new(name, Wanted::AtMost(10.0), "ms", self.0.clone())
    }
}
