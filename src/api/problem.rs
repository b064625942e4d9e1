//! What a client is told when the answer is no: RFC 9457, with stable codes.
//!
//! **In scope**: the closed list of codes, their status, and how the errors of the layers below
//! map to them.
//! **Out of scope**: causes. What broke inside is for the log, under the call's id; outside it
//! is one sentence. Ids appear in a problem, what people said or asked for does not.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ledger::{DraftError, ReadError, SubmitError};
use crate::model::json::JsonError;
use crate::ops::{files, machine};
use crate::package::PackageError;
use crate::practice::refusal::{Kind, Refusal};

/// The media type of RFC 9457.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";
/// What every code's `type` begins with.
const URN: &str = "urn:probity:problem:";
/// Seconds that a repeated call is spread over, so that clients do not come back together.
const JITTER_S: u64 = 4;
/// Seconds after which one of many waiting collections may be done.
const COLLECTION_S: u64 = 30;
/// Where a client finds what an event is.
const READ_EVENTS: &str = "docs/events.md lists every event with its members";

macro_rules! codes {
    ($($name:ident = $code:literal, $status:ident, $title:literal;)+) => {
        /// Why the answer is no. What a code means never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code { $(#[doc = $title] $name,)+ }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The last part of the problem's `type`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }

            /// What kind of problem it is, in one clause.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

codes! {
    Malformed = "malformed", BAD_REQUEST, "not what this route takes";
    UnknownPeer = "unknown-peer", FORBIDDEN, "this account may not use the socket";
    Forbidden = "forbidden", FORBIDDEN, "not for this peer or person to do";
    NotFound = "not-found", NOT_FOUND, "there is no such thing";
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "this route has another method";
    BodyTimeout = "body-timeout", REQUEST_TIMEOUT, "the body did not arrive in time";
    IdReused = "id-reused", CONFLICT, "the id names another event";
    Conflict = "conflict", CONFLICT, "the state does not allow it";
    Erased = "erased", GONE, "the content was erased";
    TooLong = "too-long", PAYLOAD_TOO_LARGE, "longer than is taken";
    MediaType = "media-type", UNSUPPORTED_MEDIA_TYPE, "a media type this route does not take";
    Refused = "refused", UNPROCESSABLE_ENTITY, "a rule of the practice says no";
    Internal = "internal", INTERNAL_SERVER_ERROR, "a fault of the daemon";
    Busy = "busy", SERVICE_UNAVAILABLE, "the queue is full";
    Clock = "clock", SERVICE_UNAVAILABLE, "the clock is in doubt";
    ShuttingDown = "shutting-down", SERVICE_UNAVAILABLE, "the daemon is shutting down";
    StorageDoubt = "storage-doubt", SERVICE_UNAVAILABLE, "the ledger stopped";
    DiskLow = "disk-low", INSUFFICIENT_STORAGE, "the disk is nearly full";
    DiskFull = "disk-full", INSUFFICIENT_STORAGE, "the disk is full";
}

/// A refusal on its way out.
#[derive(Debug)]
pub struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    code: Code,
    detail: Cow<'static, str>,
    rule: Option<&'static str>,
    pointer: Option<String>,
    cure: Option<Cow<'static, str>>,
    retry_after_s: Option<u64>,
    cause: Option<Cause>,
}

/// What broke inside, for the log alone.
#[derive(Clone, Debug)]
pub(super) struct Cause(Arc<dyn Error + Send + Sync>);

impl Cause {
    /// The error and all its sources, in one line.
    pub(super) fn chain(&self) -> String {
        let mut text = self.0.to_string();
        let mut source = self.0.source();
        while let Some(error) = source {
            text.push_str(": ");
            text.push_str(&error.to_string());
            source = error.source();
        }
        text
    }
}

/// An RFC 9457 problem document.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// `urn:probity:problem:` and the stable code.
    #[serde(rename = "type")]
    #[schema(example = "urn:probity:problem:refused")]
    type_: String,
    /// What kind of problem it is; the same for every problem of this type.
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong this time.
    detail: String,
    /// The number of the rule that says no.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "S-31")]
    rule: Option<&'static str>,
    /// Where in the posted document, as an RFC 6901 JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/data/scope")]
    pointer: Option<String>,
    /// What to do instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    cure: Option<String>,
}

impl Problem {
    /// A problem of this code.
    pub(super) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        let (rule, pointer, cure, retry_after_s, cause) = (None, None, None, None, None);
        Self(Box::new(Parts { code, detail, rule, pointer, cure, retry_after_s, cause }))
    }

    /// The one answer to a uid that the configuration does not name, whatever it asks.
    pub(super) fn unknown_peer() -> Self {
        Self::new(Code::UnknownPeer, "this account is not among the peers of this daemon")
    }

    /// A bug of ours, or the machine's failure.
    pub(super) fn internal(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::new(Code::Internal, "the daemon failed; its log has the cause under this call's id")
            .because(cause)
    }

    /// At a place that may be unknown, or the document as a whole.
    fn at_known(self, pointer: Option<&str>) -> Self {
        match pointer.filter(|pointer| !pointer.is_empty()) {
            Some(pointer) => self.at(pointer),
            None => self,
        }
    }

    pub(super) fn at(mut self, pointer: impl Into<String>) -> Self {
        self.0.pointer = Some(pointer.into());
        self
    }

    pub(super) fn cured_by(mut self, cure: impl Into<Cow<'static, str>>) -> Self {
        self.0.cure = Some(cure.into());
        self
    }

    fn because(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.0.cause = Some(Cause(Arc::new(cause)));
        self
    }

    fn retried_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Its status as a number.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.code.status().as_u16()
    }

    /// What the client sees.
    #[must_use]
    pub fn document(&self) -> ProblemDocument {
        ProblemDocument {
            type_: format!("{URN}{}", self.0.code.as_str()),
            title: self.0.code.title(),
            status: self.status(),
            detail: self.0.detail.to_string(),
            rule: self.0.rule,
            pointer: self.0.pointer.clone(),
            cure: self.0.cure.as_deref().map(str::to_owned),
        }
    }

    /// What the log sees besides.
    pub(super) fn cause(&self) -> Option<&Cause> {
        self.0.cause.as_ref()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.0.code.status(), Json(self.document())).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(seconds) = self.0.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, with_jitter(seconds).into());
        }
        if let Some(cause) = self.0.cause {
            response.extensions_mut().insert(cause);
        }
        response
    }
}

fn with_jitter(seconds: u64) -> u64 {
    // Without randomness clients come back together, which is worse for them and safe for us.
    let [byte] = machine::random().unwrap_or_default();
    seconds.saturating_add(u64::from(byte) % JITTER_S)
}

impl From<&JsonError> for Problem {
    /// The document's own shape: what is wrong with it, and where.
    fn from(error: &JsonError) -> Self {
        Self::new(Code::Malformed, error.to_string()).at_known(error.pointer())
    }
}

impl From<DraftError> for Problem {
    fn from(error: DraftError) -> Self {
        let problem = |pointer: String| Self::new(Code::Malformed, error.to_string()).at(pointer);
        match &error {
            // The document's own shape: what JSON says, and where.
            DraftError::Json(json) => json.into(),
            DraftError::Version { .. } => problem("/v".to_owned()),
            DraftError::Type => problem("/type".to_owned()),
            DraftError::Actor => problem("/actor".to_owned()),
            DraftError::Policy => problem("/policy".to_owned()),
            DraftError::Envelope { place } => problem(format!("/envelopes/{place}")),
        }
        .cured_by(READ_EVENTS)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal.kind {
            Kind::Malformed => Code::Malformed,
            Kind::Forbidden => Code::Forbidden,
            Kind::Conflict => Code::Conflict,
            Kind::Invalid => Code::Refused,
        };
        let mut problem =
            Self::new(code, refusal.reason).at_known(Some(&refusal.pointer)).cured_by(refusal.cure);
        problem.0.rule = Some(refusal.rule.number());
        problem
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        let detail = error.to_string();
        match error {
            SubmitError::Busy { retry_after_s } => {
                let problem = Self::new(Code::Busy, "the queue is full; nothing was recorded");
                problem
                    .retried_after(retry_after_s)
                    .cured_by("send it again, with the same id, after Retry-After")
            }
            SubmitError::TooLong { .. } => Self::new(Code::TooLong, detail),
            SubmitError::Forbidden { .. } => Self::new(Code::Forbidden, detail)
                .at("/type")
                .cured_by("docs/events.md says who makes each event"),
            SubmitError::IdReused { id, index } => {
                let taken = format!("the id {id} was used for another event at index {index}");
                Self::new(Code::IdReused, taken)
                    .at("/id")
                    .cured_by("an id names one event for ever; choose a new one")
            }
            SubmitError::RulesUnknown { .. } => Self::new(Code::Refused, detail).at("/rules"),
            SubmitError::Refused(refusal) => (*refusal).into(),
            SubmitError::DiskLow { .. } => Self::new(Code::DiskLow, detail)
                .cured_by("make room, then send it again with the same id; reads go on meanwhile"),
            SubmitError::Clock(clock) => Self::new(Code::Clock, clock.to_string()),
            SubmitError::Poisoned => Self::new(Code::StorageDoubt, detail)
                .cured_by("after the next start, send it again with the same id"),
            SubmitError::Closed => Self::new(Code::ShuttingDown, detail).retried_after(1),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        let (code, cure) = match error {
            ReadError::NoRequest => (Code::NotFound, Some("GET /v1/requests lists the requests there are")),
            ReadError::NoEntry { .. } | ReadError::NoTile { .. } => {
                (Code::NotFound, Some("GET /v1/checkpoint says how far the log reaches"))
            }
            ReadError::Erased { .. } => (Code::Erased, None),
            ReadError::Poisoned | ReadError::Doubt => (Code::StorageDoubt, None),
        };
        let problem = Self::new(code, error.to_string());
        match cure {
            Some(cure) => problem.cured_by(cure),
            None => problem,
        }
    }
}

impl From<PackageError> for Problem {
    fn from(error: PackageError) -> Self {
        let detail = error.to_string();
        match error {
            PackageError::Submit(error) => error.into(),
            PackageError::Read(error) => error.into(),
            PackageError::Unknown(_) => {
                Self::new(Code::NotFound, detail).cured_by("the request's view lists its disclosures")
            }
            PackageError::QueueFull { .. } => Self::new(Code::Busy, detail).retried_after(COLLECTION_S),
            PackageError::NoSources => {
                Self::new(Code::Conflict, detail).cured_by("set sources in probity.toml")
            }
            PackageError::NotNow { .. } => {
                Self::new(Code::Conflict, detail).cured_by("the request's view says what it waits for")
            }
            PackageError::Envelope { .. } => Self::new(Code::Malformed, detail)
                .at("/envelope")
                .cured_by("sign the template of this disclosure"),
            PackageError::Recipients { .. } => Self::new(Code::Refused, detail)
                .cured_by("put right the agency's recipients in the directory"),
            PackageError::Lost => Self::new(Code::Conflict, detail).cured_by("open another disclosure"),
            PackageError::Interrupted => Self::new(Code::ShuttingDown, detail).retried_after(1),
            error if files::is_disk_full(&error) => {
                Self::new(Code::DiskFull, "the disk is full; nothing was released")
                    .cured_by("make room, then send it again with the same id")
                    .because(error)
            }
            error => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests;
