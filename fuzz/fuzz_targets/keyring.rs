//! What parses as a keyring prints as the same text.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(keyring) = std::str::from_utf8(bytes).ok().and_then(|text| probity::tlog::Keyring::parse(text).ok()) {
        assert_eq!(keyring.text().as_bytes(), bytes);
    }
});
