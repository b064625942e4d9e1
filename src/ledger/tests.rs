//! Goal: whatever fails, what was acknowledged is there, and nothing else claims to be.
//! Method: [`harness::TestLog`] drives a ledger over a store and an anchor that fail when told
//! to, crashes and reopens it, and after every step reads the whole store again with other
//! code than the one that wrote it: entries, chain, payloads, tiles, checkpoints, ids.

pub(in crate::ledger) mod harness;

mod exporting;
mod faults;
mod founding;
mod recording;
mod recovery;
mod rule_sets;
