//! A node that follows an object store, and what a test does to the store.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::env::TestEnv;
use crate::process::{Run, Running};
use crate::site::Site;

/// Variables of the environment.
pub type Variables = BTreeMap<String, String>;

/// The variables that name the store in this folder.
#[must_use]
pub fn folder_store(folder: &std::path::Path) -> Variables {
    let url = format!("file://{}", folder.to_str().unwrap());
    [("TARDIST_STORE".to_owned(), url)].into()
}

/// The sample, and a folder to publish to, with the variables that name it.
#[must_use]
pub fn sample_with_store() -> (TestEnv, PathBuf, Variables) {
    let env = TestEnv::sample();
    let folder = env.folder().join("store");
    fs::create_dir(&folder).unwrap();
    let store = folder_store(&folder);
    (env, folder, store)
}

/// The objects of a store, as somebody changes them who is not tardist.
pub trait Objects {
    /// The variables that name the store, and who asks.
    fn variables(&self) -> &Variables;
    /// The bytes of an object.
    fn get(&self, name: &str) -> Vec<u8>;
    /// Writes an object.
    fn put(&self, name: &str, bytes: &[u8]);
    /// Removes an object.
    fn remove(&self, name: &str);
}

/// A folder as the store.
pub struct Folder {
    path: PathBuf,
    variables: Variables,
}

impl Folder {
    /// Makes the folder, with nothing in it.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        fs::create_dir(&path).unwrap();
        let variables = folder_store(&path);
        Self { path, variables }
    }
}

impl Objects for Folder {
    fn variables(&self) -> &Variables {
        &self.variables
    }

    fn get(&self, name: &str) -> Vec<u8> {
        fs::read(self.path.join(name)).unwrap()
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path.join(name), bytes).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.path.join(name)).unwrap();
    }
}

/// Runs `tardist sync` of a system, with a store that these variables name.
#[must_use]
pub fn sync_to(env: &TestEnv, store: &Variables, args: &[&str]) -> Run {
    env.command(&[&["sync"], args].concat()).envs(store).output().unwrap().into()
}

/// A machine that builds nothing: its data directory has what `tardist pull` brings.
pub struct Node {
    env: TestEnv,
    store: Variables,
}

impl Node {
    /// A node with nothing yet. The variables name the store.
    #[must_use]
    pub fn new(store: &Variables) -> Self {
        Self { env: TestEnv::empty(), store: store.clone() }
    }

    /// `tardist` with these arguments on this node.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.env.command(args);
        command.env_remove("TARDIST_UPSTREAM").envs(&self.store);
        command
    }

    /// Runs `tardist pull` with these further arguments.
    #[must_use]
    pub fn pull(&self, args: &[&str]) -> Run {
        self.command(&[&["pull"], args].concat()).output().unwrap().into()
    }

    /// Starts `tardist pull --watch` with this pause between looks.
    #[must_use]
    pub fn watch(&self, pause: &str) -> Running {
        Running::start(self.command(&["pull", "--watch", pause]))
    }

    /// Its data directory.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.env.data()
    }

    /// Its snapshot.
    #[must_use]
    pub fn snapshot(&self) -> PathBuf {
        self.env.snapshot()
    }

    /// Serves its snapshot with the components.
    #[must_use]
    pub fn serve(&self) -> Site {
        self.env.serve(&[])
    }
}

/// A pointer with another statement, and without a signature.
#[must_use]
pub fn restated(pointer: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut pointer: Value = serde_json::from_slice(pointer).unwrap();
    let mut statement: Value =
        serde_json::from_str(pointer["statement"].as_str().unwrap()).unwrap();
    change(&mut statement);
    pointer["statement"] = statement.to_string().into();
    pointer.as_object_mut().unwrap().remove("signature");
    serde_json::to_vec(&pointer).unwrap()
}
