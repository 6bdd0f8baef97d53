//! A real S3 server, moto or Garage, with a bucket and an access key that it checks the signatures of.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;

use crate::node::{Objects, Variables};
use crate::process::{Running, built, free_address, tool_at};

/// The name of the bucket.
const BUCKET: &str = "tardist";

/// A running server. Dropping it ends the server; what it has is in its memory.
pub struct S3 {
    variables: Variables,
    log: PathBuf,
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
    /// Starts moto, and makes the bucket and the key.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let address = free_address();
        let mut server = tool_at(&program("moto_server"));
        server.args(["-H", &address.ip().to_string(), "-p", &address.port().to_string()]);
        // What `prepare.py` does; after that, signatures count.
        server.env("INITIAL_NO_AUTH_ACTION_COUNT", "4").current_dir(folder.path());
        let log = folder.path().join("log");
        let server = Running::server(server, &log, address);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("s3/prepare.py");
        let mut prepare = tool_at(&program("python"));
        prepare.arg(script).args([&format!("http://{address}"), BUCKET]);
        let output = prepare.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (key, secret) = text.trim().split_once(' ').unwrap_or_else(|| panic!("{output:?}"));
        Self::of(folder, server, address, (key, secret))
    }

    /// Starts a Garage of one node, which `cargo xtask test --garage` has built. It makes the bucket and the key itself.
    #[must_use]
    #[track_caller]
    pub fn garage() -> Self {
        let folder = TempDir::new().unwrap();
        let (address, rpc) = (free_address(), free_address());
        let (key, secret) = (format!("GK{}", "1234".repeat(6)), "5678".repeat(16));
        let path = |name: &str| folder.path().join(name).display().to_string();
        let config = format!(
            "metadata_dir = '{}'\ndata_dir = '{}'\ndb_engine = 'sqlite'\nreplication_factor = 1\n\
             rpc_bind_addr = '{rpc}'\nrpc_public_addr = '{rpc}'\nrpc_secret = '{}'\n\
             [s3_api]\ns3_region = 'us-east-1'\napi_bind_addr = '{address}'\n",
            path("meta"),
            path("data"),
            "9a".repeat(32),
        );
        fs::write(path("garage.toml"), config).unwrap();
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut server = tool_at(&built(workspace.join("target/garage/bin/garage")));
        server.args(["-c", &path("garage.toml"), "server", "--single-node", "--default-bucket"]);
        server.env("GARAGE_DEFAULT_BUCKET", BUCKET).env("GARAGE_DEFAULT_ACCESS_KEY", &key);
        server.env("GARAGE_DEFAULT_SECRET_KEY", &secret);
        let server = Running::server(server, &folder.path().join("log"), address);
        Self::of(folder, server, address, (&key, &secret))
    }

    fn of(
        folder: TempDir,
        server: Running,
        address: SocketAddr,
        (key, secret): (&str, &str),
    ) -> Self {
        let endpoint = format!("http://{address}");
        let variables = [
            ("TARDIST_STORE", "s3://tardist/wiki"),
            ("TARDIST_STORE_ENDPOINT", &endpoint),
            ("AWS_ACCESS_KEY_ID", key),
            ("AWS_SECRET_ACCESS_KEY", secret),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { variables, log: folder.path().join("log"), _server: server, _folder: folder }
    }

    /// The requests to moto so far: `GET /tardist/wiki/current.json 200`.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        let log = fs::read_to_string(&self.log).unwrap();
        let request = |line: &str| {
            let (_, request) = line.split_once("] \"")?;
            // Some are in colour.
            let request = request.trim_start_matches(|letter: char| !letter.is_ascii_uppercase());
            let words: Vec<&str> = request.split(' ').collect();
            Some(format!("{} {} {}", words.first()?, words.get(1)?, words.get(3)?))
        };
        log.lines().filter_map(request).collect()
    }

    /// Runs a line of Python with the client `s3`, the arguments `Bucket` and `Key` in `of`, and standard input as `given`.
    fn ask(&self, line: &str, name: &str, given: &[u8]) -> Vec<u8> {
        let script = format!(
            "import boto3, sys\n\
             s3 = boto3.client('s3', endpoint_url=sys.argv[1], region_name='us-east-1')\n\
             of = dict(Bucket=sys.argv[2], Key=sys.argv[3])\n\
             given = sys.stdin.buffer.read()\n\
             {line}"
        );
        let mut command = tool_at(&program("python"));
        let endpoint = &self.variables["TARDIST_STORE_ENDPOINT"];
        let (_, folder) = self.variables["TARDIST_STORE"].split_once(BUCKET).unwrap();
        let key = format!("{}/{name}", folder.trim_matches('/'));
        command.envs(&self.variables).args(["-c", &script, endpoint, BUCKET, &key]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(given).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// True if there is such an object.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        let line = "print(s3.list_objects_v2(Bucket=of['Bucket'], Prefix=of['Key'])['KeyCount'])";
        self.ask(line, name, b"") != b"0\n"
    }
}

impl Objects for S3 {
    fn variables(&self) -> &Variables {
        &self.variables
    }

    fn get(&self, name: &str) -> Vec<u8> {
        self.ask("sys.stdout.buffer.write(s3.get_object(**of)['Body'].read())", name, b"")
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        self.ask("s3.put_object(**of, Body=given)", name, bytes);
    }

    fn remove(&self, name: &str) {
        self.ask("s3.delete_object(**of)", name, b"");
    }
}
