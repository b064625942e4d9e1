//! What parses as an entry prints as the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(entry) = probity::model::entry::Entry::parse(bytes) {
        assert_eq!(entry.to_bytes(), bytes);
    }
});
