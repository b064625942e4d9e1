//! An envelope that parses has one printed form.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(envelope) = probity::model::dsse::Envelope::parse(bytes) {
        let printed = envelope.to_json();
        let again = probity::model::dsse::Envelope::parse(printed.as_bytes()).expect("what we print parses");
        assert_eq!(again.to_json(), printed);
    }
});
