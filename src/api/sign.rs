//! What a person could sign now: approvals as the log has them, without what the signer adds.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::approval::{Act, Decision, Kind, POLICY_PREFIX};
use crate::model::time::Timestamp;
use crate::practice::case::Case;
use crate::practice::vocabulary::LeafRef;
use crate::practice::{World, approvable, approvable_act_of};

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
    request: Option<String>,
    /// What kind of act.
    #[schema(value_type = String, example = "disclose")]
    kind: Kind,
    /// `approve`; a signer may make it `refuse`.
    #[schema(value_type = String, example = "approve")]
    decision: Decision,
    /// The order in force.
    order: Option<OrderView>,
    /// SHA-256 of the reviewed scope's exact bytes, hex.
    scope_sha256: Option<String>,
    /// SHA-256 of each recipient's string, hex, ascending.
    recipients: Vec<String>,
    /// The policy in force, `sha256:` and hex.
    policy: String,
    /// The entry that is decided upon.
    context: LeafView,
}

impl Template {
    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }
}

impl From<Act> for Template {
    fn from(act: Act) -> Self {
        let order = |version, sha256: String| OrderView { version, sha256 };
        Self {
            v: 1,
            origin: act.origin.to_string(),
            request: act.request.map(|request| request.to_string()),
            kind: act.kind,
            decision: act.decision,
            order: act.order.map(|approved| order(approved.version, approved.sha256.to_string())),
            scope_sha256: act.scope_sha256.map(|sha256| sha256.to_string()),
            recipients: act.recipients.iter().map(ToString::to_string).collect(),
            policy: format!("{POLICY_PREFIX}{}", act.policy),
            context: act.context.into(),
        }
    }
}

/// Every approval that `case` can be given now, at the time `at`: about its data, then about the
/// acts proposed upon it, in their order.
pub(super) fn templates(case: &Case, world: &World, at: Timestamp) -> Vec<Template> {
    let review = case.review.as_ref().map(|review| review.context);
    // A review leads to one bundle: once it is being made, what is left to approve is its release.
    // A bundle of an earlier review is none; the next approvals are about the new one.
    let kinds: &[Kind] = match case.live_disclosure() {
        Some(live) if Some(live.review) == review => &[Kind::Release],
        _ => &[Kind::Disclose, Kind::Emergency],
    };
    let of_data = kinds.iter().map(|kind| approvable(world, case, *kind, at));
    let of_acts = case.acts.iter().map(|open| approvable_act_of(world, case, open.context.index));
    of_data.chain(of_acts).flatten().map(|template| template.act.into()).collect()
}
