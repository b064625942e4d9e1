//! The socket: HTTP/1.1 and JSON over a Unix socket, for peers that the kernel names.
//!
//! **In scope**: who may ask what, the wire's forms and bounds, problems (RFC 9457), the record
//! of who looked, the description of all of it (OpenAPI).
//! **Out of scope**: whether an event is allowed ([`crate::practice`]), making anything durable
//! ([`crate::ledger`]), making a bundle ([`crate::package`]). There is no network listener.
//!
//! ```text
//! listener::bind → serve ─ connection ─ frame ─ routes ─┬ events       post, alone or as a stream
//!                           peer's uid   │ own task      ├ reads, case  what the log says, access.read first
//!                                        │ one log line  ├ feed, tiles  what is new, the tree
//!                                        └ 403, always   └ disclosures  bundles
//! ```
//! Every body, line, page, wait and connection is bounded by `limits` of the configuration or by
//! a constant. A call runs in a task of its own: a connection that drops cancels nothing.

mod listener;
mod serve;
mod stall;

mod access;
mod app;
mod crowd;
mod frame;
mod peer;
mod problem;
mod routes;

mod body;
mod media;
mod ndjson;
mod params;

mod case;
mod clock;
mod disclosures;
mod due;

mod events;
mod feed;
mod health;
mod reads;
mod says;
mod sign;
mod tiles;

mod openapi;

pub use app::App;
pub use listener::{BindError, bind};
pub use openapi::document;
pub use problem::{Code, Problem, ProblemDocument};
pub use routes::{Listed, listed};
pub use serve::{Drained, serve};

#[cfg(test)]
mod tests;
