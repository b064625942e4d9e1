//! The documents under `probity/`: why this data, from where, what was left out, who decided.
//!
//! **In scope**: their JSON. **Out of scope**: the receipts and openings among them, which
//! are the log's own formats, and the texts for people ([`super::certificate`],
//! [`super::index`]).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::digest::Digest;
use crate::model::id::{ProductionId, RequestId};
use crate::model::json;
use crate::model::time::Timestamp;
use crate::tlog::{LeafIndex, Origin};

/// Paths of the documents.
pub mod names {
    /// What was asked and approved.
    pub const ORDER: &str = "probity/order.json";
    /// From which record each delivered one came.
    pub const PROVENANCE: &str = "probity/provenance.ndjson";
    /// How many records were left out, by rule.
    pub const WITHHELD: &str = "probity/withheld.json";
    /// The steps of the disclosure in the log.
    pub const CUSTODY: &str = "probity/custody.json";
    /// Receipt of the approval that completed the decision.
    pub const DECISION_RECEIPT: &str = "probity/decision.tlog-proof";
    /// Its opening.
    pub const DECISION_OPENING: &str = "probity/decision.opening.json";
    /// The log's public key: a hint, never a reason to trust.
    pub const LOG_KEY: &str = "probity/log.vkey";
    /// The custodian's certificate, to be signed by hand.
    pub const CERTIFICATE: &str = "certificate/certificate.txt";
    /// What is here, for a person.
    pub const INDEX: &str = "index.html";
}

/// Longest document that is read into memory, in bytes: room for any scope, and its opening.
pub const DOCUMENT_BYTES_MAX: u64 = 64 << 20;

/// One version of an order, by the digest of its document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderVersion {
    /// Counts from 1.
    pub version: u64,
    /// SHA-256 of the order's document.
    pub sha256: Digest,
}

/// `probity/order.json`: what was asked, what was approved, for whom it is sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// 1.
    pub v: u8,
    /// This delivery.
    pub production: ProductionId,
    /// The log's name.
    pub origin: Origin,
    /// The demand.
    pub request: RequestId,
    /// The order it was decided on.
    pub order: OrderVersion,
    /// Who issued it.
    pub issuer: String,
    /// When it was served.
    pub served_at: Timestamp,
    /// The approved scope: the exact bytes, base64.
    pub scope: String,
    /// Which account each directory under `data/` is of, e.g. `A001`.
    pub accounts: BTreeMap<String, String>,
    /// SHA-256 of each recipient string, ascending.
    pub recipients: Vec<Digest>,
    /// The production this one corrects.
    pub supersedes: Option<ProductionId>,
}

impl Order {
    /// Parses the document.
    ///
    /// # Errors
    /// [`json::JsonError`] if it breaks the JSON profile or has other members.
    pub fn parse(bytes: &[u8]) -> Result<Self, json::JsonError> {
        json::parse(bytes)
    }
}

/// One row of `probity/withheld.json`: never a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithheldRow {
    /// The rule's name.
    pub rule: String,
    /// The rule in words.
    pub reason: String,
    /// How many records or parts it held back.
    pub count: u64,
}

/// `probity/withheld.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withheld {
    /// 1.
    pub v: u8,
    /// This delivery.
    pub production: ProductionId,
    /// Records of which nothing is delivered.
    pub records: Vec<WithheldRow>,
    /// Parts left out of records that are delivered.
    pub parts: Vec<WithheldRow>,
}

/// One row of `probity/custody.json`: an entry of the log, without its opening.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustodyStep {
    /// The event's type, e.g. `data.collected`.
    #[serde(rename = "type")]
    pub type_: String,
    /// Where it stands.
    pub index: u64,
    /// Its receipt, base64.
    pub receipt: String,
}

impl CustodyStep {
    /// A step from its receipt's bytes.
    #[must_use]
    pub fn new(type_: &str, index: LeafIndex, receipt: &[u8]) -> Self {
        use base64::Engine as _;
        let receipt = base64::engine::general_purpose::STANDARD.encode(receipt);
        Self { type_: type_.to_owned(), index: index.get(), receipt }
    }
}

/// `probity/custody.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Custody {
    /// 1.
    pub v: u8,
    /// This delivery.
    pub production: ProductionId,
    /// The steps, in the log's order.
    pub steps: Vec<CustodyStep>,
}

/// Prints a document: indented, because people read them too, with a final line feed.
///
/// # Panics
/// Never: the types here have only strings, numbers, lists and maps with text keys.
#[must_use]
pub fn print(document: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(document).expect("plain data always prints");
    bytes.push(b'\n');
    bytes
}
