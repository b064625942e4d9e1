//! Proposals, access, the clock.

use serde::{Deserialize, Serialize};

use crate::model::approval::Kind;
use crate::model::digest::Digest;
use crate::model::id::RequestId;
use crate::model::time::Timestamp;

/// `act.proposed`: an act that two people must approve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ActProposed {
    /// The kind of approval it needs; under rule set 1 policy, directory or role.
    pub kind: Kind,
    /// The full text of what would hold.
    pub text: String,
    /// SHA-256 of it.
    pub sha256: Digest,
    /// Why, for the people who decide.
    pub reason: String,
}

/// `access.read` (I-52): one line per peer, request and ten minutes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccessRead {
    /// The peer's uid.
    pub peer_uid: u32,
    /// The request, if one was read.
    #[serde(default)]
    pub subject: Option<RequestId>,
    /// How often.
    pub count: u64,
    /// The first time.
    pub first_at: Timestamp,
    /// The last time.
    pub last_at: Timestamp,
}

/// `access.denied` (S-01): one line per peer, verb and ten minutes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccessDenied {
    /// The peer's uid.
    pub peer_uid: u32,
    /// What was asked for: a method and a route, without its parameters.
    pub verb: String,
    /// How often.
    pub count: u64,
    /// The first time.
    pub first_at: Timestamp,
    /// The last time.
    pub last_at: Timestamp,
}

/// `clock.accepted`: the only entry admitted while the clock is in doubt; it bears the new time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ClockAccepted {
    /// The time of the entry before.
    pub from: Timestamp,
    /// The time from here on.
    pub to: Timestamp,
}
