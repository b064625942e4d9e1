//! The JSON profile accepts nothing that a general reader refuses.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // What the profile accepts, a general reader accepts too.
    if probity::model::json::check(bytes).is_ok() {
        probity::model::json::parse::<serde::de::IgnoredAny>(bytes).expect("one reading");
    }
});
