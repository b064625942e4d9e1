//! (being written)

/// Why bytes break the JSON profile.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not JSON, or not the members expected.
    #[error("{0}")]
    Syntax(String),
}

/// Parses.
///
/// # Errors
/// [`JsonError`].
pub fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    serde_json::from_slice(bytes).map_err(|e| JsonError::Syntax(e.to_string()))
}
