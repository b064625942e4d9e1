//! The description of the socket, made from the handlers and their types.

use utoipa::OpenApi;

use super::{case, disclosures, due, events, feed, health, reads, tiles};

/// Every route and every form on the wire.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Probity",
        description = "HTTP/1.1 over a Unix socket. The peer's uid decides what it may do (probity.toml); a uid that is \
            not named there is answered 403 to everything. Every answer has x-request-id; the daemon's log has \
            the same id.",
    ),
    paths(
        events::post,
        reads::requests,
        case::request,
        due::due,
        reads::entry,
        reads::receipt,
        reads::checkpoint,
        feed::feed,
        disclosures::begin,
        disclosures::status,
        disclosures::release,
        tiles::tile,
        health::alive,
        health::ready,
    )
)]
struct Description;

/// The OpenAPI page: JSON, indented, with a final line feed.
///
/// # Panics
/// Never: a page of texts, lists and maps prints.
#[must_use]
pub fn document() -> String {
    let mut text = Description::openapi().to_pretty_json().expect("texts and lists print");
    text.push('\n');
    text
}
