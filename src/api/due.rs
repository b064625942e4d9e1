//! `GET /v1/due`: what is due, in the order of time.

use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::params::{Params, page_rows};
use super::peer::Caller;
use super::problem::{Code, Problem, ProblemDocument};
use super::reads::word;
use crate::ledger::{DueCursor, DuePage, OpenDeadline};
use crate::model::time::Timestamp;
use crate::practice::vocabulary::AccountRef;

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DueQuery {
    /// Only what is due before this time, e.g. `2026-11-26T00:00:00.000Z`; everything if left out.
    #[param(value_type = Option<String>)]
    before: Option<Timestamp>,
    /// Where to go on: the `next` of the page before.
    after: Option<String>,
    /// Most rows of the page; 50 if left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// A page of what is due.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DueRows {
    /// In the order of time.
    due: Vec<DueRow>,
    /// What to pass as `after` for the next page; null at the end.
    next: Option<String>,
    /// From this time on there is more than the daemon keeps in memory; null: the list is whole.
    kept_until: Option<String>,
}

/// A deadline that is open.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DueRow {
    /// When.
    at: String,
    /// What.
    #[schema(value_type = String, example = "notice")]
    deadline: Box<RawValue>,
    /// The rule that sets it.
    #[schema(example = "I-25")]
    rule: &'static str,
    /// Whether letting it pass breaks the practice; otherwise it only tells that a time is over.
    is_a_duty: bool,
    /// Whose request; null: the log's own.
    request: Option<String>,
    /// The entry that set it.
    set_by: u64,
    /// Whose account, where it is one account's.
    account: Option<AccountView>,
    /// Which report, where it is about one.
    report: Option<String>,
    /// Whether its passing stands in the log (`deadline.passed`).
    passed: bool,
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccountView {
    /// The service.
    service: String,
    /// The account.
    account: String,
}

/// List what is due. Recorded as `access.read`.
#[utoipa::path(
    get, path = "/v1/due", tag = "requests", params(DueQuery),
    responses(
        (status = 200, description = "A page.", body = DueRows),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json",
            description = "The query is malformed (400), or not for this peer (403)."),
    )
)]
pub(super) async fn due(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<DueQuery>,
) -> Result<Json<DueRows>, Problem> {
    let limit = page_rows(query.limit)?;
    let after = query.after.as_deref().map(str::parse::<DueCursor>).transpose().map_err(|error| {
        Problem::new(Code::Malformed, format!("after is {error}")).cured_by("pass next as it was given")
    })?;
    let page = app.read(move |reader| reader.due(after.as_ref(), query.before, limit)).await?;
    // Only what is about a request was hidden.
    if page.open.iter().any(|open| open.due.request.is_some()) {
        app.access().read(caller.uid, None).await?;
    }
    Ok(Json(DueRows::new(page)))
}

impl DueRows {
    fn new(page: DuePage) -> Self {
        Self {
            due: page.open.into_iter().map(DueRow::new).collect(),
            next: page.next.map(|next| next.to_string()),
            kept_until: page.kept_until.map(|until| until.to_string()),
        }
    }
}

impl DueRow {
    fn new(open: OpenDeadline) -> Self {
        let OpenDeadline { due, is_passed } = open;
        let account = |account: AccountRef| AccountView {
            service: account.service.to_string(),
            account: account.account,
        };
        Self {
            at: due.at.to_string(),
            deadline: word(&due.deadline),
            rule: due.deadline.rule().number(),
            is_a_duty: due.deadline.is_a_duty(),
            request: due.request.map(|request| request.to_string()),
            set_by: due.set_by.get(),
            account: due.account.map(account),
            report: due.report.map(|report| report.to_string()),
            passed: is_passed,
        }
    }
}
