//! Probity makes a provider's practice on legal demands enforceable, provable and countable.
//!
//! The pure core knows no clock, no randomness and no file: [`tlog`] is the
//! mathematics of transparency logs, [`model`] the vocabulary and its byte
//! formats, [`practice`] the rules, [`minimise`] what may leave, [`audit`] how
//! it is all checked again. The rest are thin shells around one resource each.
//! docs/ARCHITECTURE.md draws the layers; a test holds the code to them.

pub mod tlog;

pub mod model;

pub mod audit;
pub mod minimise;
pub mod practice;

pub mod ops;

pub mod bundle;
pub mod collect;

#[cfg(feature = "ledger")]
pub mod store;

#[cfg(feature = "ledger")]
pub mod ledger;

#[cfg(feature = "ledger")]
pub mod package;

#[cfg(feature = "ledger")]
pub mod api;

pub mod cli;
