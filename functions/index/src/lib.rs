//! The Spin component for /, /search, /health, /metrics, /openapi.json, the feeds, the files for search engines and the
//! pages for people, and for the 404 at all paths that no other component has.
//! Everything that it does is in `tardist_api`. As a component of its own it can be routed, limited and
//! scaled by itself, and may open only what it needs.
#![cfg(target_family = "wasm")]

use spin_sdk::{http::Request, http_service};
use tardist_api::{
    endpoints::{crawlers, feed, health, index, metrics, openapi, search},
    http::{body::Body, problem::ApiError},
    page,
    route::Route,
    spin::{
        serve::{Call, now, serve_with},
        variables::settings,
    },
};

#[http_service]
async fn handle(request: Request) -> http::Response<Body> {
    let endpoint = async |route: Route, call: Call<'_>| match route {
        Route::Index if page::html::is_wanted(&call.request.headers) => {
            page::home::get(call.request, settings().await?, call.snapshot).await
        }
        Route::Index => index::get(call.request, settings().await?, call.snapshot).await,
        Route::Health => health::get(settings().await?, now(), call.snapshot).await,
        Route::Metrics => metrics::get(call.snapshot).await,
        Route::Search if page::html::is_wanted(&call.request.headers) => {
            page::search::get(call.request, call.snapshot).await
        }
        Route::Search => search::get(call.request, call.snapshot).await,
        Route::Feed(of) => {
            let of = of.as_ref().map(|(kind, name)| (*kind, name));
            feed::get(call.request, of, call.snapshot).await
        }
        Route::OpenApi => Ok(openapi::get(call.request)),
        Route::Robots => crawlers::robots(call.request, call.snapshot).await,
        Route::Sitemap => crawlers::sitemap(call.request, call.snapshot).await,
        Route::OpenSearch => crawlers::opensearch(call.request, call.snapshot).await,
        Route::ChangesPage => page::changes::get(call.request, call.snapshot).await,
        Route::ApiPage => page::api::get(call.request, call.snapshot).await,
        Route::ListPage(kind) => page::list::get(call.request, kind, call.snapshot).await,
        Route::RepositoryPage(kind, name) => {
            page::repository::get(call.request, kind, &name, call.snapshot).await
        }
        _ => Err(ApiError::no_such_path()),
    };
    serve_with(request, endpoint, page::problem::response).await
}
