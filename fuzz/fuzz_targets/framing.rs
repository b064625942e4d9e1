//! A container of notes joins to what it was cut from.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    use probity::model::framing;
    if let Ok(records) = framing::notes(bytes) {
        let mut joined = Vec::new();
        records.iter().for_each(|record| framing::push_note(&mut joined, record));
        assert_eq!(joined, bytes);
    }
    drop((framing::entries(bytes), framing::payloads(bytes)));
});
