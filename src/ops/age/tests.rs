//! Goal: what we seal, age opens; nothing that was cut or changed yields an Ok; and no
//! recipient reaches the age crate that would make it panic or leak.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::*;

const SECRET: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";
const PUBLIC: &str = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";

fn identities() -> Identities {
    Identities::parse_key_file(SECRET.as_bytes()).expect("age's own example")
}

fn to(identities: &Identities) -> Recipients {
    Recipients::new(identities.recipients().collect()).expect("not empty")
}

fn read_all(file: &[u8], identities: &Identities) -> Result<(Vec<u8>, Sealed), AgeError> {
    decrypt(file, identities, |reader| {
        let mut plaintext = Vec::new();
        reader.read_to_end(&mut plaintext).map_err(AgeError::from_read)?;
        Ok(plaintext)
    })
}

#[test]
fn a_recipient_has_one_spelling_and_keeps_secrets() {
    let recipient = Recipient::parse(PUBLIC).expect("age's own example");
    assert_eq!(recipient.to_string(), PUBLIC);
    assert_eq!(recipient.sha256(), Digest::of(PUBLIC.as_bytes()));
    assert_eq!(Identity::parse(SECRET).expect("age's own example").recipient(), recipient);

    let upper = PUBLIC.to_uppercase();
    let spaced = format!("{PUBLIC} ");
    let misspelt = PUBLIC.replace("t7r", "t8r");
    for bad in [upper.as_str(), &spaced, &misspelt, SECRET, "", "age1", "age1pq1qqqq", "ssh-ed25519 AAAA"] {
        assert!(matches!(Recipient::parse(bad), Err(AgeError::Recipient)), "{bad}");
    }
    // The points 0, 1 and one of order 8 (RFC 7748, cr.yp.to/ecdh.html): valid bech32.
    for weak in [
        "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z",
        "age1qyqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqj7vrya",
        "age1ur4h5lpmgxu2u9jku0a0r87ydtdqnr0tnsetrlvxvgz3vh6fhqqqzyt4v9",
    ] {
        assert!(matches!(Recipient::parse(weak), Err(AgeError::WeakRecipient)), "{weak}");
    }
}

#[test]
fn recipients_are_a_non_empty_ordered_set() {
    let fresh: Vec<Recipient> = (0..5).map(|_| Identity::generate().recipient()).collect();
    let set = Recipients::new(fresh.clone()).expect("distinct");
    assert!(set.sha256().is_sorted());
    assert!(matches!(Recipients::new(Vec::new()), Err(AgeError::NoRecipients)));
    assert!(matches!(Recipients::parse([PUBLIC, PUBLIC]), Err(AgeError::RepeatedRecipient)));
    let many = (0..=RECIPIENTS_MAX).map(|_| Identity::generate().recipient()).collect();
    assert!(matches!(Recipients::new(many), Err(AgeError::TooManyRecipients(65))));
}

#[test]
fn key_files_are_strict_and_name_the_line() {
    let identity = Identity::generate();
    let file = identity.to_key_file();
    let parsed = Identities::parse_key_file(file.as_bytes()).expect("our own file");
    assert_eq!(parsed.recipients().collect::<Vec<_>>(), [identity.recipient()]);

    let second_line = format!("# ours\n {SECRET}\n");
    assert!(matches!(
        Identities::parse_key_file(second_line.as_bytes()),
        Err(AgeError::Identity { line: 2 })
    ));
    assert!(matches!(Identities::parse_key_file(b"# none\n\n"), Err(AgeError::NoIdentities)));
    assert!(matches!(Identities::parse_key_file(&[0xff]), Err(AgeError::Identity { line: 1 })));
    let long = vec![b'#'; KEY_FILE_BYTES_MAX + 1];
    assert!(matches!(Identities::parse_key_file(&long), Err(AgeError::KeyFileTooLong)));
}

#[test]
fn digests_split_the_file_after_the_mac_line() {
    let identities = identities();
    for bytes in [0, 1, 65_535, 65_536, 65_537, 200_000] {
        let plaintext = vec![0x2d; bytes];
        let mut writer = encrypt_to(&to(&identities), Vec::new()).expect("writes to memory");
        for part in plaintext.chunks(777) {
            writer.write_all(part).expect("writes to memory");
        }
        let (file, sealed) = writer.finish().expect("writes to memory");
        let mac_line = file.windows(5).position(|w| w == b"\n--- ").expect("a MAC line") + 1;
        let header = mac_line + file[mac_line..].iter().position(|b| *b == b'\n').expect("its end") + 1;
        assert_eq!(sealed.file_sha256, Digest::of(&file));
        assert_eq!(sealed.file_bytes, file.len() as u64);
        assert_eq!(sealed.payload_sha256, Digest::of(&file[header..]), "{bytes}");
        assert_eq!(read_all(&file, &identities).expect("intact"), (plaintext, sealed));
    }
}

/// Every byte changed, every length cut (sparsely within chunks), bytes appended.
#[test]
fn nothing_changed_is_accepted() {
    let identities = identities();
    let file = encrypt_bytes(&to(&identities), b"a key-encryption key").expect("writes to memory");
    for at in 0..file.len() {
        let mut changed = file.clone();
        changed[at] ^= 1;
        assert!(read_all(&changed, &identities).is_err(), "byte {at}");
        assert!(read_all(&file[..at], &identities).is_err(), "cut to {at}");
    }
    let mut extended = file.clone();
    extended.push(0);
    assert!(matches!(read_all(&extended, &identities), Err(AgeError::PayloadTampered)));

    let long = encrypt_bytes(&to(&identities), &vec![7; 300_000]).expect("writes to memory");
    let payload = long.len() - (300_000 + 5 * 16);
    for chunk in 0..5 {
        let cut = payload + chunk * (65_536 + 16);
        for at in [cut - 1, cut, cut + 1, cut + 16] {
            assert!(matches!(read_all(&long[..at], &identities), Err(AgeError::PayloadTampered)), "{at}");
        }
    }
}

#[test]
fn strangers_foreign_types_and_long_headers_are_told_apart() {
    let file = encrypt_bytes(&to(&identities()), b"x").expect("writes to memory");
    let stranger = Identities::from(Identity::generate());
    assert!(matches!(read_all(&file, &stranger), Err(AgeError::NoMatchingIdentity)));

    let header = |stanza: &str| format!("age-encryption.org/v1\n{stanza}\n--- AAAA\n").into_bytes();
    let fault = |file: &[u8]| match read_all(file, &stranger) {
        Err(AgeError::Header(fault)) => fault,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("opened"),
    };
    assert!(matches!(fault(&header("-> scrypt AAAA 18\n")), HeaderFault::Foreign("scrypt")));
    assert!(matches!(fault(&header("-> ssh-rsa AAAA\n")), HeaderFault::Foreign("ssh-rsa")));
    assert!(matches!(fault(&header("->  x\n")), HeaderFault::Stanza));
    assert!(matches!(fault(b"-----BEGIN AGE ENCRYPTED FILE-----\n"), HeaderFault::Version));
    assert!(matches!(fault(b""), HeaderFault::Version));
    assert!(matches!(fault(b"age-encryption.org/v1\n-> X25519"), HeaderFault::Truncated));
    assert!(matches!(fault(&header(&"A".repeat(HEADER_BYTES_MAX))), HeaderFault::TooLong));
    assert!(matches!(fault(&header(&"-> x y\n".repeat(STANZAS_MAX + 1))), HeaderFault::TooManyStanzas));
}

#[test]
fn small_plaintexts_are_bounded() {
    let identities = identities();
    let file = encrypt_bytes(&to(&identities), b"12345").expect("writes to memory");
    assert_eq!(**decrypt_bytes(&file, &identities, 5).expect("fits"), *b"12345");
    assert!(matches!(decrypt_bytes(&file, &identities, 4), Err(AgeError::TooLong { bytes_max: 4 })));
}

/// The oracle: Debian's age opens what we seal, and we open what it seals.
#[test]
fn debians_age_agrees() {
    let dir = tempfile::tempdir().expect("a scratch directory");
    let key = dir.path().join("key.txt");
    std::fs::write(&key, SECRET).expect("written");
    let plaintext = vec![0x5a; 150_000];
    let run = |args: &[&std::ffi::OsStr], input: &[u8]| {
        let mut child = Command::new("age")
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Debian's age is installed by make setup");
        let mut stdin = child.stdin.take().expect("piped");
        let input = input.to_vec();
        let feed = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().expect("age ends");
        feed.join().expect("no panic").expect("age reads all");
        assert!(output.status.success());
        output.stdout
    };
    let ours = encrypt_bytes(&to(&identities()), &plaintext).expect("writes to memory");
    assert!(run(&["-d".as_ref(), "-i".as_ref(), key.as_os_str()], &ours) == plaintext);
    let theirs = run(&["-r".as_ref(), PUBLIC.as_ref()], &plaintext);
    assert!(read_all(&theirs, &identities()).expect("intact").0 == plaintext);
}
