//! Numbers for Prometheus, in its text format of version 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
//!
//! Builder and functions write a few gauges each. A library for that would bring a registry and counters, and
//! neither lives longer than one cycle or one request.

use std::fmt::Write;

/// The media type of the format.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// When the published snapshot was made. Builder and functions both tell it.
pub const SNAPSHOT_TIME: &str = "tardist_snapshot_time_seconds";

/// Gauges, each with what it says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gauges(String);

impl Gauges {
    /// Adds a gauge without labels. Nothing is added if there is no value. `help` is one line of text.
    pub fn add(&mut self, name: &str, help: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.head(name, help);
            let _ = writeln!(self.0, "{name} {value}");
        }
    }

    /// Adds a gauge that has a value for each value of one label.
    pub fn add_by<'a>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'a str, f64)>,
    ) {
        self.head(name, help);
        for (of, value) in values {
            let of = of.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = writeln!(self.0, "{name}{{{label}=\"{of}\"}} {value}");
        }
    }

    fn head(&mut self, name: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge");
    }

    /// The text.
    pub fn into_text(self) -> String {
        self.0
    }
}

/// What the published snapshot names, as gauges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotGauges {
    /// When it was made: Unix seconds.
    pub generated_at: i64,
    /// The number of extensions.
    pub extensions: u64,
    /// The number of skins.
    pub skins: u64,
    /// The number of tarballs.
    pub tarballs: u64,
    /// The number of tarballs from which something is missing.
    pub incomplete: u64,
}

impl SnapshotGauges {
    /// Adds them. Builder and functions tell them by the same names, so that they can be compared.
    pub fn add_to(self, gauges: &mut Gauges) {
        let of_kinds = [("extensions", self.extensions as f64), ("skins", self.skins as f64)];
        gauges.add(
            SNAPSHOT_TIME,
            "When the published snapshot was made, Unix time",
            Some(self.generated_at as f64),
        );
        gauges.add_by(
            "tardist_snapshot_repositories",
            "Repositories that the published snapshot names",
            "kind",
            of_kinds,
        );
        gauges.add(
            "tardist_snapshot_tarballs",
            "Tarballs that the published snapshot names",
            Some(self.tarballs as f64),
        );
        gauges.add(
            "tardist_snapshot_incomplete_tarballs",
            "Published tarballs from which something is missing",
            Some(self.incomplete as f64),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_has_its_help_its_type_and_its_values() {
        let mut gauges = Gauges::default();
        gauges.add("a_seconds", "How long", Some(1.5));
        gauges.add("b", "Not known", None);
        gauges.add_by("c_info", "Which", "version", [("1\"2\\3\n", 1.0)]);
        let text = gauges.into_text();
        let expected = "# HELP a_seconds How long\n# TYPE a_seconds gauge\na_seconds 1.5\n\
                        # HELP c_info Which\n# TYPE c_info gauge\nc_info{version=\"1\\\"2\\\\3\\n\"} 1\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_snapshot_tells_its_time_without_an_exponent() {
        let mut gauges = Gauges::default();
        SnapshotGauges {
            generated_at: 1_795_933_234,
            extensions: 6,
            skins: 2,
            tarballs: 32,
            incomplete: 1,
        }
        .add_to(&mut gauges);
        let text = gauges.into_text();
        for line in [
            "tardist_snapshot_time_seconds 1795933234",
            "tardist_snapshot_repositories{kind=\"skins\"} 2",
            "tardist_snapshot_tarballs 32",
            "tardist_snapshot_incomplete_tarballs 1",
        ] {
            assert!(text.lines().any(|it| it == line), "{line} is not in:\n{text}");
        }
    }
}
