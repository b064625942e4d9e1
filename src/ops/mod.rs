//! Thin shells around what the operating system owns: files, keys, clocks, configuration.

pub mod age;
pub mod files;
pub mod keys;
pub mod machine;
