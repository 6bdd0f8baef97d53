//! The units of `deploy/systemd/`, as systemd itself reads them: `systemd-analyze`, in a folder that stands for the
//! root of a machine.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use tardist_tests::{Run, deploy};
use tempfile::TempDir;

/// The exposure that a service may have at most, in tenths: 0 is none, 100 is all.
const MOST_EXPOSURE: &str = "20";

/// A root with systemd's own units, the shipped ones, and the programs that they start.
fn machine() -> TempDir {
    let root = TempDir::new().unwrap();
    let at = |path: &str| root.path().join(path);
    fs::create_dir_all(at("usr/lib/systemd")).unwrap();
    symlink("usr/lib", at("lib")).unwrap();
    let copy = Command::new("cp")
        .args(["-a", "/usr/lib/systemd/system"])
        .arg(at("usr/lib/systemd"))
        .status();
    assert!(copy.unwrap().success());
    for program in ["usr/bin/tardist", "usr/local/bin/spin"] {
        fs::create_dir_all(at(program).parent().unwrap()).unwrap();
        fs::write(at(program), "#!/bin/sh\n").unwrap();
        fs::set_permissions(at(program), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let units = at("etc/systemd/system");
    fs::create_dir_all(units.join("tardist.service.d")).unwrap();
    for unit in [
        "tardist.service",
        "tardist.timer",
        "tardist-functions@.service",
        "tardist-pull.service",
        "tardist.service.d/egress.conf",
    ] {
        let text = fs::read_to_string(deploy(&format!("systemd/{unit}"))).unwrap();
        fs::write(units.join(unit), &text).unwrap();
        fs::write(units.join(unit.replace('@', "@3000")), text).unwrap();
    }
    root
}

fn analyze(root: &Path, arguments: &[&str]) -> Run {
    let mut command = Command::new("systemd-analyze");
    command.arg(format!("--root={}", root.display())).args(arguments);
    command.output().unwrap().into()
}

#[test]
fn systemd_reads_the_units_without_a_complaint() {
    let root = machine();
    let units = [
        "tardist.service",
        "tardist.timer",
        "tardist-functions@3000.service",
        "tardist-pull.service",
    ];
    let run = analyze(root.path(), &[&["verify", "--man=no"], &units[..]].concat());
    assert_eq!(run.exits(0).text().trim(), "");
    // It would see a mistake.
    let unit = root.path().join("etc/systemd/system/tardist.service");
    fs::write(&unit, fs::read_to_string(&unit).unwrap().replace("Type=oneshot", "Type=oneshoe"))
        .unwrap();
    assert_ne!(analyze(root.path(), &["verify", "--man=no", "tardist.service"]).text().trim(), "");
}

#[test]
fn the_services_can_do_little_besides_their_work() {
    let root = machine();
    // Without the file that each operator adapts.
    fs::remove_dir_all(root.path().join("etc/systemd/system/tardist.service.d")).unwrap();
    for service in ["tardist.service", "tardist-functions@3000.service", "tardist-pull.service"] {
        let arguments = ["security", "--offline=yes", "--threshold", MOST_EXPOSURE, service];
        analyze(root.path(), &arguments).exits(0).says(&["Overall exposure level"]);
    }
}
