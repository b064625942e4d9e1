//! What may leave: collected records and an approved scope go in, kept records and an
//! account of what was withheld come out.
//!
//! **In scope**: the scope compiled for look-ups, the strict reading of records (CSV,
//! NDJSON, mail headers, mbox separators), their projection to the selected fields, the
//! count of what was withheld by rule, private keys in what is left.
//! **Out of scope**: where records come from and where they go ([`crate::collect`]),
//! whether the scope was approved ([`crate::practice`]).
//!
//! Deny by default, everywhere: a record is kept only if an item of the scope names its
//! account, service, class and field and holds its instant. What cannot be read exactly is
//! withheld. The account of it has counts by rule and never a value.

pub mod selection;
pub mod touched;
pub mod withheld;

pub mod csv;
pub mod dated;
pub mod json;
pub mod mail;
pub mod names;
pub mod rows;

pub mod secrets;

pub use selection::{AccountLabels, Selection};
pub use withheld::{Rule, Tally};
