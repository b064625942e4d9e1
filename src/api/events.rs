//! `POST /v1/events`: one event, or a stream of them.
//!
//! ```text
//! application/json       one event                → 201 recorded · 200 repeated · a problem
//! application/x-ndjson   one event on each line   → 200, one answer on each line, in order
//! ```
//! A stream is pipelined: a line is queued as soon as it is read, in the order of the lines, and
//! waits for its sync together with those before and behind it. So a thousand lines share a few
//! syncs, and a line may build on the one before. Each line stands alone: that one is refused
//! says nothing about the next. A line over the bound or a stream that is cut off ends the
//! answer after the last complete line; what was queued is recorded all the same.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use hyper::body::Frame;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use utoipa::ToSchema;

use super::App;
use super::app::stopped;
use super::body::Inflow;
use super::media::{JSON, NDJSON, media_type};
use super::ndjson::Lines;
use super::peer::Caller;
use super::problem::{Code, Problem, ProblemDocument};
use crate::ledger::{Ack, Draft, Poster, Queued, SubmitError};
use crate::model::id::EventId;

/// Lines of one stream that wait for their sync: two batches of the sequencer's usual size, and
/// far below its queue, so that one client does not take all of it.
const LINES_IN_FLIGHT_MAX: usize = 1_024;
/// Answers that wait for a client to read them; behind them the stream itself waits.
const ANSWERS_WAITING_MAX: usize = 64;
/// What the log calls this call.
const VERB: &str = "POST /v1/events";

/// The answer to an event that is in the log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Recorded {
    /// The event's id, as posted.
    id: String,
    /// 201 if it was recorded now, 200 if it had been before.
    status: u16,
    /// The entry that records it.
    #[schema(minimum = 0)]
    index: u64,
    /// The receipt: a C2SP tlog-proof, text. Keep it with the opening.
    receipt: String,
    /// The opening of this one entry (`application/vnd.probity.opening.v1+json`). It shows the
    /// event to whoever has it.
    #[schema(value_type = Object)]
    opening: Box<RawValue>,
    /// Whether this id had been recorded before, with the same body.
    repeated: bool,
}

/// The answer to a line that is not in the log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NotRecorded {
    /// The event's id; null if the line is no event.
    id: Option<String>,
    /// The HTTP status that the event would have got alone.
    status: u16,
    /// Why.
    problem: ProblemDocument,
}

/// One line of the answer to a stream.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Line {
    /// It is in the log.
    Recorded(Recorded),
    /// It is not.
    NotRecorded(NotRecorded),
}

/// An event as it is posted; the members of the sealed event, where the daemon fills in what is
/// left out.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the schema of what `ledger::Draft` parses; docs/events.md has `data` by type")]
pub(super) struct PostedEvent {
    /// 1.
    #[schema(minimum = 1, maximum = 1)]
    v: u32,
    /// The client's id: the idempotency key, unique in the log.
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    id: String,
    /// One of the vocabulary, e.g. `request.received`.
    r#type: String,
    /// The request it is about; null or left out if it is about none.
    request: Option<String>,
    /// Who acts: a person's or a system's id.
    actor: String,
    /// The rule set its maker had in mind; the one in force if left out.
    rules: Option<u32>,
    /// The policy its maker had in mind, `sha256:` and hex; the one in force if left out.
    policy: Option<String>,
    /// What it carries; docs/events.md lists the members by type.
    #[schema(value_type = Object)]
    data: (),
    /// Each signed thing as received, base64.
    envelopes: Option<Vec<String>>,
}

/// Record one event, or a stream of them.
#[utoipa::path(
    post, path = "/v1/events", tag = "events",
    request_body(description = "One event, or one on each line.", content(
        (PostedEvent = "application/json"),
        (PostedEvent = "application/x-ndjson"),
    )),
    responses(
        (status = 201, description = "Recorded, and durable.", body = Recorded),
        (status = 200, description = "Recorded before under this id, with the same body; or a stream of answers.",
            content((Recorded = "application/json"), (Line = "application/x-ndjson"))),
        (status = "4XX", description = "Not recorded: malformed (400), not for this peer (403), in conflict (409), \
            too long (413), another media type (415), refused by a rule (422).",
            body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Not recorded: busy (Retry-After), or the ledger stopped.",
            body = ProblemDocument, content_type = "application/problem+json"),
        (status = 507, description = "Not recorded: the disk is nearly full. Reads go on.", body = ProblemDocument,
            content_type = "application/problem+json"),
    )
)]
pub(super) async fn post(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    match media_type(request.headers()).as_deref() {
        Some(JSON) => one(&app, &caller, request.into_body()).await,
        Some(NDJSON) => Ok(many(app, caller, request.into_body())),
        _ => Err(Problem::new(Code::MediaType, format!("events come as {JSON} or {NDJSON}"))
            .cured_by("set Content-Type")),
    }
}

async fn one(app: &App, caller: &Caller, body: Body) -> Result<Response, Problem> {
    let bytes = Inflow::new(body, app.idle()).whole(app.limits().event_bytes).await?;
    let Pending { id, queued } = submit(app, caller, &bytes);
    let acknowledged = acknowledge(app, caller, queued).await?;
    let id = id.expect("what was queued has an id");
    let recorded = Recorded::new(&id, acknowledged)?;
    let status = if recorded.repeated { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(recorded)).into_response())
}

/// An event on its way, or what is wrong with it.
struct Pending {
    id: Option<EventId>,
    queued: Result<Queued, Problem>,
}

/// Queues what `bytes` say, in the order of the calls.
fn submit(app: &App, caller: &Caller, bytes: &[u8]) -> Pending {
    let draft = match Draft::parse(bytes, Poster::Peer((*caller.roles).clone())) {
        Ok(draft) => draft,
        Err(error) => return Pending { id: None, queued: Err(error.into()) },
    };
    let id = draft.id.clone();
    Pending { id: Some(id), queued: app.ledger().enqueue(draft).map_err(Into::into) }
}

/// Waits until it is durable. A peer that posts what is not for it to post is noted.
async fn acknowledge(app: &App, caller: &Caller, queued: Result<Queued, Problem>) -> Result<Ack, Problem> {
    let refused = match queued?.acknowledged().await {
        Ok(ack) => return Ok(ack),
        Err(refused) => refused,
    };
    if matches!(refused, SubmitError::Forbidden { .. }) {
        app.access().denied(Some(caller.uid), VERB.to_owned()).await;
    }
    Err(refused.into())
}

impl Recorded {
    fn new(id: &EventId, ack: Ack) -> Result<Self, Problem> {
        Ok(Self {
            id: id.to_string(),
            status: if ack.repeated { StatusCode::OK } else { StatusCode::CREATED }.as_u16(),
            index: ack.index.get(),
            receipt: ack.receipt,
            opening: RawValue::from_string(ack.opening).map_err(Problem::internal)?,
            repeated: ack.repeated,
        })
    }
}

fn many(app: App, caller: Caller, body: Body) -> Response {
    let (answers, lines) = mpsc::channel(ANSWERS_WAITING_MAX);
    let (queued, waiting) = mpsc::channel(LINES_IN_FLIGHT_MAX);
    let alive = app.in_flight().enter();
    tokio::spawn(async move {
        tokio::join!(read_lines(&app, &caller, body, queued), answer_lines(&app, &caller, waiting, answers));
        drop(alive);
    });
    ([(header::CONTENT_TYPE, NDJSON)], Body::new(LineBody(lines))).into_response()
}

/// Queues every complete line in order; ends with the stream, with the first line over the
/// bound, when nobody reads the answers any more, or when the daemon stops.
async fn read_lines(app: &App, caller: &Caller, body: Body, queued: mpsc::Sender<Pending>) {
    let mut inflow = Inflow::new(body, app.idle());
    let mut lines = Lines::new(app.limits().event_bytes);
    let mut stopping = app.stopping();
    loop {
        let chunk = tokio::select! {
            chunk = inflow.chunk() => chunk,
            () = stopped(&mut stopping) => return,
        };
        let Ok(chunk) = chunk else { return };
        let Some(chunk) = chunk else { break };
        lines.push(&chunk);
        loop {
            match lines.next() {
                Ok(None) => break,
                Err(_) => return,
                Ok(Some(line)) => {
                    // The place is taken first: a line is submitted only if it can be answered.
                    let Ok(place) = queued.reserve().await else { return };
                    place.send(submit(app, caller, &line));
                }
            }
        }
    }
    // The stream ended as it should: its last line may do without a line feed.
    if let Some(line) = lines.last()
        && let Ok(place) = queued.reserve().await
    {
        place.send(submit(app, caller, &line));
    }
}

/// Answers in the order of the lines.
async fn answer_lines(
    app: &App,
    caller: &Caller,
    mut waiting: mpsc::Receiver<Pending>,
    answers: mpsc::Sender<Bytes>,
) {
    while let Some(Pending { id, queued }) = waiting.recv().await {
        let acknowledged = acknowledge(app, caller, queued).await;
        let recorded = match (&id, acknowledged) {
            (Some(id), Ok(ack)) => Recorded::new(id, ack),
            (_, Err(problem)) => Err(problem),
            (None, Ok(_)) => return,
        };
        let line = recorded.map_or_else(
            |problem| {
                if let Some(cause) = problem.cause() {
                    tracing::error!(peer_uid = caller.uid, cause = cause.chain(), "a line failed");
                }
                let status = problem.status();
                Line::NotRecorded(NotRecorded {
                    id: id.map(|id| id.to_string()),
                    status,
                    problem: problem.document(),
                })
            },
            Line::Recorded,
        );
        let mut bytes = serde_json::to_vec(&line).expect("texts, numbers and JSON print");
        bytes.push(b'\n');
        if answers.send(bytes.into()).await.is_err() {
            // Nobody reads any more. What is queued is recorded, and answered when asked again.
            return;
        }
    }
}

/// The answers as a body.
struct LineBody(mpsc::Receiver<Bytes>);

impl HttpBody for LineBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|line| line.map(|bytes| Ok(Frame::data(bytes))))
    }
}
