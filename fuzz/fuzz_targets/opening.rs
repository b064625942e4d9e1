//! No opening makes the parser panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    drop(probity::model::opening::Opening::parse(bytes));
});
