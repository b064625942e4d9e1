//! One small production that the tests of this module share.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;

use super::bag::BagInfo;
use super::documents::{Custody, Order, OrderVersion, Withheld};
use super::pack::{Contents, Member};
use crate::model::digest::Digest;
use crate::model::id::{DisclosureId, ProductionId, RequestId};
use crate::model::time::Timestamp;
use crate::ops::age::{Identities, Recipients};

pub(super) const SECRET: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";

pub(super) fn identities() -> Identities {
    Identities::parse_key_file(SECRET.as_bytes()).expect("age's own example")
}

pub(super) fn recipients() -> Recipients {
    Recipients::new(identities().recipients().collect()).expect("one")
}

pub(super) fn disclosure_key() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

pub(super) fn production() -> ProductionId {
    ProductionId::new("PRD-2026-7QK4M2XA").expect("an id")
}

/// Two files of one account, and `extra` ones.
pub(super) fn contents(extra: &[(&str, &'static [u8])]) -> Contents<'static> {
    let mut files =
        vec![("A001/access/ip.csv", &b"at,ip\n"[..]), ("A001/mail/mail-0001.mbox", b"From x\n\nhello\n")];
    files.extend_from_slice(extra);
    let member = |(path, data): (&str, &'static [u8])| {
        let length = u64::try_from(data.len()).expect("small");
        let content = Box::new(move |out: &mut dyn std::io::Write| Ok(out.write_all(data)?));
        Member::payload(path, length, Digest::of(data), content).expect("a good path")
    };
    let time = Timestamp::parse("2026-11-23T19:04:15.123Z").expect("a time");
    let request = RequestId::new("REQ-1").expect("an id");
    Contents {
        info: BagInfo {
            organization: "Example Provider".to_owned(),
            production: production(),
            disclosure: DisclosureId::new("DIS-1").expect("an id"),
            request: request.clone(),
            packed_at: time,
        },
        order: Order {
            v: 1,
            production: production(),
            origin: serde_json::from_str("\"log.example.com/probity\"").expect("an origin"),
            request,
            order: OrderVersion { version: 1, sha256: Digest::of(b"order") },
            issuer: "<b>Judge</b>".to_owned(),
            served_at: time,
            scope: String::new(),
            accounts: BTreeMap::from([("A001".to_owned(), "alice@example.com".to_owned())]),
            recipients: recipients().sha256(),
            supersedes: None,
        },
        withheld: Withheld { v: 1, production: production(), records: Vec::new(), parts: Vec::new() },
        custody: Custody { v: 1, production: production(), steps: Vec::new() },
        provenance: Box::new(|out| out.write_all(b"{\"path\":\"A001/access/ip.csv\"}\n")),
        decision_receipt: b"receipt\n".to_vec(),
        decision_opening: b"{}\n".to_vec(),
        log_vkey: "log.example.com/probity+00000000+AA==\n".to_owned(),
        payload: files.into_iter().map(member).collect(),
    }
}
