//! End-to-end tests, a module for each topic. What they share is in the library of this package.
//!
//! The modules `real_*` need a tool that is not part of the project, such as Chromium or Gerrit.
//! `cargo xtask test` leaves out those whose tool is not installed, and says so.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code: an error here fails a test and says where"
)]

#[macro_use]
mod tables;

mod addresses;
mod answers;
mod architecture;
mod authority;
mod bad_input;
mod cli;
mod consistency;
mod content;
mod contract;
mod crawlers;
mod cycle;
mod damage;
mod deployment;
mod documentation;
mod downloads;
mod faults;
mod feeds;
mod gc;
mod gerrit_view;
mod hostile;
mod hostile_repositories;
mod hostile_texts;
mod language;
mod meanwhile;
mod object_store;
mod openapi;
mod pages;
mod publish;
mod real_axe;
mod real_chromium;
mod real_companion;
mod real_composer;
mod real_ext4;
mod real_garage;
mod real_gerrit;
mod real_gitea;
mod real_grafana;
mod real_kubernetes;
mod real_linters;
mod real_mediawiki;
mod real_mediawiki_distributor;
mod real_minisign;
mod real_nginx;
mod real_podman;
mod real_promtool;
mod real_s3;
mod real_schemathesis;
mod real_systemd;
mod release_branches;
mod search;
mod tarball;
mod torture;
mod updates;
mod upgrade;
mod upstream_faults;
mod upstream_hosts;
mod upstream_loss;
mod upstreams;
mod watching;
mod workers;
