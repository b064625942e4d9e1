//! The integration tests, in one binary, because linking RocksDB is slow.

mod layers;
mod openapi;
mod supply_chain;
