//! Goal: ssh-keygen accepts what we sign, we accept what it signs, and every other
//! choice the format leaves open is refused.

use std::path::Path;
use std::process::{Command, Stdio};

use super::*;

const MESSAGE: &[u8] = b"0000  bagit.txt\n";

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// Runs ssh-keygen with `input` from a file on standard input.
fn ssh_keygen(dir: &Path, args: &[&str], input: &[u8]) -> bool {
    std::fs::write(dir.join("input"), input).expect("written");
    let stdin = std::fs::File::open(dir.join("input")).expect("just written");
    let status = Command::new("ssh-keygen")
        .args(args)
        .current_dir(dir)
        .stdin(stdin)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("ssh-keygen is installed by make setup");
    status.success()
}

#[test]
fn ours_verify_and_nothing_changed_does() {
    let armored = sign(&key(), Namespace::Disclosure, MESSAGE);
    let check = |armored: &str, message: &[u8]| verify(armored.as_bytes(), Namespace::Disclosure, message);
    assert_eq!(check(&armored, MESSAGE), Ok(key().verifying_key()));
    assert_eq!(check(&armored.replace('\n', "\r\n"), MESSAGE), Ok(key().verifying_key()), "Windows");
    assert_eq!(check(&armored, b""), Err(SshsigError::Signature));
    assert_eq!(
        verify(armored.as_bytes(), Namespace::Acknowledgement, MESSAGE),
        Err(SshsigError::Namespace("probity-ack"))
    );
    for at in 0..armored.len() {
        let mut changed = armored.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert!(verify(&changed, Namespace::Disclosure, MESSAGE).is_err(), "byte {at}");
        assert!(verify(&armored.as_bytes()[..at], Namespace::Disclosure, MESSAGE).is_err(), "cut to {at}");
    }
    assert_eq!(check(&"A".repeat(SSHSIG_BYTES_MAX + 1), MESSAGE), Err(SshsigError::Form));
}

#[test]
fn other_profiles_are_refused() {
    let public = KeyData::Ed25519(Ed25519PublicKey(key().verifying_key().to_bytes()));
    let signed = SshSig::signed_data("probity-disclosure", HashAlg::Sha256, MESSAGE).expect("encodes");
    let signature = ssh_key::Signature::new(Algorithm::Ed25519, key().sign(&signed).to_bytes().to_vec());
    let sha256 = SshSig::new(public, "probity-disclosure", HashAlg::Sha256, signature.expect("64 bytes"))
        .and_then(|sshsig| sshsig.to_pem(LineEnding::LF))
        .expect("encodes");
    assert_eq!(verify(sha256.as_bytes(), Namespace::Disclosure, MESSAGE), Err(SshsigError::Profile));

    // The identity point: R and s of zero verify over anything under a lax check.
    let weak = KeyData::Ed25519(Ed25519PublicKey([
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]));
    let mut forged = vec![0; 64];
    forged[0] = 1;
    let signature = ssh_key::Signature::new(Algorithm::Ed25519, forged).expect("64 bytes");
    let weak = SshSig::new(weak, "probity-disclosure", HashAlg::Sha512, signature)
        .and_then(|sshsig| sshsig.to_pem(LineEnding::LF))
        .expect("encodes");
    assert_eq!(verify(weak.as_bytes(), Namespace::Disclosure, MESSAGE), Err(SshsigError::WeakKey));
}

#[test]
fn ssh_keygen_agrees() {
    let dir = tempfile::tempdir().expect("a scratch directory");
    let dir = dir.path();
    std::fs::write(dir.join("signers"), signers_line(&key().verifying_key())).expect("written");
    std::fs::write(dir.join("m.sig"), sign(&key(), Namespace::Disclosure, MESSAGE)).expect("written");
    let verify_args =
        ["-Y", "verify", "-f", "signers", "-I", "provider", "-n", "probity-disclosure", "-s", "m.sig"];
    assert!(ssh_keygen(dir, &verify_args, MESSAGE));
    assert!(!ssh_keygen(dir, &verify_args, b"another"));

    assert!(ssh_keygen(dir, &["-q", "-t", "ed25519", "-N", "", "-f", "agency"], b""));
    std::fs::write(dir.join("ack"), MESSAGE).expect("written");
    assert!(ssh_keygen(dir, &["-Y", "sign", "-f", "agency", "-n", "probity-ack", "ack"], b""));
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).expect("ssh-keygen wrote it");
    let registered = parse_public_key(read("agency.pub").trim_end()).expect("ssh-ed25519");
    let made = read("ack.sig");
    assert_eq!(verify(made.as_bytes(), Namespace::Acknowledgement, MESSAGE), Ok(registered));

    let private = parse_private_key(&read("agency")).expect("no passphrase");
    assert_eq!(private.verifying_key(), registered);
    assert!(ssh_keygen(dir, &["-q", "-t", "ed25519", "-N", "secret", "-f", "locked"], b""));
    assert_eq!(parse_private_key(&read("locked")).err(), Some(SshsigError::Passphrase));
    assert!(ssh_keygen(dir, &["-q", "-t", "ecdsa", "-N", "", "-f", "ecdsa"], b""));
    assert!(parse_private_key(&read("ecdsa")).is_err());
    assert_eq!(parse_public_key(read("ecdsa.pub").trim_end()), Err(SshsigError::PublicKey));
}
