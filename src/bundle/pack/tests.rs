//! Goal: equal plans give equal bytes; a source that changed in any way between its reads
//! stops the packing; the bag is what its manifests say.

use std::collections::BTreeMap;
use std::io::Read as _;

use super::*;
use crate::bundle::fixture;

fn bytes_of(packed: Packed<'_>) -> Result<Vec<u8>, PackError> {
    packed.write(Vec::new(), |_| {})
}

fn unpack(tar: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(tar);
    let mut files = BTreeMap::new();
    for entry in archive.entries().expect("a tar") {
        let mut entry = entry.expect("a member");
        let path = entry.path().expect("a path").to_str().expect("ASCII").to_owned();
        let mut data = Vec::new();
        entry.read_to_end(&mut data).expect("its data");
        files.insert(path.split_once('/').expect("the prefix").1.to_owned(), data);
    }
    files
}

#[test]
fn equal_plans_give_equal_bytes_and_true_manifests() {
    let pack = || pack(fixture::contents(&[]), &fixture::disclosure_key()).expect("packs");
    let (first, second) = (pack(), pack());
    let (tagmanifest_sha256, oxum) = (first.tagmanifest_sha256(), first.oxum());
    let tar = bytes_of(first).expect("unchanged");
    assert_eq!(tar, bytes_of(second).expect("unchanged"));

    let files = unpack(&tar);
    assert_eq!(Digest::of(&files["tagmanifest-sha256.txt"]), tagmanifest_sha256);
    let manifest = Manifest::parse(&files["manifest-sha256.txt"]).expect("ours");
    let tagmanifest = Manifest::parse(&files["tagmanifest-sha256.txt"]).expect("ours");
    for (path, digest) in manifest.iter().chain(tagmanifest.iter()) {
        assert_eq!(Digest::of(&files[path.as_str()]), digest, "{path}");
    }
    let unlisted = files.len() - manifest.len() - tagmanifest.len();
    assert_eq!(unlisted, 2, "the tag manifest and its signature");
    assert_eq!(bag::parse_oxum(&files["bag-info.txt"]), Some(oxum));
    let signature = &files["tagmanifest-sha256.txt.sig"];
    assert_eq!(
        sshsig::verify(signature, Namespace::Disclosure, &files["tagmanifest-sha256.txt"]),
        Ok(fixture::disclosure_key().verifying_key())
    );
    assert_eq!(Order::parse(&files["probity/order.json"]).expect("ours").recipients.len(), 1);
    for path in ["index.html", "certificate/certificate.txt"] {
        let text = std::str::from_utf8(&files[path]).expect("UTF-8");
        assert!(text.contains("PRD-2026-7QK4M2XA"), "{path}");
        assert!(!text.contains("<script") && !text.contains("<b>Judge"), "{path}");
    }
}

#[test]
fn a_source_that_changed_is_refused() {
    let check = |planned: &[u8], written: &'static [u8]| {
        let content: Content<'_> = Box::new(move |out| Ok(out.write_all(written)?));
        let length = planned.len() as u64;
        let member = Member::payload("A001/x", length, Digest::of(planned), content).expect("a good path");
        let mut contents = fixture::contents(&[]);
        contents.payload.push(member);
        bytes_of(pack(contents, &fixture::disclosure_key()).expect("packs"))
    };
    assert!(check(b"same", b"same").is_ok());
    for written in [&b"Same"[..], b"sam", b"same!", b""] {
        assert!(matches!(check(b"same", written), Err(PackError::Changed { .. })), "{written:?}");
    }
    let mut contents = fixture::contents(&[]);
    let gone: Content<'_> = Box::new(|_| Err("gone".into()));
    contents.payload.push(Member::payload("A001/x", 0, Digest::of(b""), gone).expect("a good path"));
    let result = bytes_of(pack(contents, &fixture::disclosure_key()).expect("packs"));
    assert!(matches!(result, Err(PackError::Content { .. })));
}

#[test]
fn collisions_and_mixed_documents_are_refused() {
    let contents = fixture::contents(&[("A001/mail/X", b""), ("A001/mail/x", b"")]);
    assert!(matches!(pack(contents, &fixture::disclosure_key()), Err(PackError::Collision(_))));
    let mut contents = fixture::contents(&[]);
    contents.order.production = ProductionId::new("PRD-2026-00000000").expect("an id");
    assert!(matches!(pack(contents, &fixture::disclosure_key()), Err(PackError::Production(_))));
}
