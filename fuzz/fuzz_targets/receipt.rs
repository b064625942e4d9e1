//! What parses as a tlog-proof prints as the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(receipt) = probity::tlog::Receipt::parse(bytes) {
        assert_eq!(receipt.print().as_bytes(), bytes);
    }
});
