//! No sealed payload makes the reader panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    use probity::model::payload::{DataKey, SealedPayload};
    use probity::tlog::{LeafIndex, Origin};
    let origin = Origin::new("log.example/fuzz").expect("an origin");
    drop(SealedPayload::from_bytes(bytes.to_vec()).open(&DataKey::from_bytes([7; 32]), &origin, LeafIndex::new(1)));
});
