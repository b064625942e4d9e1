//! The integration tests, in one binary, because linking RocksDB is slow.

#![allow(
    clippy::indexing_slicing,
    clippy::pedantic,
    clippy::print_stderr,
    dead_code,
    reason = "tests index what they just made, tell how long they ran, and share a harness that offers more than each uses"
)]

mod audit_of_a_home;
mod bad_input;
mod bundle;
mod commands;
mod durability;
mod harness;
mod kill;
mod layers;
mod leaks;
mod openapi;
mod oracles;
mod population;
mod readme;
mod rule_set_1;
mod schema;
mod supply_chain;
mod tamper;
