//! The vocabulary: what other programs read, byte for byte.
//!
//! **In scope**: identifiers, times, digests, the JSON profile, scopes, the entry,
//! the sealed payload and its opening, wrapped keys, DSSE envelopes, approvals,
//! the event envelope, the anchor's slots.
//! **Out of scope**: what is allowed (that is [`crate::practice`]), where bytes
//! are kept, time and randomness: both are arguments here.
//!
//! Every parser is strict: one encoding, no trailing data, every length bounded,
//! and `print(parse(b)) == b` holds for whatever it accepts.

pub mod digest;
pub mod id;
pub mod json;
pub mod time;

pub mod class;
pub mod scope;

pub mod datakey;
pub mod entry;
pub mod opening;
pub mod payload;

pub mod approval;
pub mod dsse;
pub mod event;

pub mod anchor;
pub mod framing;
