//! The media types that bodies come as.

use axum::http::{HeaderMap, header};

/// One document.
pub(super) const JSON: &str = "application/json";
/// One document on each line.
pub(super) const NDJSON: &str = "application/x-ndjson";

/// The media type without its parameters, in lower case.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    value.split(';').next().map(|essence| essence.trim().to_ascii_lowercase())
}
