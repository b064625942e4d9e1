//! Every route: its method, its path, and the roles it wants.
//!
//! One table makes the router and the list that the OpenAPI page is tested against, so that no
//! route is served undocumented or without a role.

use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{self, MethodRouter};

use super::frame::{frame, verb};
use super::peer::{COLLECTORS, Caller, POSTERS, READERS};
use super::problem::{Code, Problem};
use super::{App, case, disclosures, due, events, feed, health, reads, tiles};
use crate::practice::vocabulary::PeerRole;

/// A route, as documentation names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// The method, in lower case.
    pub method: &'static str,
    /// The path's template.
    pub path: &'static str,
    /// Who may call it: peers with at least one of these roles.
    pub roles: &'static [PeerRole],
}

struct Route {
    listed: Listed,
    handler: MethodRouter<App>,
}

fn get<H: Handler<T, App>, T: 'static>(path: &'static str, roles: &'static [PeerRole], handler: H) -> Route {
    Route { listed: Listed { method: "get", path, roles }, handler: routing::get(handler) }
}

fn post<H: Handler<T, App>, T: 'static>(path: &'static str, roles: &'static [PeerRole], handler: H) -> Route {
    Route { listed: Listed { method: "post", path, roles }, handler: routing::post(handler) }
}

fn table() -> Vec<Route> {
    vec![
        post("/v1/events", POSTERS, events::post),
        get("/v1/requests", READERS, reads::requests),
        get("/v1/requests/{id}", READERS, case::request),
        get("/v1/due", READERS, due::due),
        get("/v1/entries/{index}", READERS, reads::entry),
        get("/v1/receipts/{index}", READERS, reads::receipt),
        get("/v1/checkpoint", READERS, reads::checkpoint),
        get("/v1/feed", READERS, feed::feed),
        post("/v1/disclosures", COLLECTORS, disclosures::begin),
        get("/v1/disclosures/{id}", READERS, disclosures::status),
        post("/v1/disclosures/{id}/release", POSTERS, disclosures::release),
        get("/tile/{*path}", READERS, tiles::tile),
        get("/healthz", READERS, health::alive),
        get("/readyz", READERS, health::ready),
    ]
}

/// Every route there is, in the order of paths.
#[must_use]
pub fn listed() -> Vec<Listed> {
    let mut listed: Vec<_> = table().into_iter().map(|route| route.listed).collect();
    listed.sort_unstable_by_key(|route| (route.path, route.method));
    listed
}

/// The router over `app`.
pub(super) fn router(app: &App) -> Router {
    let add = |router: Router<App>, route: Route| {
        let admission = middleware::from_fn_with_state((app.clone(), route.listed.roles), admit);
        router.route(route.listed.path, route.handler.route_layer(admission))
    };
    table()
        .into_iter()
        .fold(Router::new(), add)
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        // Outermost, around the fallbacks too: an unknown peer learns not even what exists.
        .layer(middleware::from_fn_with_state(app.clone(), frame))
        .with_state(app.clone())
}

/// Lets a known peer through that has one of the route's roles.
async fn admit(
    State((app, roles)): State<(App, &'static [PeerRole])>,
    request: Request,
    next: Next,
) -> Response {
    let caller = request.extensions().get::<Caller>();
    match caller {
        Some(caller) if caller.has_one_of(roles) => next.run(request).await,
        caller => {
            let uid = caller.map(|caller| caller.uid);
            app.access().denied(uid, verb(&request)).await;
            let detail = "this peer has none of the roles that this route wants";
            Problem::new(Code::Forbidden, detail)
                .cured_by("an operator gives roles to uids in probity.toml")
                .into_response()
        }
    }
}

async fn no_route() -> Problem {
    Problem::new(Code::NotFound, "there is no such route").cured_by("the OpenAPI page lists them")
}

async fn no_method() -> Problem {
    Problem::new(Code::MethodNotAllowed, "this route has another method")
        .cured_by("the OpenAPI page lists them")
}
