//! What the agency says about its bundle, signed by the agency.

use super::{Context, not_now, touched};
use crate::practice::acknowledgement::{Acknowledgement, Outcome};
use crate::practice::case::{Case, Sealed, Step};
use crate::practice::change::Change;
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::vocabulary::DeliveryReport;

pub(in crate::practice) fn acknowledged(
    context: &Context<'_>,
    case: &Case,
    data: &DeliveryReport,
) -> Result<Change, Refusal> {
    let mut next = touched(context, case);
    says(context, case, data, Outcome::Opened)?;
    if let Some(live) = next.disclosures.last_mut() {
        live.step = Step::Acknowledged;
    }
    Ok(Change::of_case(next))
}

/// May be said again: the agency tries until it opens.
pub(in crate::practice) fn failed(
    context: &Context<'_>,
    case: &Case,
    data: &DeliveryReport,
) -> Result<Change, Refusal> {
    let mut next = touched(context, case);
    says(context, case, data, Outcome::OpenFailed)?;
    if let Some(live) = next.disclosures.last_mut() {
        live.failures = live.failures.saturating_add(1);
    }
    Ok(Change::of_case(next))
}

/// the signed words are about exactly the sealed bundle, and the key is the agency's now.
fn says(context: &Context<'_>, case: &Case, data: &DeliveryReport, outcome: Outcome) -> Result<(), Refusal> {
    // Under rule set 1 nothing expires; under the second a late acknowledgement is one all the same.
    let waits = |step| matches!(step, Step::Released | Step::Expired);
    let live = case.live_disclosure().filter(|live| waits(live.step));
    let Some(sealed) = live.and_then(|live| live.sealed.as_ref()) else {
        return Err(not_now(context.kind, "no released bundle waits for its acknowledgement"));
    };
    let cure = "have the agency run probity ack on the delivered bundle";
    let wrong = |pointer: &str, reason: String| Err(Refusal::invalid(Rule::A13, pointer, reason, cure));
    if sealed.bundle.production != data.production {
        return wrong("/data/production", "the request's bundle has another name".to_owned());
    }
    let ack = match Acknowledgement::parse(data.ack.as_bytes()) {
        Ok(ack) => ack,
        Err(error) => return wrong("/data/ack", error.to_string()),
    };
    if ack.result != outcome {
        return wrong("/data/ack", "the acknowledgement says the opposite of the event".to_owned());
    }
    if let Some(member) = differs(context, sealed, &ack) {
        return wrong("/data/ack", format!("{member} is not the sealed bundle's"));
    }
    if ack.at < sealed.at || ack.at.saturating_add_ms(-ACK_SKEW_MS) > context.stamp.time {
        return wrong("/data/ack", "at is before the bundle was sealed, or in the future".to_owned());
    }
    let agency = case.agency.as_ref().and_then(|id| context.force.directory.value.agency(id));
    let keys = agency.into_iter().flat_map(|agency| agency.ack_keys_at(context.stamp.time));
    if !ack.is_signed(data.ack.as_bytes(), data.sig.as_bytes(), keys) {
        let reason = "no acknowledgement key of the agency in the directory in force made the signature";
        return Err(Refusal::forbidden(Rule::A13, "/data/sig", reason, cure));
    }
    Ok(())
}

/// An agency's clock may be this far ahead, as a reviewer's may.
const ACK_SKEW_MS: i64 = 300_000;

fn differs(context: &Context<'_>, sealed: &Sealed, ack: &Acknowledgement) -> Option<&'static str> {
    let bundle = &sealed.bundle;
    let tagmanifest_fits = match ack.result {
        Outcome::Opened => ack.tagmanifest_sha256 == Some(bundle.tagmanifest_sha256),
        Outcome::OpenFailed => ack.tagmanifest_sha256.is_none(),
    };
    let checks = [
        ("origin", ack.origin.as_str() == context.force.origin.as_str()),
        ("production", ack.production == bundle.production),
        ("file_sha256", ack.file_sha256 == bundle.file_sha256),
        ("payload_sha256", ack.payload_sha256 == bundle.payload_sha256),
        ("tagmanifest_sha256", tagmanifest_fits),
        ("recipient_sha256", bundle.recipients.contains(&ack.recipient_sha256)),
    ];
    checks.into_iter().find(|(_, same)| !same).map(|(member, _)| member)
}
