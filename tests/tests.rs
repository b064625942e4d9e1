//! The integration tests, in one binary, because linking RocksDB is slow.

#![expect(
    clippy::indexing_slicing,
    reason = "a test indexes what it just made; serde_json answers null for a member that is not there"
)]

mod durability;
mod harness;
mod kill;
mod layers;
mod openapi;
mod oracles;
mod supply_chain;
mod tamper;
