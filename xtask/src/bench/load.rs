//! Requests per second and latencies, by wrk.

use std::{fmt, net::SocketAddr, process::Command};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::server;
use crate::process;

/// What wrk said of each endpoint; the bare component is the last.
pub(super) struct Table(Vec<Row>);

struct Row {
    endpoint: String,
    load: Load,
}

/// What wrk said.
#[derive(Debug, PartialEq)]
struct Load {
    requests_per_second: f64,
    p50: String,
    p99: String,
    /// Answers of an error status; there should be none.
    errors: u64,
}

impl Table {
    pub(super) fn json(&self) -> Value {
        let rows = self.0.iter().map(|Row { endpoint, load }| {
            json!({
                "endpoint": endpoint, "requests_per_second": load.requests_per_second,
                "p50": load.p50, "p99": load.p99, "errors": load.errors,
            })
        });
        rows.collect()
    }
}

/// Loads the endpoints one after the other.
pub(super) fn measure(address: SocketAddr, name: &str) -> Result<Table> {
    let info = format!("/info/extensions/{name}");
    let paths = [&info, "/info/extensions", "/list/extensions", "/health"];
    let mut rows = Vec::new();
    for path in paths {
        get(address, path)?;
        rows.push(Row { endpoint: path.to_owned(), load: load(address, path, None)? });
    }
    let tag = get(address, &info)?.with_context(|| format!("the answer to {info} has no ETag"))?;
    rows.push(Row { endpoint: format!("{info} (304)"), load: load(address, &info, Some(&tag))? });
    get(address, "/bare")?;
    rows.push(Row { endpoint: "/bare".to_owned(), load: load(address, "/bare", None)? });
    Ok(Table(rows))
}

/// One request, which has to be answered with 200; the entity tag of the answer.
fn get(address: SocketAddr, path: &str) -> Result<Option<String>> {
    let answer = server::get(&address.to_string(), path)?;
    if answer.status != 200 {
        bail!("{path} is answered with status {}", answer.status);
    }
    Ok(answer.header("etag").map(str::to_owned))
}

fn load(address: SocketAddr, path: &str, tag: Option<&str>) -> Result<Load> {
    println!("Loading {path}");
    let mut wrk = Command::new("wrk");
    wrk.args(["-t2", "-c32", "-d5s", "--latency"]);
    if let Some(tag) = tag {
        wrk.args(["-H", &format!("If-None-Match: {tag}")]);
    }
    let text = process::output(wrk.arg(format!("http://{address}{path}")))?;
    parse(&text).with_context(|| format!("wrk's output is not as expected:\n{text}"))
}

fn parse(text: &str) -> Option<Load> {
    let value = |key| text.lines().find_map(|line| Some(line.trim().strip_prefix(key)?.trim()));
    Some(Load {
        requests_per_second: value("Requests/sec:")?.parse().ok()?,
        p50: value("50% ")?.to_owned(),
        p99: value("99% ")?.to_owned(),
        errors: value("Non-2xx or 3xx responses:").map_or(Some(0), |count| count.parse().ok())?,
    })
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|row| row.endpoint.len()).max().unwrap_or_default();
        writeln!(
            f,
            "{:width$}  {:>10}  {:>9}  {:>9}  {:>7}",
            "endpoint", "requests/s", "p50", "p99", "of bare"
        )?;
        let bare = self.0.last().map_or(f64::NAN, |row| row.load.requests_per_second);
        for Row { endpoint, load } in &self.0 {
            let rate = load.requests_per_second;
            write!(
                f,
                "{endpoint:width$}  {rate:>10.0}  {:>9}  {:>9}  {:>7.2}",
                load.p50,
                load.p99,
                rate / bare
            )?;
            if load.errors > 0 {
                write!(f, "  {} errors!", load.errors)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "Running 5s test @ http://127.0.0.1:1/
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.50ms    1.00ms  20.00ms   90.00%
  Latency Distribution
     50%    1.23ms
     75%    2.00ms
     90%    3.00ms
     99%    9.87ms
  50000 requests in 5.00s, 10.00MB read
Requests/sec:  10000.50
Transfer/sec:      2.00MB
";

    #[test]
    fn what_wrk_prints_is_understood() {
        let load = parse(OUTPUT).unwrap();
        let expected = Load {
            requests_per_second: 10000.5,
            p50: "1.23ms".into(),
            p99: "9.87ms".into(),
            errors: 0,
        };
        assert_eq!(load, expected);
        let failed = parse(&format!("{OUTPUT}  Non-2xx or 3xx responses: 7\n")).unwrap();
        assert_eq!(failed.errors, 7);
        assert_eq!(parse("unable to connect"), None);
    }
}
