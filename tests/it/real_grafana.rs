//! The dashboard of `deploy/grafana/` against the types that Grafana publishes. Its queries are looked at by
//! `real_promtool`.

use std::fs;

use tardist_tests::{deploy, grafana_types};

#[test]
fn the_dashboard_has_the_form_that_grafana_describes() {
    let dashboard = fs::read_to_string(deploy("grafana/tardist.json")).unwrap();
    grafana_types(&dashboard).exits(0);
    for (right, wrong) in [
        (r#""type": "timeseries""#, r#""tipe": "timeseries""#),
        (r#""mode": "thresholds""#, r#""mode": "treshold""#),
    ] {
        assert!(dashboard.contains(right), "{right}");
        let run = grafana_types(&dashboard.replace(right, wrong));
        assert_ne!(run.code, 0, "{wrong}: {}", run.text());
    }
}
