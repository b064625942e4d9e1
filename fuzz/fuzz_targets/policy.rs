//! No text of policy, roles or directory makes its parser panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        drop(probity::practice::policy::Policy::parse(text));
        drop(probity::practice::roles::Roles::parse(text));
        drop(probity::practice::directory::Directory::parse(text));
    }
});
