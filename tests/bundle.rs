//! Goal: an agency needs nothing of ours to open a bundle, check it and acknowledge it.
//! Method: a disclosure is walked to its release through the socket; what stands in the outbox
//! is given to Debian's age, tar, sha256sum and ssh-keygen and to the bagit of Python, and the
//! acknowledgement that ssh-keygen signed is posted.

mod disk;

use std::fs;
use std::fs::File;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use probity::model::digest::Digest;
use serde_json::{Value, json};

use crate::harness::events::{self, ADA};
use crate::harness::oracle::{tool, venv, verify_py};
use crate::harness::{Connection, Daemon, Ended, Home, run};

/// A released bundle: its production and the files of the outbox.
struct Delivered {
    production: String,
    bundle: PathBuf,
    receipt: PathBuf,
}

fn deliver(home: &Home, connection: &mut Connection) -> Delivered {
    events::walk_to_approved(connection, "REQ-1", ADA, [&home.reviewer, &home.senior]);
    let sealed = events::disclose(connection, "REQ-1");
    assert_eq!(sealed["state"], "sealed", "{sealed}");
    let outbox = home.root.join("outbox");
    assert_eq!(crate::harness::files(&outbox), Vec::<PathBuf>::new(), "nothing is out before its release");
    let body = events::release(connection, "REQ-1", &home.senior);
    let disclosure = sealed["disclosure"].as_str().expect("an id");
    let path = format!("/v1/disclosures/{disclosure}/release");
    let released = connection.post(&path, &body).expect("an answer").expect(200);
    let production = released["production"].as_str().expect("a production").to_owned();
    let outbox = outbox.join(&production);
    Delivered {
        bundle: outbox.join(format!("{production}.tar.age")),
        receipt: outbox.join(format!("{production}.receipt.json")),
        production,
    }
}

fn age(identity: &Path, bundle: &Path, out: &Path) -> Ended {
    run(tool("age").arg("-d").arg("-i").arg(identity).arg("-o").arg(out).arg(bundle))
}

fn ssh_verify(signers: &Path, bag: &Path, signed: &Path) -> Ended {
    run(tool("ssh-keygen")
        .args(["-Y", "verify", "-I", "provider", "-n", "probity-disclosure", "-f"])
        .arg(signers)
        .arg("-s")
        .arg(bag.join("tagmanifest-sha256.txt.sig"))
        .stdin(File::open(signed).expect("opens")))
}

#[test]
fn stock_tools_open_check_and_acknowledge() {
    let home = Home::found();
    let daemon = Daemon::start(&home);
    let mut connection = daemon.connect();
    let delivered = deliver(&home, &mut connection);

    // age and tar.
    let tar = home.beside("bundle.tar");
    age(&home.beside("auditor.age"), &delivered.bundle, &tar).expect(1);
    age(&home.beside("agency.age"), &delivered.bundle, &tar).expect(0);
    let bag = home.beside(&delivered.production);
    run(tool("tar").arg("xf").arg(&tar).current_dir(home.beside("."))).expect(0);
    // sha256sum, bagit, ssh-keygen.
    let manifests = ["-c", "--quiet", "manifest-sha256.txt", "tagmanifest-sha256.txt"];
    run(tool("sha256sum").args(manifests).current_dir(&bag)).expect(0);
    run(venv("python").arg(venv("bagit.py").get_program()).arg("--validate").arg(&bag)).expect(0);
    let signers = home.export("export").join("allowed_signers");
    let tagmanifest = bag.join("tagmanifest-sha256.txt");
    ssh_verify(&signers, &bag, &tagmanifest).expect(0);
    assert_ne!(ssh_verify(&signers, &bag, &bag.join("manifest-sha256.txt")).code, Some(0), "another text");

    // Our own opener says the same, and writes what is to be signed.
    let ack = home.beside("ack.json");
    let opened = home.beside("opened");
    open(&home, &delivered, &signers, &opened, Some(&ack)).expect(0);
    run(tool("diff").arg("-r").arg(&bag).arg(&opened)).expect(0);

    // ssh-keygen signs; the daemon takes it once, and not from another key.
    let key = home.beside("ack_ed25519");
    run(tool("ssh-keygen").args(["-Y", "sign", "-q", "-n", "probity-ack", "-f"]).arg(&key).arg(&ack))
        .expect(0);
    let bytes = fs::read(&ack).expect("read");
    let signature = fs::read(home.beside("ack.json.sig")).expect("read");
    let event = |signature: &[u8]| acknowledged(&delivered.production, &bytes, signature);
    let forged = String::from_utf8(signature.clone()).expect("text").replacen('A', "B", 1);
    let refused = events::post(&mut connection, &event(forged.as_bytes()));
    assert!((400..500).contains(&refused.status), "{}", refused.text());
    events::must(&mut connection, &event(&signature));

    daemon.stop();
    home.verify(&home.root, &[]).expect(0);
    verify_py(&[&home.export("export-2"), Path::new("--log-key"), &home.vkey()]).expect(0);
}

fn open(home: &Home, delivered: &Delivered, signers: &Path, out: &Path, ack: Option<&Path>) -> Ended {
    let text = |path: &Path| path.display().to_string();
    let mut arguments = vec![
        "open".to_owned(),
        text(&delivered.bundle),
        "--identity".to_owned(),
        text(&home.beside("agency.age")),
        "--receipt".to_owned(),
        text(&delivered.receipt),
        "--out".to_owned(),
        text(out),
        "--log-key".to_owned(),
        text(&home.vkey()),
        "--signers".to_owned(),
        text(signers),
    ];
    arguments.extend(ack.into_iter().flat_map(|ack| ["--ack".to_owned(), text(ack)]));
    crate::harness::probity(arguments)
}

pub(crate) fn acknowledged(production: &str, bytes: &[u8], signature: &[u8]) -> Value {
    let data = json!({
        "production": production, "ack": STANDARD.encode(bytes), "sig": STANDARD.encode(signature),
    });
    let mut event = events::event("REQ-1", "delivery.acknowledged", crate::harness::home::AGENCY, &data);
    event["id"] = json!(format!("ack-{}", &Digest::of(signature).to_string()[..16]));
    event
}

#[test]
fn a_damaged_bundle_leaves_nothing_behind() {
    let home = Home::found();
    let daemon = Daemon::start(&home);
    let delivered = deliver(&home, &mut daemon.connect());
    let signers = home.export("export").join("allowed_signers");
    let good = fs::read(&delivered.bundle).expect("read");
    let damaged = Delivered { bundle: home.beside("damaged.tar.age"), ..delivered };
    let (last, middle) = (good.len() - 1, good.len() / 2);
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let cases = [
        ("empty", Vec::new()),
        ("cut in the middle", good[..middle].to_vec()),
        ("cut by a byte", good[..last].to_vec()),
        ("extended", [good.as_slice(), b"x"].concat()),
        ("first byte", flipped(0)),
        ("header", flipped(100)),
        ("middle", flipped(middle)),
        ("last byte", flipped(last)),
    ];
    for (what, bytes) in cases {
        fs::write(&damaged.bundle, bytes).expect("written");
        let out = home.beside("nothing");
        let ended = open(&home, &damaged, &signers, &out, None);
        assert_eq!(ended.code, Some(1), "{what}: {}", ended.stderr);
        let left: Vec<_> = fs::read_dir(home.beside("."))
            .expect("reads")
            .map(|entry| entry.expect("an entry").file_name().display().to_string())
            .filter(|name| name.contains("nothing") || name.contains("partial"))
            .collect();
        assert!(left.is_empty(), "{what}: {left:?}");
    }
}

#[test]
fn a_source_that_is_gone_seals_nothing() {
    let home = Home::found();
    let daemon = Daemon::start(&home);
    let mut connection = daemon.connect();
    events::walk_to_approved(&mut connection, "REQ-1", ADA, [&home.reviewer, &home.senior]);
    fs::remove_file(home.beside("sources/subscribers.csv")).expect("removed");
    let body = json!({"id": "gone", "request": "REQ-1", "actor": "p-operator-1"});
    let answer = connection.post("/v1/disclosures", &body).expect("an answer");
    let failed = match answer.status {
        202 => events::settled(&mut connection, answer.json()["disclosure"].as_str().expect("an id")),
        _ => json!({"state": "failed", "problem": answer.json()}),
    };
    assert_eq!(failed["state"], "failed", "{failed}");
    assert!(
        failed["problem"]["detail"].as_str().is_some_and(|detail| detail.contains("subscribers")),
        "{failed}"
    );
    assert_eq!(crate::harness::files(&home.root.join("outbox")), Vec::<PathBuf>::new());
    daemon.stop();
    home.verify(&home.root, &[]).expect(0);
}
