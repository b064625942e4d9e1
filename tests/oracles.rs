//! Goal: programs that share no code with us agree with us.
//! Method: a log walked through the daemon's socket is exported and given to the verifier in
//! Python that was written from docs/FORMATS.md, and to the tools that agencies and reviewers
//! have. A tool that is missing is a failure: `make setup` installs all of them.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use probity::model::dsse;
use serde_json::Value;

use crate::harness::events::{self, A_DAY, ADA};
use crate::harness::oracle::{tool, verify_py};
use crate::harness::{Daemon, Ended, Home, repository, run};

/// Writes receipt and opening of an answer to a POST.
fn keep(home: &Home, answer: &Value) -> (PathBuf, PathBuf) {
    let index = &answer["index"];
    let (receipt, opening) =
        (home.beside(&format!("{index}.tlog-proof")), home.beside(&format!("{index}.json")));
    fs::write(&receipt, answer["receipt"].as_str().expect("a receipt")).expect("written");
    fs::write(&opening, answer["opening"].to_string()).expect("written");
    (receipt, opening)
}

fn check_receipt(vkey: &Path, receipt: &Path, opening: &Path) -> Ended {
    verify_py(&[
        Path::new("--receipt"),
        receipt,
        Path::new("--opening"),
        opening,
        Path::new("--log-key"),
        vkey,
    ])
}

#[test]
fn the_vectors_are_read_the_same_way() {
    let vectors = repository().join("tests/vectors");
    verify_py(&[Path::new("--vectors"), &vectors]).expect(0);
}

#[test]
fn a_walked_log_is_clean_to_both_verifiers() {
    let home = Home::found();
    let daemon = Daemon::start(&home);
    let mut connection = daemon.connect();
    let people = [&home.reviewer, &home.senior];
    let answers = events::walk_to_approved(&mut connection, "REQ-1", ADA, people);

    for answer in &answers {
        let (receipt, opening) = keep(&home, answer);
        check_receipt(&home.vkey(), &receipt, &opening).expect(0);
        home.probity(&[
            "verify",
            &receipt.display().to_string(),
            "--opening",
            &opening.display().to_string(),
            "--log-key",
            &home.vkey().display().to_string(),
        ])
        .expect(0);
    }
    // The opening of one entry says nothing about another, and both verifiers notice.
    let (receipt, _) = keep(&home, &answers[0]);
    let (_, opening) = keep(&home, &answers[1]);
    check_receipt(&home.vkey(), &receipt, &opening).expect(1);

    // While it runs and after it stopped: the same verdict.
    home.verify(&home.root, &[]).expect(0);
    daemon.stop();
    home.verify(&home.root, &[]).expect(0);
    let export = home.export("export");
    let clean = home.verify(&export, &["--against", &receipt.display().to_string()]).expect(0);
    // Four founding entries, ours, and the looks at what may be approved.
    let entries = format!("{} entries", 4 + answers.len() + 2);
    assert!(clean.stdout.contains(&entries), "{}", clean.stdout);
    verify_py(&[&export, Path::new("--log-key"), &home.vkey()]).expect(0);
    // Without trust the most it can be is consistent with itself.
    verify_py(&[&export]).expect(2);
    home.probity(&["verify", &export.display().to_string()]).expect(2);
    // A stranger's key is not the log's.
    let stranger = repository().join("tests/vectors/log.vkey");
    verify_py(&[&export, Path::new("--log-key"), &stranger]).expect(1);
    home.probity(&["verify", &export.display().to_string(), "--log-key", &stranger.display().to_string()])
        .expect(1);
}

/// `openssl` over the bytes that DSSE says are signed.
fn openssl(public: &Path, signature: &Path, message: &Path) -> Ended {
    run(tool("openssl")
        .args(["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey"])
        .arg(public)
        .arg("-sigfile")
        .arg(signature)
        .arg("-in")
        .arg(message))
}

#[test]
fn openssl_accepts_a_recorded_approval() {
    let home = Home::found();
    let daemon = Daemon::start(&home);
    let mut connection = daemon.connect();
    for event in events::intake("REQ-1", ADA) {
        events::must(&mut connection, &event);
    }
    let act = events::act(&mut connection, "REQ-1", "disclose");
    let recorded = events::must(&mut connection, &events::signed(act, &home.reviewer, A_DAY));
    // The envelope as the log has it, not as we sent it.
    let entry = connection.get(&format!("/v1/entries/{}", recorded["index"])).expect("an answer").expect(200);
    let envelope = STANDARD.decode(entry["event"]["envelopes"][0].as_str().expect("base64")).expect("base64");
    let envelope: Value = serde_json::from_slice(&envelope).expect("JSON");
    let decode = |value: &Value| STANDARD.decode(value.as_str().expect("text")).expect("base64");
    let payload = decode(&envelope["payload"]);
    let mut message = dsse::pae(envelope["payloadType"].as_str().expect("text"), &payload);

    let (message_file, signature) = (home.beside("message"), home.beside("signature"));
    fs::write(&signature, decode(&envelope["signatures"][0]["sig"])).expect("written");
    fs::write(&message_file, &message).expect("written");
    let public = home.beside("p-reviewer-1.pem.pub.pem");
    openssl(&public, &signature, &message_file).expect(0);
    openssl(&home.beside("p-senior-1.pem.pub.pem"), &signature, &message_file).expect(1);
    let last = message.len() - 2;
    message[last] ^= 1;
    fs::write(&message_file, &message).expect("written");
    openssl(&public, &signature, &message_file).expect(1);
}

#[test]
fn openssl_and_ssh_keygen_make_keys_we_load() {
    let home = Home::prepare();
    let key = home.beside("openssl.pem");
    run(tool("openssl").args(["genpkey", "-algorithm", "ed25519", "-out"]).arg(&key)).expect(0);
    run(tool("chmod").arg("600").arg(&key)).expect(0);
    probity::ops::keys::load_private(&key, probity::ops::keys::ExampleKeys::Refused).expect("loads");
    // And openssl reads ours.
    run(tool("openssl").args(["pkey", "-noout", "-in"]).arg(home.key_file(&home.senior))).expect(0);
    let listed = run(tool("ssh-keygen").args(["-l", "-f"]).arg(home.beside("ack_ed25519"))).expect(0);
    assert!(listed.stdout.contains("ED25519"), "{}", listed.stdout);
}
