//! The approval: what a person signs, bound to everything the decision rests on.
//!
//! **In scope**: the payload `application/vnd.probity.approval.v1+json` and which of its
//! members each kind of act has. **Out of scope**: whether it is admitted; that takes the
//! state of the log ([`crate::practice`]).

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::digest::Digest;
use super::id::RequestId;
use super::json::{self, JsonError};
use super::time::Timestamp;
use crate::tlog::{Hash, LeafIndex, Origin};

/// DSSE payload type.
pub const APPROVAL_TYPE: &str = "application/vnd.probity.approval.v1+json";
/// Most recipients one approval names.
pub const RECIPIENTS_MAX: usize = 64;
/// Before the digest of a policy, wherever one is written.
pub const POLICY_PREFIX: &str = "sha256:";

/// What kind of act is approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ApprovalKind"))]
pub enum Kind {
    /// Collect and seal the data of a reviewed scope.
    #[serde(rename = "disclose")]
    Disclose,
    /// Let a sealed bundle out.
    #[serde(rename = "release")]
    Release,
    /// Disclose in an emergency.
    #[serde(rename = "emergency")]
    Emergency,
    /// Not redirect an enterprise demand.
    #[serde(rename = "redirect.exempt")]
    RedirectExempt,
    /// Not notify.
    #[serde(rename = "notice.waive")]
    NoticeWaive,
    /// Let an item through that looked like key material.
    #[serde(rename = "scan.clear")]
    ScanClear,
    /// Any other act that takes two people.
    #[serde(rename = "discretion")]
    Discretion,
    /// Change people, keys or roles.
    #[serde(rename = "role")]
    Role,
    /// Change the policy.
    #[serde(rename = "policy")]
    Policy,
    /// Change the agency directory.
    #[serde(rename = "directory")]
    Directory,
    /// Change the daemon's keys.
    #[serde(rename = "keys")]
    Keys,
    /// Destroy a request's data key.
    #[serde(rename = "erase")]
    Erase,
    /// Go on from a backup.
    #[serde(rename = "restore")]
    Restore,
    /// Go on after a clock that jumped.
    #[serde(rename = "clock")]
    Clock,
    /// Go on although the anchor lags.
    #[serde(rename = "anchor")]
    Anchor,
}

impl Kind {
    /// Whether order, scope and recipients are part of the decision.
    #[must_use]
    pub const fn is_about_data(self) -> bool {
        matches!(self, Self::Disclose | Self::Release | Self::Emergency)
    }
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Yes.
    Approve,
    /// No.
    Refuse,
    /// No longer.
    Revoke,
}

/// The order that was in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ApprovedOrder {
    /// From 1, one more with each amendment.
    pub version: u32,
    /// SHA-256 of the document.
    pub sha256: Digest,
}

/// The entry that is decided upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ApprovalContext {
    /// Its index.
    pub index: LeafIndex,
    /// Its leaf hash.
    pub leaf: Hash,
}

/// 16 random bytes, used once per key; 32 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nonce([u8; 16]);

impl Nonce {
    /// The nonce of these bytes, which must be random.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Display for Nonce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl Serialize for Nonce {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Nonce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 16];
        let is_hex = hex::decode_to_slice(&text, &mut bytes).is_ok() && hex::encode(bytes) == text;
        is_hex
            .then_some(Self(bytes))
            .ok_or_else(|| serde::de::Error::custom("a nonce is 32 lower-case hex digits"))
    }
}

/// A decision as it is signed, members in the order of the format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    v: u8,
    /// The log it is for.
    pub origin: Origin,
    /// The request; null where the act is on none.
    #[serde(deserialize_with = "json::nullable")]
    pub request: Option<RequestId>,
    /// What kind of act.
    pub kind: Kind,
    /// What was decided.
    pub decision: Decision,
    /// The role in which the person decides.
    pub role: String,
    /// The order in force; only for acts about data.
    #[serde(deserialize_with = "json::nullable")]
    pub order: Option<ApprovedOrder>,
    /// SHA-256 of the exact scope bytes in `review.completed`; only for acts about data.
    #[serde(deserialize_with = "json::nullable")]
    pub scope_sha256: Option<Digest>,
    /// SHA-256 of each recipient string, ascending; empty unless about data.
    pub recipients: Vec<Digest>,
    /// Digest of the policy in force.
    #[serde(with = "policy_digest")]
    pub policy: Digest,
    /// The entry decided upon.
    pub context: ApprovalContext,
    /// Signed at.
    pub iat: Timestamp,
    /// Holds until, exclusive.
    pub exp: Timestamp,
    /// Makes a replay visible.
    pub nonce: Nonce,
}

/// Why bytes are not an approval.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// Not the JSON it should be.
    #[error("approval: {0}")]
    Json(#[from] JsonError),
    /// Another version than 1.
    #[error("approval: v is {0}, this version reads 1")]
    Version(u8),
    /// A member that this kind does not have, or lacks one that it has.
    #[error("approval: {member} does not fit the kind; acts about data have it, others do not")]
    Member {
        /// The member.
        member: &'static str,
    },
    /// Not ascending, one twice, or more than [`RECIPIENTS_MAX`].
    #[error("approval: recipients are ascending, without duplicates, at most {RECIPIENTS_MAX}")]
    Recipients,
}

impl Approval {
    /// Version of the format.
    pub const VERSION: u8 = 1;

    /// Parses a payload; the signature is the envelope's business.
    ///
    /// # Errors
    /// [`ApprovalError`].
    pub fn parse(payload: &[u8]) -> Result<Self, ApprovalError> {
        let approval: Self = json::parse(payload)?;
        approval.check()?;
        Ok(approval)
    }

    /// The decision on a template's act: the same members, by this person's role, now.
    ///
    /// # Errors
    /// [`ApprovalError`] if the template's members do not fit its kind.
    pub fn sign_ready(self) -> Result<Vec<u8>, ApprovalError> {
        self.check()?;
        Ok(serde_json::to_vec(&self).expect("strings and numbers always print"))
    }

    /// An approval of these members; [`Approval::sign_ready`] checks and prints it.
    #[must_use]
    pub fn new(act: Act, role: String, iat: Timestamp, exp: Timestamp, nonce: Nonce) -> Self {
        let Act { origin, request, kind, decision, order, scope_sha256, recipients, policy, context } = act;
        let v = Self::VERSION;
        Self {
            v,
            origin,
            request,
            kind,
            decision,
            role,
            order,
            scope_sha256,
            recipients,
            policy,
            context,
            iat,
            exp,
            nonce,
        }
    }

    fn check(&self) -> Result<(), ApprovalError> {
        if self.v != Self::VERSION {
            return Err(ApprovalError::Version(self.v));
        }
        let is_about_data = self.kind.is_about_data();
        let members = [
            ("request", is_about_data && self.request.is_none()),
            ("order", self.order.is_some() != is_about_data),
            ("scope_sha256", self.scope_sha256.is_some() != is_about_data),
            ("recipients", self.recipients.is_empty() == is_about_data),
        ];
        if let Some((member, _)) = members.into_iter().find(|(_, is_wrong)| *is_wrong) {
            return Err(ApprovalError::Member { member });
        }
        let is_ascending = self.recipients.iter().zip(self.recipients.iter().skip(1)).all(|(a, b)| a < b);
        if !is_ascending || self.recipients.len() > RECIPIENTS_MAX {
            return Err(ApprovalError::Recipients);
        }
        Ok(())
    }
}

/// What there is to decide: an approval without the person, the time and the nonce.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// The log.
    pub origin: Origin,
    /// The request, if it is about one.
    #[serde(deserialize_with = "json::nullable")]
    pub request: Option<RequestId>,
    /// What kind of act.
    pub kind: Kind,
    /// What would be decided.
    pub decision: Decision,
    /// The order in force, for acts about data.
    #[serde(deserialize_with = "json::nullable")]
    pub order: Option<ApprovedOrder>,
    /// The reviewed scope, for acts about data.
    #[serde(deserialize_with = "json::nullable")]
    pub scope_sha256: Option<Digest>,
    /// The agency's current recipients, for acts about data.
    pub recipients: Vec<Digest>,
    /// The policy in force.
    #[serde(with = "policy_digest")]
    pub policy: Digest,
    /// The entry decided upon.
    pub context: ApprovalContext,
}

/// A policy's digest with its prefix, `sha256:<64 hex>`.
pub mod policy_digest {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Digest, POLICY_PREFIX};

    /// Parses `sha256:<64 hex>`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Digest> {
        text.strip_prefix(POLICY_PREFIX).and_then(|hex| Digest::from_hex(hex).ok())
    }

    /// Prints `sha256:<64 hex>`.
    #[must_use]
    pub fn print(digest: &Digest) -> String {
        format!("{POLICY_PREFIX}{digest}")
    }

    pub(crate) fn serialize<S: Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&print(digest))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text)
            .ok_or_else(|| serde::de::Error::custom("a policy is sha256: and 64 lower-case hex digits"))
    }
}

#[cfg(test)]
mod tests {
    //! Goal: only the members that a kind has. Method: the shared vector and mutations of it.

    use serde_json::{Value, json};

    use super::*;

    fn vector() -> String {
        let path = format!("{}/tests/vectors/dsse.json", env!("CARGO_MANIFEST_DIR"));
        let file: Value = serde_json::from_slice(&std::fs::read(path).expect("there")).expect("JSON");
        file["approval"]["payload"].as_str().expect("text").to_owned()
    }

    #[test]
    fn the_vector_prints_as_it_was_read() {
        let text = vector();
        let approval = Approval::parse(text.as_bytes()).expect("a good vector");
        assert_eq!(approval.sign_ready().expect("fits its kind"), text.as_bytes());
    }

    #[test]
    fn null_is_not_absent() {
        for member in ["request", "order", "scope_sha256"] {
            let mut value: Value = serde_json::from_str(&vector()).expect("JSON");
            value["kind"] = json!("policy");
            for null in ["request", "order", "scope_sha256"] {
                value[null] = Value::Null;
            }
            value["recipients"] = json!([]);
            assert!(Approval::parse(value.to_string().as_bytes()).is_ok());
            value.as_object_mut().expect("an object").remove(member);
            let error = Approval::parse(value.to_string().as_bytes()).expect_err(member).to_string();
            assert!(error.contains(&format!("missing field `{member}`")), "{error}");
        }
    }

    #[test]
    fn members_must_fit_the_kind() {
        let check = |change: &[(&str, Value)], expected: &str| {
            let mut value: Value = serde_json::from_str(&vector()).expect("JSON");
            for (member, to) in change {
                value[*member] = to.clone();
            }
            let error = Approval::parse(value.to_string().as_bytes()).expect_err(expected).to_string();
            assert!(error.contains(expected), "{error} should say {expected}");
        };
        let digest = |d: &str| json!(d.repeat(64));
        check(&[("v", json!(2))], "this version reads 1");
        check(&[("order", Value::Null)], "order");
        check(&[("scope_sha256", Value::Null)], "scope_sha256");
        check(&[("recipients", json!([]))], "recipients");
        check(&[("request", Value::Null)], "request");
        check(&[("recipients", json!([digest("b"), digest("a")]))], "ascending");
        check(&[("recipients", json!([digest("a"), digest("a")]))], "ascending");
        check(&[("kind", json!("policy"))], "order");
        check(&[("kind", json!("everything"))], "expected one of `disclose`");
        check(&[("policy", digest("a"))], "sha256:");
        check(&[("nonce", json!("CF00B38414AA3C65058350F6471E1103"))], "nonce");
        check(&[("extra", json!(1))], "unknown field");
    }
}
