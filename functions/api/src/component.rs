//! The one door between Spin and the endpoints: what every component does with a request. It is the
//! only user of `spin_sdk` beside the components' entry points.

use std::{
    cell::{OnceCell, RefCell},
    path::Path,
    rc::Rc,
    sync::OnceLock,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use http::{HeaderMap, Method, StatusCode, Uri, header};
use spin_sdk::sqlite::{self, Connection};
use tardist_catalog::statement::{Statement, USER_VERSION_SQL, Value};

use crate::{
    ApiError, conditional, dist, health, index, info,
    kept::{self, Kept},
    list, openapi,
    request::Request,
    response::{Body, Response},
    route::{METHODS, Route, route},
    settings::Settings,
    snapshot::{Snapshot, unavailable},
};

/// Where `spin.toml` mounts the tarballs.
const DIST: &str = "/dist";

/// The label of the snapshot in `spin.toml`.
const DATABASE: &str = "snapshot";

/// Answers a request. Nothing is an error for Spin, which would answer an empty 500.
pub async fn serve(request: spin_sdk::http::Request) -> http::Response<Body> {
    let (parts, _body) = request.into_parts();
    let response = match answer(parts.method, &parts.uri, parts.headers).await {
        Ok(response) => response,
        Err(error) => error.response(),
    };
    let response = response.finish();
    let mut out = http::Response::new(response.body);
    *out.status_mut() = response.status;
    *out.headers_mut() = response.headers;
    out
}

async fn answer(method: Method, uri: &Uri, headers: HeaderMap) -> Result<Response, ApiError> {
    if !matches!(method, Method::GET | Method::HEAD) {
        let request = Request::new(method, uri, headers)?;
        route(&request)?;
        return match request.method {
            Method::OPTIONS => Ok(options()),
            _ => Err(ApiError::MethodNotAllowed { allow: METHODS }),
        };
    }
    let key = kept::key(uri, &headers);
    let instance = Instance::current();
    let kept = instance.kept.borrow().get(&key);
    let response = match kept {
        Some(response) => response,
        None => {
            let request = Request::new(method, uri, headers.clone())?;
            let response = make(&request, &instance.database).await?;
            instance.kept.borrow_mut().put(key, &response);
            response
        }
    };
    Ok(conditional::apply(&headers, response))
}

/// Makes the answer to a `GET`.
async fn make(request: &Request, snapshot: &Database) -> Result<Response, ApiError> {
    let settings = settings().await?;
    let mut response = match route(request)? {
        Route::Index => index::get(settings, snapshot).await,
        Route::Health => health::get(settings, now(), snapshot).await,
        Route::OpenApi => Ok(openapi::get()),
        Route::List(kind) => list::get(request, kind, snapshot).await,
        Route::Infos(kind) => info::many(request, kind, snapshot).await,
        Route::Info(kind, name) => info::one(kind, name, snapshot).await,
        Route::Dist(kind, file) => dist::get(Path::new(DIST), kind, file),
    }?;
    if !response.headers.contains_key(header::CACHE_CONTROL) {
        let value = format!("public, max-age={}", settings.cache_max_age);
        response.set(header::CACHE_CONTROL, &value);
    }
    Ok(response)
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

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The settings, asked once an instance: they can't change while it lives.
async fn settings() -> Result<&'static Settings, ApiError> {
    static SETTINGS: OnceLock<Settings> = OnceLock::new();
    if let Some(settings) = SETTINGS.get() {
        return Ok(settings);
    }
    let mut values = Vec::new();
    for name in ["cache_max_age", "snapshot_max_age", "documentation_url"] {
        let value =
            spin_sdk::variables::get(name).await.map_err(|error| format!("{name}: {error}"));
        values.push((name, value));
    }
    let variable = |name: &str| {
        let found = values.iter().find(|(key, _)| *key == name);
        found.map_or_else(|| Err(format!("{name} is not asked for")), |(_, value)| value.clone())
    };
    match Settings::new(variable) {
        Ok(settings) => Ok(SETTINGS.get_or_init(|| settings)),
        Err(error) => {
            eprintln!("{error}");
            Err(ApiError::Internal)
        }
    }
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
struct Database(OnceCell<Connection>);

impl Database {
    async fn connection(&self) -> Result<&Connection, sqlite::Error> {
        if let Some(connection) = self.0.get() {
            return Ok(connection);
        }
        let connection = Connection::open(DATABASE).await?;
        Ok(self.0.get_or_init(|| connection))
    }

    /// The first row of a statement, and whether all went well.
    async fn row(&self, sql: &str, params: Vec<Value>) -> Result<Vec<Value>, sqlite::Error> {
        let params: Vec<sqlite::Value> = params.into_iter().map(to_spin).collect();
        let mut result = self.connection().await?.execute(sql, params).await?;
        let row = result.next().await;
        // Only this tells that the statement could be prepared and its row read.
        result.result().await?;
        Ok(row.map(|row| row.values.into_iter().map(from_spin).collect()).unwrap_or_default())
    }

    async fn user_version(&self) -> Option<i64> {
        match self.row(USER_VERSION_SQL, Vec::new()).await.ok()?.first() {
            Some(Value::Integer(version)) => Some(*version),
            _ => None,
        }
    }
}

impl Snapshot for Database {
    async fn get<T>(&self, mut statement: Statement<T>) -> Result<T, ApiError> {
        let params = std::mem::take(&mut statement.params);
        let failure = match self.row(statement.sql, params).await {
            Ok(row) => match statement.read(row) {
                Ok(value) => return Ok(value),
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        eprintln!("the snapshot does not answer: {failure}");
        Err(unavailable(self.user_version().await))
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
