//! Thin shells around what the operating system owns: files, keys, clocks, configuration.

pub mod age;
pub mod config;
pub mod export_dir;
pub mod files;
pub mod keys;
pub mod machine;
