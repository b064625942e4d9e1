//! From an approved disclosure to a bundle in the outbox, with a record before each step.
//!
//! **In scope**: running the steps in one worker thread, staging and releasing files, setting
//! right at start what a crash left. **Out of scope**: whether a step is allowed
//! ([`crate::practice`] says so when it is recorded), what is selected ([`crate::minimise`]),
//! how sources are read ([`crate::collect`]), the bag and its encryption ([`crate::bundle`],
//! [`crate::ops::age`]).
//!
//! Nothing is collected without a logged disclosure, nothing is delivered without a logged
//! release: each step is a type that holds the checked record made before it, and consumes
//! the step before. Plaintext is never written to a disk, and memory does not grow with the
//! data: the sources are read twice.

mod error;
mod logbook;
mod shelf;
mod workbench;

mod grounds;
mod sealing;
mod steps;
mod trace;

mod board;
mod packager;
mod recovery;
mod worker;

pub use crate::collect::Suspect;
pub use board::{Problem, Progress, State, Status};
pub use error::PackageError;
pub use packager::{Delivered, Packager, QUEUE_MAX, Release, Start, Started};
pub use recovery::Recovered;
pub use worker::Worker;

#[cfg(test)]
mod tests;
