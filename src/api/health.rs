//! Whether the process is up, and whether the ledger takes events.

use axum::extract::State;
use axum::http::StatusCode;

use super::App;
use super::problem::Problem;

/// The process is up.
#[utoipa::path(
    get, path = "/healthz", tag = "health",
    responses((status = 200, description = "The process is up."))
)]
pub(super) async fn alive() -> StatusCode {
    StatusCode::OK
}

/// The ledger accepts events: it is not poisoned.
#[utoipa::path(
    get, path = "/readyz", tag = "health",
    responses(
        (status = 200, description = "The ledger takes events."),
        (status = 503, description = "It does not.", body = super::ProblemDocument,
            content_type = "application/problem+json"),
    )
)]
pub(super) async fn ready(State(app): State<App>) -> Result<StatusCode, Problem> {
    app.ledger().reader().size()?;
    Ok(StatusCode::OK)
}
