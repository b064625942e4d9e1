//! An event that parses has one printed form.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(event) = probity::model::event::Event::parse(bytes) {
        let printed = event.to_bytes();
        let again = probity::model::event::Event::parse(&printed).expect("what we print parses");
        assert_eq!(again.to_bytes(), printed);
    }
});
