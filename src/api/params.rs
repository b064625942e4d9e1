//! What stands in a path and a query, read strictly.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::{Code, Problem};

/// Rows of a page if the client does not say.
const PAGE_ROWS: usize = 50;
/// Most rows of a page: what fits one answer without holding others up.
pub(super) const PAGE_ROWS_MAX: usize = 500;

/// The query's parameters; another, a double or a malformed one is refused.
#[derive(Debug)]
pub(super) struct Params<T>(pub(super) T);

/// The one parameter in the path.
#[derive(Debug)]
pub(super) struct InPath<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            // What the client wrote is not repeated.
            Err(_) => Err(Problem::new(Code::Malformed, "the query is not what this route takes")
                .cured_by("the OpenAPI page lists each route's parameters")),
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(param)) => Ok(Self(param)),
            Err(_) => {
                Err(Problem::new(Code::Malformed, "the path does not hold an id or an index of this kind"))
            }
        }
    }
}

/// The rows of a page: what was asked for, within the bound.
pub(super) fn page_rows(limit: Option<usize>) -> Result<usize, Problem> {
    match limit.unwrap_or(PAGE_ROWS) {
        rows @ 1..=PAGE_ROWS_MAX => Ok(rows),
        _ => Err(Problem::new(Code::Malformed, format!("limit is between 1 and {PAGE_ROWS_MAX}"))),
    }
}
