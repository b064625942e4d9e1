//! The bundle: what an agency gets, opens and acknowledges (docs/FORMATS.md §3).
//!
//! **In scope**: a BagIt 1.0 bag (RFC 8493) in one deterministic tar, its documents and
//! its SSHSIG; the receipt file beside it; opening and checking one; acknowledgements.
//! **Out of scope**: which data may go in ([`crate::minimise`]); what must be in the log
//! before a bundle leaves (`package`); age itself ([`crate::ops::age`]).
//!
//! A bundle is planned before it is written: every size and digest is known first, so
//! that manifests, certificate and signature precede the data, nothing is ever held in
//! memory but the documents, and a source that changed between the two reads is noticed.

pub mod layout;

pub mod archive;
pub mod bag;

pub mod sshsig;

pub mod certificate;
pub mod documents;
pub mod index;
pub mod open_me;

pub mod pack;
pub mod receipt;

pub mod extract;
pub mod open;

pub mod ack;
pub mod inspect;

#[cfg(test)]
mod fixture;
