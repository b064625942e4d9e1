//! A demand's way in: received, authenticated, classified, amended, rejected, withdrawn.

use serde::{Deserialize, Serialize};

use super::parts::{ExactScope, OrderRef};
use crate::model::digest::Digest;
use crate::model::id::{AgencyId, ServiceId};
use crate::model::json;
use crate::model::time::Timestamp;
use crate::practice::directory::Level;
use crate::practice::policy::{Code, CountryCode, Issuer};
use crate::practice::rule::Rule;

/// `request.received`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestReceived {
    /// What it purports to be.
    pub kind: RequestKind,
    /// The document as served: version 1 (S-24).
    pub order: OrderRef,
    /// Its media type, e.g. `application/pdf`.
    pub media_type: String,
    /// How it came.
    pub channel: Channel,
    /// When it came, as people say.
    pub received_at: Timestamp,
    /// The agency it claims to be from, if the directory has it.
    #[serde(default)]
    pub agency_claimed: Option<AgencyId>,
}

/// What a request purports to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// Compulsory process for stored data.
    LegalDemand,
    /// Danger of death or serious injury.
    Emergency,
    /// Keep data, disclose nothing.
    Preservation,
    /// A litigant's.
    Civil,
    /// About national security.
    NationalSecurity,
    /// Decrypt, weaken, build access (S-03).
    Capability,
    /// Enrol in a programme (S-84).
    Programme,
}

/// How a document came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The provider's portal.
    Portal,
    /// Electronic mail.
    Email,
    /// Post.
    Post,
    /// Facsimile.
    Fax,
    /// By hand.
    InPerson,
    /// A decentralised IT system between authorities.
    AuthoritySystem,
}

/// `request.authenticated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestAuthenticated {
    /// The agency it does come from.
    pub agency: AgencyId,
    /// How that was checked.
    pub method: Verification,
    /// SHA-256 of what was kept of the check.
    pub evidence: Vec<Digest>,
}

/// How an agency or a signature was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// A call to a number of the directory.
    CallBack,
    /// A digital signature that verified.
    DigitalSignature,
    /// An account of the portal, with a second factor.
    PortalAccount,
    /// Face to face.
    InPerson,
    /// The issuing court confirmed it.
    IssuerConfirmed,
}

/// `request.classified`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestClassified {
    /// Which version of the order was read.
    pub order: OrderRef,
    /// The instrument, by the policy's code.
    pub instrument: Code,
    /// Who issued it.
    pub issuer: Issuer,
    /// The level of government.
    pub level: Level,
    /// The issuing authority's country.
    pub country: CountryCode,
    /// The country that the authority acts for, where another asked for it by treaty or letters rogatory
    /// (28 USC 1782, 18 USC 3512): the figures can tell of both. Absent if none did.
    #[serde(default, deserialize_with = "json::present")]
    #[cfg_attr(test, schemars(with = "CountryCode"))]
    pub foreign_origin: Option<CountryCode>,
    /// What it serves (S-33).
    pub nature: Nature,
    /// The entity it is addressed to (S-20).
    pub entity: Code,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends, if it does.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// How it is signed (S-17).
    pub signature: SignatureFact,
    /// Whom it names (S-06).
    pub identifiers: Vec<Identifier>,
    /// What it asks for: the exact bytes of a scope.
    pub scope: ExactScope,
}

/// What a demand serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// A criminal investigation.
    Criminal,
    /// An emergency.
    Emergency,
    /// National security.
    NationalSecurity,
    /// Litigation.
    Civil,
    /// Supervision and administration.
    Regulatory,
}

/// How a document is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SignatureFact {
    /// What there is.
    pub kind: SignatureKind,
    /// How it was checked; null if it was not.
    #[serde(default)]
    pub verified: Option<Verification>,
}

/// The kinds of signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SignatureKind {
    /// By hand.
    Handwritten,
    /// A court's seal.
    Sealed,
    /// A digital signature.
    Digital,
    /// A typed name: not a signature.
    Typed,
    /// None.
    None,
}

/// Somebody the demand names, and the account that was found.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Identifier {
    /// What kind of name it is.
    pub kind: IdentifierKind,
    /// The name as the document has it. Personal data.
    pub value: String,
    /// Where it was looked up.
    pub service: ServiceId,
    /// The one account it resolves to; null if it resolves to none. Personal data.
    #[serde(default)]
    pub account: Option<String>,
}

impl std::fmt::Debug for Identifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identifier({:?} at {})", self.kind, self.service)
    }
}

/// The kinds of identifiers that name one account. Keywords, areas and ranges are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum IdentifierKind {
    /// A mailbox.
    Email,
    /// A telephone number.
    Phone,
    /// The service's own number of the account.
    AccountId,
    /// A name the user chose.
    Username,
    /// A device.
    DeviceId,
    /// A means of payment.
    PaymentAccount,
}

/// `order.amended`: from here on nothing approved before counts (I-10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OrderAmended {
    /// The new document, one version later.
    pub order: OrderRef,
    /// Its media type.
    pub media_type: String,
    /// How it came.
    pub channel: Channel,
    /// When it came, as people say.
    pub received_at: Timestamp,
}

/// `request.rejected`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestRejected {
    /// Why (I-20).
    pub reasons: Vec<RejectReason>,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RejectReason {
    /// Which.
    pub code: RejectCode,
    /// The item of the order's scope, by position; null for the whole.
    #[serde(default)]
    pub item: Option<u32>,
    /// What exactly, for people; a material mistake needs it.
    #[serde(default)]
    pub detail: Option<String>,
}

/// Why a demand is rejected: the reasons of S-15 … S-22; and, since rule set 2, what no better document
/// would change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RejectCode {
    /// S-15.
    ExceedsAuthority,
    /// S-16.
    ExceedsJurisdiction,
    /// S-17.
    Unsigned,
    /// S-18.
    NotAuthorised,
    /// S-19.
    WrongDates,
    /// S-20.
    Misaddressed,
    /// S-21.
    MaterialMistake,
    /// S-22.
    OverlyBroad,
    /// S-52: of a country that is not answered; a treaty is the way.
    UseMlat,
    /// S-14: a kind of process that is not answered, such as one to intercept.
    NotAnswered,
    /// I-33: it does not come from whom it says; out of a quarantine.
    NotAuthentic,
    /// S-03: to decrypt, to weaken, to build an access.
    CapabilityDemand,
    /// S-84: to join a programme.
    ProgrammeDemand,
}

impl RejectCode {
    /// The statement that has this reason.
    #[must_use]
    pub const fn rule(self) -> Rule {
        match self {
            Self::ExceedsAuthority => Rule::S15,
            Self::ExceedsJurisdiction => Rule::S16,
            Self::Unsigned => Rule::S17,
            Self::NotAuthorised => Rule::S18,
            Self::WrongDates => Rule::S19,
            Self::Misaddressed => Rule::S20,
            Self::MaterialMistake => Rule::S21,
            Self::OverlyBroad => Rule::S22,
            Self::UseMlat => Rule::S52,
            Self::NotAnswered => Rule::S14,
            Self::NotAuthentic => Rule::I33,
            Self::CapabilityDemand => Rule::S03,
            Self::ProgrammeDemand => Rule::S84,
        }
    }

    /// Whether a new document may mend it: one of the eight, which are all that rule set 1 knows.
    #[must_use]
    pub const fn is_curable(self) -> bool {
        !matches!(
            self,
            Self::UseMlat
                | Self::NotAnswered
                | Self::NotAuthentic
                | Self::CapabilityDemand
                | Self::ProgrammeDemand
        )
    }
}

/// `request.withdrawn`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestWithdrawn {
    /// SHA-256 of the agency's letter.
    pub document_sha256: Digest,
    /// When it came, as people say.
    pub received_at: Timestamp,
}
