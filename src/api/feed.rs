//! `GET /v1/feed`: what is new, in order, with a bounded wait for it.

use std::time::Duration;

use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::app::stopped;
use super::params::{Params, page_rows};
use super::peer::Caller;
use super::problem::{Problem, ProblemDocument};
use crate::ledger::OpenedEntry;
use crate::tlog::{LeafIndex, TreeSize};

/// Where to go on, and how long to wait.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FeedQuery {
    /// Entries after this index; from the first if left out.
    after: Option<u64>,
    /// Seconds to wait for a first entry; at most the daemon's own bound. 0 if left out.
    wait: Option<u64>,
    /// Most entries of the page; 50 if left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// Entries in order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FeedPage {
    /// None if the wait was over.
    entries: Vec<FeedEntry>,
    /// What to pass as `after` next time; null while there is nothing.
    next: Option<u64>,
    /// How many entries the log has.
    size: u64,
}

/// That something happened; what it was is in the entry.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FeedEntry {
    /// Its place.
    index: u64,
    /// When it was recorded.
    time: String,
    /// What happened.
    r#type: String,
    /// The request it is about.
    request: Option<String>,
    /// The event's id.
    id: String,
}

/// Follow the log.
#[utoipa::path(
    get, path = "/v1/feed", tag = "log", params(FeedQuery),
    responses(
        (status = 200, description = "What came after, or an empty page when the wait is over.", body = FeedPage),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json",
            description = "The query is malformed (400), or an erased entry is next (410): go on behind it."),
    )
)]
pub(super) async fn feed(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<FeedQuery>,
) -> Result<Json<FeedPage>, Problem> {
    let limit = page_rows(query.limit)?;
    let from = query.after.map_or(LeafIndex::new(0), |after| LeafIndex::new(after).next());
    let wait = Duration::from_secs(query.wait.unwrap_or(0).min(app.limits().poll_seconds));
    await_entry(&app, from, wait).await?;
    let (opened, size) = app.read(move |reader| Ok((reader.feed(from, limit)?, reader.size()?))).await?;
    // Only what is about a request was hidden; else following an idle log would itself be news.
    if opened.iter().any(|opened| opened.event.request.is_some()) {
        app.access().read(caller.uid, None).await?;
    }
    let entries: Vec<_> = opened.iter().map(FeedEntry::new).collect();
    let next = entries.last().map(|last| last.index).or(query.after);
    Ok(Json(FeedPage { entries, next, size: size.get() }))
}

/// Returns when there is an entry at `from`, the wait is over, or the daemon stops.
async fn await_entry(app: &App, from: LeafIndex, wait: Duration) -> Result<(), Problem> {
    let reader = app.ledger().reader();
    let before = TreeSize::new(from.get());
    if wait.is_zero() || reader.size()? > before {
        return Ok(());
    }
    let mut stopping = app.stopping();
    tokio::select! {
        grown = timeout(wait, reader.grown_beyond(before)) => match grown {
            Ok(grown) => Ok(grown.map(drop)?),
            Err(_) => Ok(()),
        },
        () = stopped(&mut stopping) => Ok(()),
    }
}

impl FeedEntry {
    fn new(opened: &OpenedEntry) -> Self {
        let OpenedEntry { entry, event } = opened;
        Self {
            index: entry.index.get(),
            time: entry.time.to_string(),
            r#type: event.type_.clone(),
            request: event.request.as_ref().map(ToString::to_string),
            id: event.id.to_string(),
        }
    }
}
