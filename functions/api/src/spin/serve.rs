//! The one door between Spin and the endpoints: what every component does with a request. It is the
//! only user of `spin_sdk` beside the components' entry points.
//!
//! A component is an entry point that hands its own endpoints to [`serve`], and nothing else: what
//! it doesn't name is not linked into it, and the settings that it doesn't use are not asked for.

use std::{
    cell::{OnceCell, RefCell},
    rc::Rc,
    sync::OnceLock,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use http::{HeaderMap, Method, StatusCode, Uri, header};
use spin_sdk::sqlite::{self, wit::sqlite::Connection};

use crate::{
    http::conditional,
    http::problem::ApiError,
    http::request::Request,
    http::response::{Body, Response},
    query::snapshot::{Snapshot, unavailable},
    query::statement::{Statement, USER_VERSION_SQL, Value},
    route::{METHODS, Route, route},
    settings::{Settings, seconds},
    spin::response_cache::{self, Kept},
};

/// The label of the snapshot in `spin.toml`.
const DATABASE: &str = "snapshot";

/// What an endpoint is given beside its route.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The request.
    pub request: &'a Request,
    /// The snapshot to answer from.
    pub snapshot: &'a Database,
}

/// Answers a request with a component's `endpoint`, which gets the route of every `GET` that is not
/// answered already, and says [`ApiError::no_such_path`] to those that are not its own.
///
/// Nothing is an error for Spin, which would answer an empty 500.
pub async fn serve<E>(request: spin_sdk::http::Request, endpoint: E) -> http::Response<Body>
where
    E: AsyncFn(Route<'_>, Call<'_>) -> Result<Response, ApiError>,
{
    serve_with(request, endpoint, |_, error| error.response()).await
}

/// As [`serve`], with what an error looks like to a client with these headers.
pub async fn serve_with<E>(
    request: spin_sdk::http::Request,
    endpoint: E,
    problem: fn(&HeaderMap, &ApiError) -> Response,
) -> http::Response<Body>
where
    E: AsyncFn(Route<'_>, Call<'_>) -> Result<Response, ApiError>,
{
    let (parts, _body) = request.into_parts();
    let answer = answer(parts.method, &parts.uri, &parts.headers, endpoint).await;
    let response = answer.unwrap_or_else(|error| problem(&parts.headers, &error));
    let response = response.finish();
    let mut out = http::Response::new(response.body);
    *out.status_mut() = response.status;
    *out.headers_mut() = response.headers;
    out
}

async fn answer<E>(
    method: Method,
    uri: &Uri,
    headers: &HeaderMap,
    endpoint: E,
) -> Result<Response, ApiError>
where
    E: AsyncFn(Route<'_>, Call<'_>) -> Result<Response, ApiError>,
{
    if !matches!(method, Method::GET | Method::HEAD) {
        let request = Request::new(method, uri, headers.clone())?;
        route(&request)?;
        return match request.method {
            Method::OPTIONS => Ok(options()),
            _ => Err(ApiError::MethodNotAllowed { allow: METHODS }),
        };
    }
    let key = kept::key(uri, headers);
    let instance = Instance::current();
    let kept = instance.kept.borrow().get(&key);
    let response = match kept {
        Some(response) => response,
        None => {
            let request = Request::new(method, uri, headers.clone())?;
            let call = Call { request: &request, snapshot: &instance.database };
            let mut response = endpoint(route(&request)?, call).await?;
            if !response.headers.contains_key(header::CACHE_CONTROL) {
                let value = format!("public, max-age={}", cache_max_age().await?);
                response.set(header::CACHE_CONTROL, &value);
            }
            instance.kept.borrow_mut().put(key, &response);
            response
        }
    };
    conditional::apply(headers, response)
}

/// The answer to `OPTIONS`, which is also that to a browser's preflight.
fn options() -> Response {
    let mut response = Response::new(StatusCode::NO_CONTENT, "");
    response.set(header::ALLOW, METHODS);
    response.set(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    response.set(header::ACCESS_CONTROL_ALLOW_HEADERS, "*");
    response.set(header::ACCESS_CONTROL_MAX_AGE, "86400");
    response
}

/// The time: Unix seconds.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The settings that only some endpoints use, asked once an instance: they can't change while it
/// lives. The component has to have their variables in `spin.toml`.
///
/// # Errors
/// 500 where a variable is missing or wrong, which is logged.
pub async fn settings() -> Result<&'static Settings, ApiError> {
    static SETTINGS: OnceLock<Settings> = OnceLock::new();
    if let Some(settings) = SETTINGS.get() {
        return Ok(settings);
    }
    let settings = Settings {
        snapshot_max_age: number("snapshot_max_age").await?,
        documentation_url: variable("documentation_url").await?,
    };
    Ok(SETTINGS.get_or_init(|| settings))
}

/// How long caches may keep an answer, in seconds; likewise asked once.
async fn cache_max_age() -> Result<u64, ApiError> {
    static CACHE_MAX_AGE: OnceLock<u64> = OnceLock::new();
    if let Some(age) = CACHE_MAX_AGE.get() {
        return Ok(*age);
    }
    let age = number("cache_max_age").await?;
    Ok(*CACHE_MAX_AGE.get_or_init(|| age))
}

async fn number(name: &str) -> Result<u64, ApiError> {
    seconds(name, &variable(name).await?).map_err(|problem| wrong_setting(&problem))
}

async fn variable(name: &str) -> Result<String, ApiError> {
    let value = spin_sdk::variables::get(name).await;
    value.map_err(|error| wrong_setting(&format!("the variable {name}: {error}")))
}

fn wrong_setting(problem: &str) -> ApiError {
    eprintln!("{problem}");
    ApiError::Internal
}

/// What this instance keeps: see [`kept`].
struct Instance {
    since: Instant,
    database: Database,
    kept: RefCell<Kept>,
}

impl Instance {
    /// What is kept and young enough, else nothing yet. A request goes on with what it began with.
    fn current() -> Rc<Self> {
        thread_local! {
            static CURRENT: RefCell<Option<Rc<Instance>>> = const { RefCell::new(None) };
        }
        CURRENT.with_borrow_mut(|current| match current {
            Some(instance) if instance.since.elapsed() < kept::LIFETIME => Rc::clone(instance),
            _ => {
                let (database, kept) = (Database::default(), RefCell::default());
                Rc::clone(current.insert(Rc::new(Self { since: Instant::now(), database, kept })))
            }
        })
    }
}

/// The snapshot's database, opened at the first statement. It keeps reading the file that was there
/// then, whatever the builder puts in its place.
#[derive(Default)]
pub struct Database(OnceCell<Connection>);

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = if self.0.get().is_some() { "open" } else { "not open yet" };
        f.debug_tuple("Database").field(&state).finish()
    }
}

impl Database {
    fn connection(&self) -> Result<&Connection, sqlite::Error> {
        if let Some(connection) = self.0.get() {
            return Ok(connection);
        }
        let connection = Connection::open(DATABASE)?;
        // One transaction for all: else SQLite would lock the file and look for a journal each time.
        connection.execute("BEGIN", &[])?;
        Ok(self.0.get_or_init(|| connection))
    }

    /// The first row of a statement.
    ///
    /// By the blocking call of `spin:sqlite`, which has no other name in the SDK: the row comes with
    /// the answer instead of through a stream, and while one request waits for it no other of this
    /// instance can ask for the same. (Under load both calls cost the same.)
    fn row(&self, sql: &str, params: Vec<Value>) -> Result<Vec<Value>, sqlite::Error> {
        let params: Vec<sqlite::Value> = params.into_iter().map(to_spin).collect();
        let result = self.connection()?.execute(sql, &params)?;
        let row = result.rows.into_iter().next();
        Ok(row.map(|row| row.values.into_iter().map(from_spin).collect()).unwrap_or_default())
    }

    fn user_version(&self) -> Option<i64> {
        match self.row(USER_VERSION_SQL, Vec::new()).ok()?.first() {
            Some(Value::Integer(version)) => Some(*version),
            _ => None,
        }
    }
}

impl Snapshot for Database {
    async fn get<T>(&self, mut statement: Statement<T>) -> Result<T, ApiError> {
        let params = std::mem::take(&mut statement.params);
        let failure = match self.row(statement.sql, params) {
            Ok(row) => match statement.read(row) {
                Ok(value) => return Ok(value),
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        eprintln!("the snapshot does not answer: {failure}");
        Err(unavailable(self.user_version()))
    }
}

fn to_spin(value: Value) -> sqlite::Value {
    match value {
        Value::Null => sqlite::Value::Null,
        Value::Integer(value) => sqlite::Value::Integer(value),
        Value::Real(value) => sqlite::Value::Real(value),
        Value::Text(value) => sqlite::Value::Text(value),
        Value::Blob(value) => sqlite::Value::Blob(value),
    }
}

fn from_spin(value: sqlite::Value) -> Value {
    match value {
        sqlite::Value::Null => Value::Null,
        sqlite::Value::Integer(value) => Value::Integer(value),
        sqlite::Value::Real(value) => Value::Real(value),
        sqlite::Value::Text(value) => Value::Text(value),
        sqlite::Value::Blob(value) => Value::Blob(value),
    }
}
