//! A real S3 server: moto, with a bucket and an access key that it checks the signatures of.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::node::Variables;
use crate::process::{Running, built, free_address, tool_at};

/// The name of the bucket.
const BUCKET: &str = "tardist";

/// A running server. Dropping it ends the server; what it has is in its memory.
pub struct S3 {
    variables: Variables,
    _server: Running,
    _folder: TempDir,
}

/// A program of its virtual environment, which `cargo xtask test` installs from `tests/s3/requirements.txt`.
#[track_caller]
fn program(name: &str) -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    built(workspace.join("target/s3/bin").join(name))
}

impl S3 {
    /// Starts the server, and makes the bucket and the key.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let address = free_address();
        let mut server = tool_at(&program("moto_server"));
        server.args(["-H", &address.ip().to_string(), "-p", &address.port().to_string()]);
        // What `prepare.py` does; after that, signatures count.
        server.env("INITIAL_NO_AUTH_ACTION_COUNT", "4").current_dir(folder.path());
        let server = Running::server(server, &folder.path().join("log"), address);
        let endpoint = format!("http://{address}");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("s3/prepare.py");
        let mut prepare = tool_at(&program("python"));
        prepare.arg(script).args([&endpoint, BUCKET]);
        let output = prepare.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (key, secret) = text.trim().split_once(' ').unwrap_or_else(|| panic!("{output:?}"));
        let variables = [
            ("TARDIST_STORE", "s3://tardist/wiki"),
            ("TARDIST_STORE_ENDPOINT", &endpoint),
            ("AWS_ACCESS_KEY_ID", key),
            ("AWS_SECRET_ACCESS_KEY", secret),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { variables, _server: server, _folder: folder }
    }

    /// The variables that name the store, and who asks.
    #[must_use]
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// The bytes of an object, as another client reads it. Empty if it is not there.
    #[must_use]
    pub fn object(&self, name: &str) -> Vec<u8> {
        let script = "import boto3, sys\n\
                      s3 = boto3.client('s3', endpoint_url=sys.argv[1], region_name='us-east-1')\n\
                      sys.stdout.buffer.write(s3.get_object(Bucket=sys.argv[2], Key=sys.argv[3])['Body'].read())";
        let mut command = tool_at(&program("python"));
        let endpoint = &self.variables["TARDIST_STORE_ENDPOINT"];
        command.envs(&self.variables).args(["-c", script, endpoint, BUCKET, name]);
        command.output().unwrap().stdout
    }
}
