//! The name of a log: first line of its checkpoints, key name of its keys, part of
//! every sealed payload's context.
//!
//! **In scope**: which strings are origins.
//! **Out of scope**: who owns one; nothing resolves it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize};

/// Longest origin in bytes: an over-long key name fails here, not at its first use.
pub const ORIGIN_BYTES_MAX: usize = 255;

/// First parts that other signed texts begin with: under such an origin a checkpoint could
/// be taken for a keyring or a cosignature.
const RESERVED_PREFIXES: [&str; 2] = ["probity/", "cosignature/"];

/// What [`Origin::new`] lets through, as a regular expression.
#[cfg(test)]
const ORIGIN_PATTERN: &str = r"^(?!probity/|cosignature/)(?!.*://)[!#-*,-\[\]-~]{1,255}$";

/// The origin of a log: 1 to 255 bytes of printable ASCII without space, `+`, `"`, `\` or
/// `://`, not beginning with `probity/` or `cosignature/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = ORIGIN_PATTERN)))]
#[serde(transparent)]
pub struct Origin(String);

/// Why a text is not an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// A character that an origin must not have.
    #[error("an origin is printable ASCII without space, '+', '\"' or '\\'")]
    Character,
    /// Empty, or longer than [`ORIGIN_BYTES_MAX`].
    #[error("an origin has 1 to {ORIGIN_BYTES_MAX} bytes, not {found}")]
    Length {
        /// Its length in bytes.
        found: usize,
    },
    /// It begins like another kind of signed text.
    #[error("an origin must not begin with probity/ or cosignature/")]
    Reserved,
    /// It has a scheme, as in `https://`.
    #[error("an origin has no scheme: leave out everything up to ://")]
    Scheme,
}

impl Origin {
    /// Checks a text.
    ///
    /// # Errors
    /// [`OriginError`], by what is wrong.
    pub fn new(text: impl Into<String>) -> Result<Self, OriginError> {
        let text = text.into();
        if text.is_empty() || text.len() > ORIGIN_BYTES_MAX {
            return Err(OriginError::Length { found: text.len() });
        }
        if !text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'+' | b'"' | b'\\')) {
            return Err(OriginError::Character);
        }
        if text.contains("://") {
            return Err(OriginError::Scheme);
        }
        if RESERVED_PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
            return Err(OriginError::Reserved);
        }
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        Self::new(text)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_format_names() {
        let longest = "a".repeat(ORIGIN_BYTES_MAX);
        for good in ["log.example/probity-test", "a", "x:y//z", "probity", "probity.example/x", &longest] {
            assert_eq!(Origin::new(good).map(|o| o.to_string()), Ok(good.to_owned()));
        }
        let too_long = "a".repeat(ORIGIN_BYTES_MAX + 1);
        for (bad, why) in [
            ("", OriginError::Length { found: 0 }),
            (&too_long, OriginError::Length { found: ORIGIN_BYTES_MAX + 1 }),
            ("a b", OriginError::Character),
            ("a+b", OriginError::Character),
            ("a\"b", OriginError::Character),
            ("a\\b", OriginError::Character),
            ("a\n", OriginError::Character),
            ("a\u{7f}", OriginError::Character),
            ("é", OriginError::Character),
            ("https://log.example", OriginError::Scheme),
            ("probity/x", OriginError::Reserved),
            ("cosignature/v1", OriginError::Reserved),
        ] {
            assert_eq!(Origin::new(bad), Err(why), "{bad:?}");
            assert!(serde_json::from_value::<Origin>(bad.into()).is_err());
        }
    }
}
