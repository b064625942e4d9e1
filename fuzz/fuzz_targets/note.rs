//! What parses as a signed note prints as the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(note) = probity::tlog::SignedNote::parse(bytes) {
        assert_eq!(note.to_bytes(), bytes);
    }
});
