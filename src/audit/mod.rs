//! Verification: a fold over entries whose findings are data.
//!
//! **In scope**: whether a log is what was signed (public keys alone), whether its keys at
//! rest fit its payloads, and whether every event in it was allowed (with an auditor's
//! key). An export and a live home are audited through one and the same path.
//! **Out of scope**: files and databases (a [`Source`] stands for them), printing,
//! decrypting age files: their plaintexts are arguments.
//!
//! Nothing here believes what it has not checked: not an index of the database, not a key
//! inside the audited object, not the names of its files. docs/VERIFY.md tells auditors
//! what each code means.

pub mod finding;
pub mod layout;
pub mod report;
pub mod source;

mod fold;
mod heads;
pub mod integrity;
mod key_uses;
pub mod keyfiles;
mod quotes;
pub mod receipt;
mod records;
pub mod replay;
mod run;
mod signers;

pub use finding::{Code, Finding, Location, Severity};
pub use integrity::{GivenHead, Integrity, Request, Summary, verify};
pub use layout::SetKind;
pub use receipt::{Named, ReceiptAudit, verify_receipt};
pub use replay::{Replayed, Unseal, Unsealed, VerifiedLog, replay};
pub use report::{Outcome, Report};
pub use signers::Trust;
pub use source::Source;

#[cfg(test)]
mod replay_tests;
#[cfg(test)]
mod specimen;
#[cfg(test)]
mod tests;
