//! The closed vocabulary of rule set 1: every event there is, with exactly its members.
//!
//! **In scope**: the names, who makes each event, which peer may post it, what it carries.
//! **Out of scope**: when it is legal (`rules1`), and the envelope around `data`
//! ([`crate::model::event`]). docs/events.md has one row per event, with an example that
//! the tests run.
//!
//! Events about a delivered bundle hold digests and opaque ids only, because they are
//! opened to the agency (docs/FORMATS.md, The bundle).

pub mod approving;
pub mod founding;
pub mod governing;
pub mod intake;
pub mod packaging;
pub mod parts;

use std::fmt;

use serde_json::value::RawValue;

use super::refusal::Refusal;
use super::rule::Rule;
use crate::model::json;

pub use approving::{ApprovalRecord, Legality, RefusedItem, ReviewCompleted};
pub use founding::{Activated, Crypto, LogCreated};
pub use governing::{AccessDenied, AccessRead, ActProposed, ClockAccepted};
pub use intake::{
    Channel, Identifier, IdentifierKind, Nature, OrderAmended, RejectCode, RejectReason,
    RequestAuthenticated, RequestClassified, RequestKind, RequestReceived, RequestRejected, RequestWithdrawn,
    SignatureFact, SignatureKind, Verification,
};
pub use packaging::{
    BundleDestroyed, BundleProvenance, BundleReleased, BundleSealed, DataFiltered, DataPlanned, DataReceived,
    DeliveryReport, DestroyReason, DisclosureOpened, SourceFile, SourceRead, Withheld,
};
pub use parts::{Base64, ExactScope, LeafRef, OrderRef};

/// Who an event comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Maker {
    /// `init`, unsigned; later, where it is possible, people.
    Founding,
    /// The review system, on behalf of the person in `actor`.
    ReviewSystem,
    /// A person; the event carries what they signed, or names the approvals that others signed.
    Person,
    /// An agency; the event carries what it signed.
    Agency,
    /// The daemon alone: posting one from outside is forbidden.
    Daemon,
}

/// What a socket peer may be, by its uid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerRole {
    /// The provider's review system.
    ReviewSystem,
    /// A reviewer's own command line.
    Reviewer,
    /// Whoever runs the daemon.
    Operator,
    /// Reads; posts nothing.
    Auditor,
}

/// Whether an event is about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// `request` is null.
    Log,
    /// `request` names one.
    Request,
    /// Either, as the approval's kind demands.
    Either,
}

/// How many envelopes an event carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signed {
    /// None.
    No,
    /// One approval.
    Approval,
    /// Two approvals by two people.
    TwoApprovals,
    /// An SSHSIG, in `data`.
    Acknowledgement,
}

macro_rules! events {
    ($($variant:ident($data:ty) = $name:literal, $maker:ident, $subject:ident, $signed:ident,
        [$($peer:ident),*], $meaning:literal;)+) => {
        /// The type of an event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventType { $(#[doc = $meaning] $variant,)+ }

        /// The members of an event's `data`, by type.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Data { $(#[doc = $meaning] $variant($data),)+ }

        impl EventType {
            /// Every type, in the order of a request's life.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name in the event's `type`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What happened, in one clause.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }

            /// Who makes it.
            #[must_use]
            pub const fn maker(self) -> Maker {
                match self { $(Self::$variant => Maker::$maker,)+ }
            }

            /// What it is about.
            #[must_use]
            pub const fn subject(self) -> Subject {
                match self { $(Self::$variant => Subject::$subject,)+ }
            }

            /// What is signed.
            #[must_use]
            pub const fn signed(self) -> Signed {
                match self { $(Self::$variant => Signed::$signed,)+ }
            }

            /// Which peers may post it; nobody, if the daemon alone makes it.
            #[must_use]
            pub const fn posted_by(self) -> &'static [PeerRole] {
                match self { $(Self::$variant => &[$(PeerRole::$peer),*],)+ }
            }

            /// Reads `data` strictly as this type's.
            ///
            /// # Errors
            /// [`Refusal`] F-01, with what serde found wrong; values are not quoted.
            pub fn read(self, data: &RawValue) -> Result<Data, Refusal> {
                match self { $(Self::$variant => read(data).map(Data::$variant),)+ }
            }
        }
    };
}

events! {
    LogCreated(LogCreated) = "log.created", Founding, Log, No, [],
        "The log begins.";
    PolicyActivated(Activated) = "policy.activated", Person, Log, No, [Operator, ReviewSystem],
        "A policy holds for later entries.";
    DirectoryActivated(Activated) = "directory.activated", Person, Log, No, [Operator, ReviewSystem],
        "A directory of agencies holds for later entries.";
    RolesActivated(Activated) = "roles.activated", Person, Log, No, [Operator, ReviewSystem],
        "People, keys and roles hold for later entries.";
    ActProposed(ActProposed) = "act.proposed", Person, Log, No, [Operator, ReviewSystem],
        "Somebody proposes an act that two people must approve, with its full text.";
    AccessRead(AccessRead) = "access.read", Daemon, Log, No, [],
        "Somebody read sealed material.";
    AccessDenied(AccessDenied) = "access.denied", Daemon, Log, No, [],
        "Somebody asked for what they may not have.";
    ClockAccepted(ClockAccepted) = "clock.accepted", Person, Log, TwoApprovals, [Operator],
        "Two people accept that the clock jumped.";
    RequestReceived(RequestReceived) = "request.received", ReviewSystem, Request, No, [ReviewSystem],
        "A demand arrived.";
    RequestAuthenticated(RequestAuthenticated) = "request.authenticated", ReviewSystem, Request, No,
        [ReviewSystem], "The demand does come from that agency.";
    RequestClassified(RequestClassified) = "request.classified", ReviewSystem, Request, No, [ReviewSystem],
        "What the demand is, and exactly what it asks for.";
    OrderAmended(OrderAmended) = "order.amended", ReviewSystem, Request, No, [ReviewSystem],
        "The agency replaced its order by another document.";
    ReviewCompleted(ReviewCompleted) = "review.completed", ReviewSystem, Request, No, [ReviewSystem],
        "A person reviewed the demand: what may go on, what is refused and under which rule.";
    RequestRejected(RequestRejected) = "request.rejected", ReviewSystem, Request, No, [ReviewSystem],
        "The demand is rejected, with reasons from the list.";
    RequestWithdrawn(RequestWithdrawn) = "request.withdrawn", ReviewSystem, Request, No, [ReviewSystem],
        "The agency withdrew its demand.";
    ApprovalGiven(ApprovalRecord) = "approval.given", Person, Either, Approval,
        [ReviewSystem, Reviewer, Operator], "A person approved, with their key.";
    ApprovalRefused(ApprovalRecord) = "approval.refused", Person, Either, Approval,
        [ReviewSystem, Reviewer, Operator], "A person refused to approve, with their key.";
    ApprovalRevoked(ApprovalRecord) = "approval.revoked", Person, Either, Approval,
        [ReviewSystem, Reviewer, Operator], "A person took their approval back, with their key.";
    DisclosureOpened(DisclosureOpened) = "disclosure.opened", Daemon, Request, No, [],
        "A collection begins, for exactly the approved scope.";
    DataReceived(DataReceived) = "data.received", Daemon, Request, No, [],
        "The sources were read.";
    DataPlanned(DataPlanned) = "data.planned", Daemon, Request, No, [],
        "What goes into the bundle, by its sizes and digest.";
    DataFiltered(DataFiltered) = "data.filtered", Daemon, Request, No, [],
        "How much was kept and how much withheld, by rule.";
    BundleProvenance(BundleProvenance) = "bundle.provenance", Daemon, Request, No, [],
        "The key and the source digests that tie the bundle to its sources.";
    BundleSealed(BundleSealed) = "bundle.sealed", Daemon, Request, No, [],
        "The bundle is encrypted, and this is its digest.";
    BundleReleased(BundleReleased) = "bundle.released", Daemon, Request, No, [],
        "The bundle may leave.";
    BundleDestroyed(BundleDestroyed) = "bundle.destroyed", Daemon, Request, No, [],
        "The bundle, or what there was of it, is gone.";
    DeliveryAcknowledged(DeliveryReport) = "delivery.acknowledged", Agency, Request, Acknowledgement,
        [ReviewSystem, Operator], "The agency opened the bundle, and signed that.";
    DeliveryFailed(DeliveryReport) = "delivery.failed", Agency, Request, Acknowledgement,
        [ReviewSystem, Operator], "The agency could not open the bundle, and signed that.";
}

/// The name is not an event of this rule set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an event of this rule set; the list is in docs/events.md")]
pub struct EventTypeError;

impl std::str::FromStr for EventType {
    type Err = EventTypeError;

    fn from_str(text: &str) -> Result<Self, EventTypeError> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(EventTypeError)
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn read<T: serde::de::DeserializeOwned>(data: &RawValue) -> Result<T, Refusal> {
    json::parse(data.get().as_bytes()).map_err(|error| {
        let pointer = format!("/data{}", error.pointer().unwrap_or_default());
        Refusal::malformed(Rule::F01, &pointer, error.to_string(), "send the members docs/events.md lists")
    })
}
