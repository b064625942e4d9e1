//! What a person could sign now: approvals as the log has them, without what the signer adds.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::approval::{Decision, Kind, POLICY_PREFIX};
use crate::model::digest::Digest;
use crate::model::time::Timestamp;
use crate::practice::case::{Case, Stage, Step};
use crate::practice::vocabulary::LeafRef;
use crate::practice::world::World;

/// An entry, by its index and leaf hash.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct LeafView {
    /// Its place.
    index: u64,
    /// Its leaf hash, hex.
    leaf: String,
}

impl From<LeafRef> for LeafView {
    fn from(entry: LeafRef) -> Self {
        Self { index: entry.index.get(), leaf: entry.leaf.to_string() }
    }
}

/// One version of the order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct OrderView {
    /// 1 as served, one more with each amendment.
    version: u32,
    /// SHA-256 of the document, hex.
    sha256: String,
}

impl OrderView {
    pub(super) fn of(case: &Case) -> Self {
        Self { version: case.order.version, sha256: case.order.sha256.to_string() }
    }
}

/// An approval's payload but for `role`, `iat`, `exp` and `nonce`, which the signer adds.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Template {
    /// 1.
    v: u8,
    /// This log.
    origin: String,
    /// The request.
    request: String,
    /// What kind of act.
    #[schema(value_type = String, example = "disclose")]
    kind: Kind,
    /// `approve`; a signer may make it `refuse`.
    #[schema(value_type = String, example = "approve")]
    decision: Decision,
    /// The order in force.
    order: OrderView,
    /// SHA-256 of the reviewed scope's exact bytes, hex.
    scope_sha256: String,
    /// SHA-256 of each recipient's string, hex, ascending.
    recipients: Vec<String>,
    /// The policy in force, `sha256:` and hex.
    policy: String,
    /// The entry that is decided upon.
    context: LeafView,
}

/// Every approval that `case` can be given now, at the time `at`.
pub(super) fn templates(case: &Case, world: &World, at: Timestamp) -> Vec<Template> {
    let sealed = case.live_disclosure().filter(|live| live.step == Step::Sealed);
    let disclose = case
        .review
        .as_ref()
        .filter(|_| case.stage == Stage::Reviewed && case.live_disclosure().is_none())
        .and_then(|review| disclose(case, review.context, world, at));
    let release = sealed
        .and_then(|live| live.sealed.as_ref())
        .and_then(|sealed| template(case, world, Kind::Release, sealed.context, &sealed.bundle.recipients));
    disclose.into_iter().chain(release).collect()
}

fn disclose(case: &Case, context: LeafRef, world: &World, at: Timestamp) -> Option<Template> {
    let agency = world.directory()?.value.agency(case.agency.as_ref()?)?;
    template(case, world, Kind::Disclose, context, &agency.recipient_digests_at(at))
}

fn template(
    case: &Case,
    world: &World,
    kind: Kind,
    context: LeafRef,
    recipients: &BTreeSet<Digest>,
) -> Option<Template> {
    Some(Template {
        v: 1,
        origin: world.origin()?.to_string(),
        request: case.request.to_string(),
        kind,
        decision: Decision::Approve,
        order: OrderView::of(case),
        scope_sha256: case.review.as_ref()?.scope.sha256().to_string(),
        recipients: recipients.iter().map(ToString::to_string).collect(),
        policy: format!("{POLICY_PREFIX}{}", world.policy()?.sha256),
        context: context.into(),
    })
}
