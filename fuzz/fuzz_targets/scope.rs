//! A scope that parses prints, and is within itself.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(scope) = probity::model::scope::Scope::parse(bytes) {
        let again = probity::model::scope::Scope::parse(&scope.to_bytes()).expect("what we print parses");
        assert_eq!(again, scope);
        assert!(scope.is_within(&scope, &probity::model::scope::FieldTable::new()));
    }
});
