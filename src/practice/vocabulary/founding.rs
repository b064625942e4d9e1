//! The log's beginning, and what is put in force.

use serde::{Deserialize, Serialize};

use crate::model::digest::Digest;
use crate::tlog::{LeafIndex, Origin};

/// `log.created`: index 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LogCreated {
    /// The log's name for ever.
    pub origin: Origin,
    /// The verifier key of the log's first key.
    pub log_vkey: String,
    /// The first disclosure key: base64 of its 32 bytes.
    pub disclosure_key: String,
    /// SHA-256 of the first keyring's text.
    pub keyring_sha256: Digest,
    /// The first epoch of keys: 1.
    pub epoch: u32,
    /// Which key-encryption key it has.
    pub kek_id: Digest,
    /// The name of the system's data key: 32 hex digits.
    pub system_key_id: String,
    /// SHA-256 of each recipient of the key-encryption key, ascending.
    pub recipients: Vec<Digest>,
    /// The layout of the home.
    pub home_version: u32,
    /// The algorithms (S-87).
    pub crypto: Crypto,
    /// The rule set that begins: 1.
    pub rules: u32,
}

/// The algorithms in use, for people and for reports (S-87).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Crypto {
    /// Of leaves and nodes.
    pub tree: String,
    /// Of checkpoints and approvals.
    pub signatures: String,
    /// Of payloads at rest.
    pub payloads: String,
    /// Of data keys at rest.
    pub data_keys: String,
    /// Of bundles.
    pub bundles: String,
}

impl Crypto {
    /// What this version uses.
    #[must_use]
    pub fn current() -> Self {
        Self {
            tree: "SHA-256, RFC 6962".to_owned(),
            signatures: "Ed25519, RFC 8032".to_owned(),
            payloads: "HKDF-SHA-256, HMAC-SHA-256 commitment, ChaCha20-Poly1305".to_owned(),
            data_keys: "ChaCha20-Poly1305 under a key in age v1".to_owned(),
            bundles: "age v1".to_owned(),
        }
    }
}

/// `policy.activated`, `directory.activated`, `roles.activated`: holds for later entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Activated {
    /// The full text.
    pub text: String,
    /// SHA-256 of it.
    pub sha256: Digest,
    /// The `act.proposed` that two people approved; null in the founding alone.
    #[serde(default)]
    pub proposal: Option<LeafIndex>,
}

impl Activated {
    /// What `init` logs.
    #[must_use]
    pub fn founding(text: &str) -> Self {
        Self { text: text.to_owned(), sha256: Digest::of(text.as_bytes()), proposal: None }
    }

    /// What follows an approved proposal.
    #[must_use]
    pub fn proposed(text: &str, proposal: LeafIndex) -> Self {
        Self { proposal: Some(proposal), ..Self::founding(text) }
    }
}
