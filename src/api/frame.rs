//! Around every call: who calls, under which id, in a task of its own, and one line in the log.
//!
//! **In scope**: the constant answer to unknown peers, detaching, panics, tracing.
//! **Out of scope**: which roles a route wants ([`super::routes`]).

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::App;
use super::peer::Peer;
use super::problem::{Cause, Problem};

/// The header that names a call; the daemon's log has the same id.
pub(super) const CALL_ID_HEADER: &str = "x-request-id";

/// A handler ended by a panic: a bug of ours.
#[derive(Debug, thiserror::Error)]
#[error("the handler panicked")]
struct Panicked(#[source] tokio::task::JoinError);

/// Runs a call detached: a connection that drops cancels nothing that began.
pub(super) async fn frame(State(app): State<App>, request: Request, next: Next) -> Response {
    let call = app.next_call();
    let alive = app.in_flight().enter();
    let work = tokio::spawn(async move {
        let response = traced(app, call, request, next).await;
        drop(alive);
        response
    });
    let mut response = work.await.unwrap_or_else(|error| {
        tracing::error!(call, "a handler panicked");
        Problem::internal(Panicked(error)).into_response()
    });
    response.headers_mut().insert(CALL_ID_HEADER, call.into());
    response
}

/// One event per call, with ids only: no body, no query, no path as it was sent.
async fn traced(app: App, call: u64, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let verb = verb(&request);
    let peer = request.extensions_mut().remove::<Peer>().unwrap_or(Peer::Unknown { uid: None });
    let uid = peer.uid();
    let (name, mut response) = match peer {
        Peer::Known(caller) => {
            let name = caller.name.clone();
            request.extensions_mut().insert(caller);
            (name, next.run(request).await)
        }
        Peer::Unknown { uid } => {
            app.access().denied(uid, verb.clone()).await;
            ("unknown".into(), Problem::unknown_peer().into_response())
        }
    };
    let status = response.status().as_u16();
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    if let Some(cause) = response.extensions_mut().remove::<Cause>() {
        let cause = cause.chain();
        tracing::error!(call, verb, status, peer_uid = uid, peer = &*name, ms, cause, "call failed");
    } else {
        tracing::info!(call, verb, status, peer_uid = uid, peer = &*name, ms, "call");
    }
    response
}

/// The method and the route's template. What a client makes up is not repeated, so that neither
/// the log nor the ledger can be written to by asking.
pub(super) fn verb(request: &Request) -> String {
    let method = match *request.method() {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "OTHER",
    };
    let route = request.extensions().get::<MatchedPath>().map_or("(no route)", MatchedPath::as_str);
    format!("{method} {route}")
}
