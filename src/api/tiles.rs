//! The tree as tiles (C2SP tlog-tiles): hashes, and the entries that they are of.
//!
//! Entries hold times and digests, no content: reading them is no look at sealed material.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use utoipa::ToSchema;

use super::App;
use super::params::InPath;
use super::problem::{Code, Problem};
use crate::tlog::{Run, Tile};

/// What entry tiles have instead of a level.
const ENTRIES: &str = "entries/";

/// Bytes: what the path names.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "the schema of an answer that is bytes")]
struct TileBytes(Vec<u8>);

/// A tile, full or partial: `tile/<level>/<place>[.p/<width>]` or `tile/entries/<place>[.p/<width>]`.
#[utoipa::path(
    get, path = "/tile/{path}", tag = "log",
    params(("path" = String, Path, description = "As in C2SP tlog-tiles, e.g. `0/x001/234.p/17` or `entries/000`")),
    responses(
        (status = 200, description = "Hashes of 32 bytes each, or entries each behind its length (u16 BE).",
            body = TileBytes, content_type = "application/octet-stream"),
        (status = 404, description = "No tile of this log.", body = super::ProblemDocument,
            content_type = "application/problem+json"),
    )
)]
pub(super) async fn tile(State(app): State<App>, InPath(path): InPath<String>) -> Result<Response, Problem> {
    let bytes = if let Some(place) = path.strip_prefix(ENTRIES) {
        let run = place.parse::<Run>().map_err(no_tile)?;
        app.read(move |reader| reader.entry_tile(run)).await?
    } else {
        let tile = Tile::parse(&format!("tile/{path}")).map_err(no_tile)?;
        app.read(move |reader| reader.hash_tile(tile)).await?
    };
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
}

fn no_tile(error: impl std::error::Error) -> Problem {
    Problem::new(Code::NotFound, error.to_string())
}
