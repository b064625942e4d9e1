//! Goal: what leaves is what was approved, recorded before it left, and openable with stock
//! tools; whatever step a crash hits, the next start leaves one of two worlds.
//! Method: a real ledger over a store in memory, the example sources, requests walked through
//! the practice with signed approvals; the process state is dropped between any two steps.

mod bed;

mod crashes;
mod path;
mod refusals;
