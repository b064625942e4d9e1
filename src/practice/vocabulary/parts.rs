//! What several events have in common.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use crate::model::approval::{ApprovalContext as LeafRef, ApprovedOrder as OrderRef};
use crate::model::digest::Digest;
use crate::model::json;
use crate::model::scope::Scope;

/// What the decoder lets through, as a regular expression: spare bits are zero.
#[cfg(test)]
pub(crate) const BASE64_PATTERN: &str =
    "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$";

/// Bytes that travel as base64: standard, padded, canonical.
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(extend("contentEncoding" = "base64", "pattern" = BASE64_PATTERN)))]
pub struct Base64(#[cfg_attr(test, schemars(with = "String"))] Box<[u8]>);

impl Base64 {
    /// The base64 of these bytes.
    #[must_use]
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Base64 {
    /// The length alone: what travels as base64 may be a key or personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Base64({} bytes)", self.0.len())
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json::text(deserializer, |text| {
            STANDARD.decode(text).map(Self::new).map_err(|_| "base64 is standard, padded and canonical")
        })
    }
}

/// A scope with the exact bytes that approvals hash. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct ExactScope {
    bytes: Arc<[u8]>,
    scope: Arc<Scope>,
    sha256: Digest,
}

impl ExactScope {
    /// Parses the exact bytes of a scope.
    ///
    /// # Errors
    /// [`crate::model::scope::ScopeError`] if they are none.
    pub fn parse(bytes: &[u8]) -> Result<Self, crate::model::scope::ScopeError> {
        let scope = Arc::new(Scope::parse(bytes)?);
        Ok(Self { bytes: bytes.into(), scope, sha256: Digest::of(bytes) })
    }

    /// The exact bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What they say.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// SHA-256 of the exact bytes: `scope_sha256` of an approval.
    #[must_use]
    pub const fn sha256(&self) -> Digest {
        self.sha256
    }
}

impl fmt::Debug for ExactScope {
    /// The digest alone: a scope names accounts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExactScope({})", self.sha256)
    }
}

impl Serialize for ExactScope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.bytes))
    }
}

impl<'de> Deserialize<'de> for ExactScope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Base64::deserialize(deserializer)?;
        Self::parse(bytes.as_bytes()).map_err(serde::de::Error::custom)
    }
}
