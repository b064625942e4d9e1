//! A slot prints as it was read.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(slot) = probity::model::anchor::Slot::decode(bytes) {
        assert_eq!(slot.encode().expect("it was encoded").as_slice(), bytes);
    }
    drop(probity::model::anchor::newest(bytes));
});
