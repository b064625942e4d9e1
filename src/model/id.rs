//! Identifiers: opaque names, compared as bytes, with nothing personal in them.
//!
//! `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`. Each kind is a type of its own, so that a
//! person cannot stand where a request belongs.

use std::borrow::Borrow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::json;

/// Longest identifier in bytes: fits a file name, a log line and a RocksDB key prefix.
pub const ID_BYTES_MAX: usize = 64;

/// What [`check`] lets through, as a regular expression.
#[cfg(test)]
pub(crate) const ID_PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";

/// The text is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 1 to 64 of A-Z a-z 0-9 . _ - and begins with a letter or a digit")]
pub struct IdError;

fn check(text: &str) -> Result<(), IdError> {
    let mut bytes = text.bytes();
    let first_fits = bytes.next().is_some_and(|b| b.is_ascii_alphanumeric());
    let rest_fits = bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    if first_fits && rest_fits && text.len() <= ID_BYTES_MAX { Ok(()) } else { Err(IdError) }
}

macro_rules! id_types {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = ID_PATTERN)))]
        pub struct $name(Box<str>);

        impl $name {
            /// Parses an identifier of this kind.
            ///
            /// # Errors
            /// [`IdError`] if the text breaks the alphabet or the length.
            pub fn new(text: &str) -> Result<Self, IdError> {
                check(text)?;
                Ok(Self(text.into()))
            }

            /// The identifier's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                json::text(deserializer, Self::new)
            }
        }
    )+};
}

id_types! {
    /// An event, named by its client: the idempotency key.
    EventId;
    /// A demand for data, from receipt to its last entry.
    RequestId;
    /// One collection for one request.
    DisclosureId;
    /// A delivered bundle, e.g. `PRD-2026-7QK4M2XA`: random, never sequential.
    ProductionId;
    /// A person who reviews, approves or acknowledges; one person may hold several keys.
    PersonId;
    /// An agency of the directory.
    AgencyId;
    /// A customer that holds its own keys.
    CustomerId;
    /// A customer-sealed item.
    ItemId;
    /// A service the provider offers, e.g. `mail`.
    ServiceId;
    /// A place data is collected from.
    SourceId;
    /// A secrecy order; the same in every request that it covers.
    SecrecyId;
    /// A challenge before a court.
    ChallengeId;
    /// A bill for the cost of a request.
    InvoiceId;
    /// An incident: an impersonation, a key that was lost, data that should not have left.
    IncidentId;
    /// A published report, a statutory report, a voluntary report.
    ReportId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alphabet_and_length() {
        let longest = "a".repeat(ID_BYTES_MAX);
        for good in ["a", "7", "REQ-2026.1_x", longest.as_str()] {
            assert_eq!(RequestId::new(good).map(|id| id.to_string()), Ok(good.to_owned()));
        }
        let too_long = "a".repeat(ID_BYTES_MAX + 1);
        for bad in ["", "-a", ".a", "_a", "a b", "a/b", "ä", "a\n", too_long.as_str()] {
            assert_eq!(RequestId::new(bad), Err(IdError), "{bad:?}");
        }
    }
}
