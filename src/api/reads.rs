//! Reading the log: requests, entries, receipts, the checkpoint.
//!
//! What is sealed is shown only after `access.read` is in the log.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::params::{InPath, Params, page_rows};
use super::peer::Caller;
use super::problem::{Code, Problem, ProblemDocument};
use crate::ledger::{ReadError, Reader};
use crate::model::entry::Entry;
use crate::model::id::RequestId;
use crate::practice::Case;
use crate::tlog::LeafIndex;

const TEXT: &str = "text/plain; charset=utf-8";

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RequestsQuery {
    /// Requests whose id comes after this one, in the order of bytes.
    #[param(value_type = Option<String>)]
    after: Option<RequestId>,
    /// Most rows of the page; 50 if left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// A page of requests.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RequestsPage {
    /// In the order of their ids.
    requests: Vec<RequestRow>,
    /// What to pass as `after` for the next page; null at the end.
    next: Option<String>,
}

/// A request in the list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RequestRow {
    /// Its id.
    id: String,
    /// How far it has come.
    state: &'static str,
    /// What it purports to be.
    #[schema(value_type = String)]
    kind: Box<RawValue>,
    /// When it came, as people say.
    received_at: String,
    /// The time of its newest entry.
    updated_at: String,
    /// Its newest entry.
    index: u64,
}

/// List requests.
#[utoipa::path(
    get, path = "/v1/requests", tag = "requests", params(RequestsQuery),
    responses(
        (status = 200, description = "A page.", body = RequestsPage),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json",
            description = "The query is malformed (400), or not for this peer (403)."),
    )
)]
pub(super) async fn requests(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<RequestsQuery>,
) -> Result<Json<RequestsPage>, Problem> {
    let limit = page_rows(query.limit)?;
    let page = app.read(move |reader| requests_page(reader, query.after.as_ref(), limit)).await?;
    if !page.requests.is_empty() {
        app.access().read(caller.uid, None).await?;
    }
    Ok(Json(page))
}

fn requests_page(
    reader: &Reader,
    after: Option<&RequestId>,
    limit: usize,
) -> Result<RequestsPage, ReadError> {
    let cases = reader.requests(after, limit)?;
    let next = cases.last().filter(|_| cases.len() == limit).map(|case| case.request.to_string());
    let row = |case: &Case| {
        let leaf = reader.entry(case.last)?;
        let entry = Entry::parse(&leaf).map_err(|_| ReadError::Doubt)?;
        Ok(RequestRow {
            id: case.request.to_string(),
            state: case.state_name(),
            kind: word(&case.received.kind),
            received_at: case.received.received_at.to_string(),
            updated_at: entry.time.to_string(),
            index: case.last.get(),
        })
    };
    Ok(RequestsPage { requests: cases.iter().map(row).collect::<Result<_, ReadError>>()?, next })
}

/// A word of the vocabulary as the events spell it.
pub(super) fn word(word: &impl Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(word).expect("a word of the vocabulary prints")
}

/// An entry with what it says.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EntryView {
    /// Its place.
    index: u64,
    /// When it was recorded, by the daemon's clock.
    time: String,
    /// Its leaf hash, hex.
    leaf: String,
    /// The event, as it is sealed.
    #[schema(value_type = Object)]
    event: Box<RawValue>,
    /// A receipt under the newest checkpoint.
    receipt: String,
    /// The opening of this one entry.
    #[schema(value_type = Object)]
    opening: Box<RawValue>,
}

/// Read an entry, opened. Recorded as `access.read`.
#[utoipa::path(
    get, path = "/v1/entries/{index}", tag = "log",
    params(("index" = u64, Path, description = "The entry's index.")),
    responses(
        (status = 200, description = "The entry.", body = EntryView),
        (status = 404, description = "The log is not that long.", body = ProblemDocument,
            content_type = "application/problem+json"),
        (status = 410, description = "Its content was erased.", body = ProblemDocument,
            content_type = "application/problem+json"),
    )
)]
pub(super) async fn entry(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    InPath(index): InPath<u64>,
) -> Result<Json<EntryView>, Problem> {
    let index = LeafIndex::new(index);
    let (subject, leaf, opened, receipt, opening) = app
        .read(move |reader| {
            let opened = reader.open(index)?;
            let leaf = reader.entry(index)?;
            let (receipt, opening) = (reader.receipt(index)?, reader.opening(index)?);
            Ok((opened.event.request.clone(), leaf, opened, receipt, opening))
        })
        .await?;
    let event = String::from_utf8(opened.event.to_bytes()).map_err(Problem::internal)?;
    let view = EntryView {
        index: index.get(),
        time: opened.entry.time.to_string(),
        leaf: crate::tlog::leaf_hash(&leaf).to_string(),
        event: RawValue::from_string(event).map_err(Problem::internal)?,
        receipt,
        opening: RawValue::from_string(opening).map_err(Problem::internal)?,
    };
    app.access().read(caller.uid, subject).await?;
    Ok(Json(view))
}

/// Get a receipt under the newest checkpoint.
#[utoipa::path(
    get, path = "/v1/receipts/{index}", tag = "log",
    params(("index" = u64, Path, description = "The entry's index.")),
    responses(
        (status = 200, description = "A C2SP tlog-proof.", body = String, content_type = "text/plain"),
        (status = 404, description = "The log is not that long.", body = ProblemDocument,
            content_type = "application/problem+json"),
    )
)]
pub(super) async fn receipt(State(app): State<App>, InPath(index): InPath<u64>) -> Result<Response, Problem> {
    let receipt = app.read(move |reader| reader.receipt(LeafIndex::new(index))).await?;
    Ok(([(header::CONTENT_TYPE, TEXT)], receipt).into_response())
}

/// Get the newest checkpoint.
#[utoipa::path(
    get, path = "/v1/checkpoint", tag = "log",
    responses((status = 200, description = "A signed note.", body = String, content_type = "text/plain"))
)]
pub(super) async fn checkpoint(State(app): State<App>) -> Result<Response, Problem> {
    let checkpoint = app.ledger().reader().checkpoint()?;
    let note = String::from_utf8(checkpoint.to_bytes())
        .map_err(|_| Problem::new(Code::Internal, "the checkpoint is not text"))?;
    Ok(([(header::CONTENT_TYPE, TEXT)], note).into_response())
}
