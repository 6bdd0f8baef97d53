//! Publishing to an object store, and nodes that follow it. The store is a real S3 server on this machine, moto (the one
//! of the tests). It is slow, so times say little. What counts here are requests, objects, connections, memory, and the
//! builder's own CPU time.

mod nodes;
mod publish;
mod server;

use std::{fmt, path::Path};

use anyhow::Result;
use serde_json::{Value, json};

use crate::{builder::run::Setup, marks::Mark};
use nodes::Nodes;
use publish::Publishing;
use server::Server;

/// What was measured.
pub(crate) struct Stored {
    publishing: Publishing,
    nodes: Nodes,
}

/// Publishes what the upstream of `setup` has, and made-up repositories, to a store below `folder`.
pub(crate) fn measure(setup: &Setup, folder: &Path) -> Result<Stored> {
    let server = Server::start()?;
    let publishing = publish::measure(&server, folder)?;
    let nodes = nodes::measure(&server, setup, folder)?;
    Ok(Stored { publishing, nodes })
}

impl Stored {
    pub(crate) fn json(&self) -> Value {
        json!({ "publishing": self.publishing.json(), "nodes": self.nodes.json() })
    }

    pub(crate) fn marks(&self) -> Vec<Mark> {
        [self.publishing.marks(), self.nodes.marks()].concat()
    }
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.publishing, self.nodes)
    }
}
