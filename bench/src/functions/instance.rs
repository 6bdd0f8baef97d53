//! What an instance takes: memory, and the time that the first request to a new one takes longer.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::measure::median_by;

/// A pause in which all instances end: they do after a second without a request.
const IDLE: Duration = Duration::from_millis(1_250);

/// How many first requests to new instances are measured.
const COLD: usize = 15;

/// How many more requests follow each, to the instance that is there by then.
const WARM: usize = 9;

/// The times of the first request to a new instance, and of one to an instance that is there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    pub(crate) cold_ms: f64,
    pub(crate) warm_ms: f64,
}

impl Start {
    /// The difference: what a new instance costs.
    pub(crate) fn cost_ms(&self) -> f64 {
        self.cold_ms - self.warm_ms
    }

    pub(crate) fn json(&self) -> Value {
        json!({ "cold_ms": self.cold_ms, "warm_ms": self.warm_ms })
    }
}

/// Requests each path after a pause in which all instances end, and then again at once.
pub(crate) fn starts(address: SocketAddr, paths: &[&str]) -> Result<Vec<Start>> {
    let mut client = Client::connect(address)?;
    let mut cold = vec![Vec::new(); paths.len()];
    let mut warm = vec![Vec::new(); paths.len()];
    for _ in 0..COLD {
        thread::sleep(IDLE);
        // All first requests come first, while no path has an instance.
        for (path, times) in paths.iter().zip(&mut cold) {
            times.push(client.ask(path)?);
        }
        for (path, times) in paths.iter().zip(&mut warm) {
            for _ in 0..WARM {
                times.push(client.ask(path)?);
            }
        }
    }
    let median = |times: Vec<f64>| median_by(times, |it| *it).unwrap_or(f64::NAN);
    let starts = cold.into_iter().zip(warm);
    Ok(starts.map(|(cold, warm)| Start { cold_ms: median(cold), warm_ms: median(warm) }).collect())
}

/// A client with one connection, which it keeps open.
struct Client {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
}

impl Client {
    fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)
            .and_then(|stream| {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(Duration::from_secs(30)))?;
                Ok(stream)
            })
            .with_context(|| format!("cannot connect to {address}"))?;
        Ok(Self { stream: BufReader::new(stream), address })
    }

    /// The milliseconds from a request to the end of its answer.
    fn ask(&mut self, path: &str) -> Result<f64> {
        let address = self.address;
        let failed = || format!("cannot ask http://{address}{path}");
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        let start = Instant::now();
        self.stream.get_mut().write_all(request.as_bytes()).with_context(failed)?;
        let mut length = None;
        let mut is_chunked = false;
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).with_context(failed)? == 0 {
                bail!("http://{address}{path}: the connection was closed");
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = Some(value.trim().parse().with_context(failed)?);
            }
            is_chunked |= line.starts_with("transfer-encoding:") && line.contains("chunked");
        }
        match length {
            Some(length) => self.skip(length).with_context(failed)?,
            None if is_chunked => self.skip_chunks().with_context(failed)?,
            None => bail!("http://{address}{path}: the answer has no length"),
        }
        Ok(start.elapsed().as_secs_f64() * 1e3)
    }

    fn skip(&mut self, length: u64) -> std::io::Result<()> {
        let skipped = std::io::copy(&mut self.stream.by_ref().take(length), &mut std::io::sink())?;
        if skipped < length {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    fn skip_chunks(&mut self) -> std::io::Result<()> {
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let length = u64::from_str_radix(line.trim(), 16)
                .map_err(|_| std::io::Error::from(std::io::ErrorKind::InvalidData))?;
            self.skip(length + 2)?;
            if length == 0 {
                return Ok(());
            }
        }
    }
}

/// The most memory that an instance of each component had, in bytes. The component host reports it
/// with `--report-memory`.
pub(crate) fn memory(log: &Path) -> Result<BTreeMap<String, f64>> {
    let text = fs::read_to_string(log).with_context(|| format!("cannot read {}", log.display()))?;
    Ok(parse_memory(&text))
}

fn parse_memory(log: &str) -> BTreeMap<String, f64> {
    let mut largest = BTreeMap::new();
    for line in log.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["component", name, "memory", bytes, "bytes"] = words.as_slice()
            && let Ok(bytes) = bytes.parse::<f64>()
        {
            let name = name.trim_matches(['"', ':']).to_owned();
            let entry = largest.entry(name).or_insert(0.0_f64);
            *entry = entry.max(bytes);
        }
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_instance_of_each_component_counts() {
        let log = "component \"info\": memory 100 bytes\nother words\n\
                   component \"info\": memory 300 bytes\ncomponent \"list\": memory 7 bytes\n";
        let memory = parse_memory(log);
        assert_eq!((memory["info"], memory["list"]), (300.0, 7.0));
    }
}
