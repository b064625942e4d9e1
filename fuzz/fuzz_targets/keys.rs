//! A line of keys.jsonl prints as it was read; no KEK file makes the parser panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(line) = probity::model::datakey::KeyLine::parse(bytes) {
        assert_eq!(line.to_json().as_bytes(), bytes);
    }
    drop(probity::model::datakey::Kek::parse_file(bytes));
});
