//! The integration tests, in one binary, because linking RocksDB is slow.

mod layers;
mod supply_chain;
