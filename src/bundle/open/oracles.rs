//! Goal: an agency without Probity gets the same answers from the tools it has: age, tar,
//! sha256sum, ssh-keygen, and bagit where `PROBITY_BAGIT` names `bagit.py`.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::bundle::open_me;
use crate::bundle::{fixture, sshsig};

/// Runs a shell line in `dir`; what it printed is shown if it fails.
fn sh(dir: &Path, line: &str) -> bool {
    let output = Command::new("bash").args(["-o", "pipefail", "-c", line]).current_dir(dir).output();
    let output = output.expect("bash is everywhere");
    print_output(line, &output.stdout, &output.stderr);
    output.status.success()
}

#[expect(clippy::print_stdout, reason = "captured by the test harness, shown when the test fails")]
fn print_output(line: &str, stdout: &[u8], stderr: &[u8]) {
    println!("$ {line}\n{}{}", String::from_utf8_lossy(stdout), String::from_utf8_lossy(stderr));
}

#[test]
fn stock_tools_open_and_check_a_bundle() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let dir = scratch.path();
    let long = "A001/files/a-directory-with-quite-a-long-name/F000001-with-a-name-that-needs-a-pax-record-because-it-is-longer-than-one-hundred.bin";
    let delivery = fixture::deliver(fixture::contents(&[(long, b"long")]), |_| {});
    let write = |name: &str, bytes: &[u8]| fs::write(dir.join(name), bytes).expect("written");
    write("PRD-2026-7QK4M2XA.tar.age", &delivery.bundle);
    write("key.txt", fixture::SECRET.as_bytes());
    write("signers", sshsig::signers_line(&fixture::disclosure_key().verifying_key()).as_bytes());
    write(open_me::NAME, open_me::text(&fixture::production()).as_bytes());

    assert!(sh(dir, "age -d -i key.txt PRD-2026-7QK4M2XA.tar.age | tar x"));
    let bag = dir.join("PRD-2026-7QK4M2XA");
    assert!(sh(&bag, "sha256sum -c manifest-sha256.txt tagmanifest-sha256.txt"));
    let verify = "ssh-keygen -Y verify -f ../signers -I provider -n probity-disclosure \
                  -s tagmanifest-sha256.txt.sig < tagmanifest-sha256.txt";
    assert!(sh(&bag, verify));
    assert!(sh(dir, "find PRD-2026-7QK4M2XA -type f | sort"));
    if let Ok(bagit) = std::env::var("PROBITY_BAGIT") {
        assert!(sh(dir, &format!("{bagit} --validate PRD-2026-7QK4M2XA")));
        write("PRD-2026-7QK4M2XA/data/A001/access/ip.csv", b"at,ip!");
        assert!(!sh(dir, &format!("{bagit} --validate PRD-2026-7QK4M2XA")));
    }
}
