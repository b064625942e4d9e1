//! `GET /v1/requests/{id}`: one request, as far as it has come.

use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::App;
use super::params::InPath;
use super::peer::Caller;
use super::problem::{Problem, ProblemDocument};
use super::reads::word;
use super::says::says;
use super::sign::{LeafView, OrderView, Template, templates};
use crate::ledger::{ReadError, Reader};
use crate::model::id::RequestId;
use crate::model::time::Timestamp;
use crate::ops::machine;
use crate::practice::approvals::ApprovalState;
use crate::practice::case::{Case, Disclosure, Review, Secrecy};
use crate::practice::due::{self, Due};
use crate::practice::vocabulary::{EventType, ExactScope, RejectCode};
use crate::practice::world::Proposal;

/// Entries of a timeline in one answer; a request that has more shows its newest.
const TIMELINE_MAX: usize = 1_000;

/// A request.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CaseView {
    /// Its id.
    id: String,
    /// How far it has come.
    state: &'static str,
    /// What it purports to be.
    #[schema(value_type = String)]
    kind: Box<RawValue>,
    /// The order in force.
    order: OrderView,
    /// The agency it was found to come from.
    agency: Option<String>,
    /// What it is, once classified: an instrument of the policy.
    #[schema(value_type = Option<String>)]
    instrument: Option<Box<RawValue>>,
    /// The scope that was asked for: its exact bytes, base64.
    #[schema(value_type = Option<String>)]
    scope_ordered: Option<ExactScope>,
    /// The latest review of the order in force.
    review: Option<ReviewView>,
    /// Every decision that was signed about it, in order.
    approvals: Vec<ApprovalView>,
    /// Acts proposed upon it that wait for two people, in order.
    acts: Vec<ActView>,
    /// Its collections, in order.
    disclosures: Vec<DisclosureRow>,
    /// What a person could sign now.
    sign: Vec<Template>,
    /// Why it was rejected, with the statements that have these reasons.
    rejected_for: Vec<RejectedView>,
    /// The confidences that it may hold; with any of them, a bundle goes to the agency's filter team
    /// alone.
    #[schema(value_type = Vec<String>)]
    privileges: Vec<Box<RawValue>>,
    /// Orders not to tell, in the order in which they came.
    secrecy: Vec<SecrecyView>,
    /// The types of events that may come next.
    next: Vec<&'static str>,
    /// What is due about it, by time.
    deadlines: Vec<DeadlineView>,
    /// Its entries, in order.
    timeline: Vec<TimelineEntry>,
}

/// A reason of the rejection.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RejectedView {
    /// Its code, of the list of reasons.
    #[schema(value_type = String)]
    code: Box<RawValue>,
    /// Its statement.
    rule: &'static str,
}

/// An order not to tell.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SecrecyView {
    /// Its name.
    id: String,
    /// From when.
    from: String,
    /// Until when, exclusive; null: without end.
    to: Option<String>,
    /// When it was vacated or withdrawn.
    ended_at: Option<String>,
    /// Times between an end and an extension that came too late: notice was due in them (I-28).
    gaps: Vec<GapView>,
}

/// A time without secrecy between two orders.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GapView {
    /// From when.
    from: String,
    /// Until when, exclusive.
    to: String,
}

/// Something that is due.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeadlineView {
    /// When.
    at: String,
    /// What.
    #[schema(value_type = String)]
    deadline: Box<RawValue>,
    /// The rule that sets it.
    rule: &'static str,
    /// The entry that set it.
    set_by: u64,
    /// Whether letting it pass breaks the practice; the others only tell that a time is over.
    is_a_duty: bool,
}

/// A completed review.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReviewView {
    /// The entry: the context of approvals to disclose.
    #[serde(flatten)]
    entry: LeafView,
    /// What may go on: the scope's exact bytes, base64.
    #[schema(value_type = String)]
    scope: ExactScope,
    /// SHA-256 of them, hex: what approvals name.
    scope_sha256: String,
    /// What may not.
    refused: Vec<RefusedView>,
}

/// An item that may not go on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RefusedView {
    /// Its position in the order's scope.
    item: u32,
    /// The rule that says no.
    rule: &'static str,
    /// Why, for people.
    reason: String,
}

/// A signed decision.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ApprovalView {
    /// The entry that records it.
    index: u64,
    /// What kind of act.
    #[schema(value_type = String)]
    kind: Box<RawValue>,
    /// Who signed.
    person: String,
    /// In which role.
    #[schema(value_type = String)]
    role: Box<RawValue>,
    /// `approve`, `refuse` or `revoke`.
    #[schema(value_type = String)]
    decision: Box<RawValue>,
    /// Until when it holds.
    exp: String,
}

/// An act that two people must approve.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ActView {
    /// The proposing entry, which has the act's exact text: the context of approvals.
    #[serde(flatten)]
    entry: LeafView,
    /// What kind of act.
    #[schema(value_type = String, example = "redirect.exempt")]
    kind: Box<RawValue>,
    /// SHA-256 of the act's text, hex.
    sha256: String,
    /// Who proposed it.
    proposer: String,
    /// When.
    time: String,
    /// What people decided about it, in order.
    approvals: Vec<ApprovalView>,
}

/// A collection.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DisclosureRow {
    /// Its id.
    id: String,
    /// How far it has come.
    #[schema(value_type = String)]
    state: Box<RawValue>,
    /// The bundle's name, once it has one.
    production: Option<String>,
    /// The entry that seals it: the context of an approval to release.
    sealed: Option<LeafView>,
}

/// An entry about the request.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TimelineEntry {
    /// Its place.
    index: u64,
    /// When it was recorded.
    time: String,
    /// What happened.
    r#type: String,
    /// Who acted.
    actor: String,
    /// What it says, in ids, closed words, numbers and times.
    says: String,
}

/// Read a request. Recorded as `access.read`.
#[utoipa::path(
    get, path = "/v1/requests/{id}", tag = "requests",
    params(("id" = String, Path, description = "The request's id.")),
    responses(
        (status = 200, description = "The request.", body = CaseView),
        (status = 404, description = "There is no such request, or it was erased.", body = ProblemDocument,
            content_type = "application/problem+json"),
    )
)]
pub(super) async fn request(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    InPath(id): InPath<RequestId>,
) -> Result<Json<CaseView>, Problem> {
    let at = machine::now().map_err(Problem::internal)?;
    let wanted = id.clone();
    let view = app
        .read(move |reader| {
            let case = reader.case(&wanted)?;
            let world = reader.world()?;
            let sign = templates(&case, &world, at);
            let due = world.policy().map(|policy| due::of_case(&policy.value, &case));
            let timeline = timeline(reader, &wanted)?;
            Ok(CaseView::new(case, sign, &due.unwrap_or_default(), timeline))
        })
        .await?;
    app.access().read(caller.uid, Some(id)).await?;
    Ok(Json(view))
}

fn timeline(reader: &Reader, request: &RequestId) -> Result<Vec<TimelineEntry>, ReadError> {
    let entries = reader.timeline(request, TIMELINE_MAX)?;
    let entry = |index| {
        let opened = reader.open(index)?;
        let says = says(&opened.event.type_, opened.event.data.get());
        Ok(TimelineEntry {
            says,
            index: opened.entry.index.get(),
            time: opened.entry.time.to_string(),
            r#type: opened.event.type_,
            actor: opened.event.actor,
        })
    };
    entries.into_iter().map(entry).collect()
}

impl CaseView {
    fn new(case: Case, sign: Vec<Template>, due: &[Due], timeline: Vec<TimelineEntry>) -> Self {
        Self {
            id: case.request.to_string(),
            state: case.state_name(),
            kind: word(&case.received.kind),
            order: OrderView::of(&case),
            agency: case.agency.as_ref().map(ToString::to_string),
            instrument: case.classified.as_ref().map(|classified| word(&classified.instrument)),
            approvals: case.approvals.iter().map(ApprovalView::new).collect(),
            acts: case.acts.iter().map(ActView::new).collect(),
            disclosures: case.disclosures.iter().map(DisclosureRow::new).collect(),
            rejected_for: case.rejected_for.iter().copied().map(RejectedView::new).collect(),
            privileges: case.screening.privileges.iter().map(word).collect(),
            secrecy: case.telling.orders.iter().map(SecrecyView::new).collect(),
            next: case.next_steps().into_iter().map(EventType::as_str).collect(),
            deadlines: due.iter().map(DeadlineView::new).collect(),
            scope_ordered: case.classified.map(|classified| classified.scope),
            review: case.review.map(ReviewView::new),
            sign,
            timeline,
        }
    }
}

impl RejectedView {
    fn new(code: RejectCode) -> Self {
        Self { code: word(&code), rule: code.rule().number() }
    }
}

impl SecrecyView {
    fn new(order: &Secrecy) -> Self {
        let gap =
            |(from, to): &(Timestamp, Timestamp)| GapView { from: from.to_string(), to: to.to_string() };
        Self {
            id: order.id.to_string(),
            from: order.from.to_string(),
            to: order.to.map(|to| to.to_string()),
            ended_at: order.ended_at.map(|at| at.to_string()),
            gaps: order.gaps.iter().map(gap).collect(),
        }
    }
}

impl DeadlineView {
    fn new(due: &Due) -> Self {
        Self {
            at: due.at.to_string(),
            deadline: word(&due.deadline),
            rule: due.deadline.rule().number(),
            set_by: due.set_by.get(),
            is_a_duty: due.deadline.is_a_duty(),
        }
    }
}

impl ReviewView {
    fn new(review: Review) -> Self {
        let refused = review.refused.into_iter().map(|refused| RefusedView {
            item: refused.item,
            rule: refused.rule.number(),
            reason: refused.reason,
        });
        Self {
            entry: review.context.into(),
            scope_sha256: review.scope.sha256().to_string(),
            scope: review.scope,
            refused: refused.collect(),
        }
    }
}

impl ApprovalView {
    fn new(given: &ApprovalState) -> Self {
        Self {
            index: given.entry.index.get(),
            kind: word(&given.kind),
            person: given.person.to_string(),
            role: word(&given.role),
            decision: word(&given.decision),
            exp: given.exp.to_string(),
        }
    }
}

impl ActView {
    fn new(open: &Proposal) -> Self {
        Self {
            entry: open.context.into(),
            kind: word(&open.kind),
            sha256: open.sha256.to_string(),
            proposer: open.proposer.clone(),
            time: open.at.to_string(),
            approvals: open.approvals.iter().map(ApprovalView::new).collect(),
        }
    }
}

impl DisclosureRow {
    fn new(disclosure: &Disclosure) -> Self {
        Self {
            id: disclosure.id.to_string(),
            state: word(&disclosure.step),
            production: disclosure.production.as_ref().map(ToString::to_string),
            sealed: disclosure.sealed.as_ref().map(|sealed| sealed.context.into()),
        }
    }
}
