//! What parses as a checkpoint of ours prints as the same text.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(checkpoint) = std::str::from_utf8(bytes).ok().and_then(|text| probity::tlog::Checkpoint::parse(text).ok()) {
        assert_eq!(checkpoint.text().as_bytes(), bytes);
    }
});
