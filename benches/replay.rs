//! How fast the rules judge: the replay of a whole half-year, and cases that grow.
//!
//! docs/BENCHMARKS.md says what each line means. Nothing here asserts a time. One thread.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![expect(clippy::indexing_slicing, reason = "members of JSON objects are added by indexing")]

#[path = "../examples/populate/population/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the population tool offers more than is needed here")]
mod population;

use std::hint::black_box;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use population::{Cell, Populated, Settings, Told, populate};
use probity::model::digest::Digest;
use probity::model::event::Event;
use probity::model::id::{EventId, RequestId};
use probity::practice::Replay;
use probity::tlog::{Hash, LeafIndex};
use serde_json::{Value, json};

const CELLS: &str = include_str!("../examples/populate/h1_2022.csv");
const POLICY: &str = include_str!("../config/policy.toml");
/// Replays of which the fastest is told: the others were disturbed.
const RUNS: usize = 5;
/// Entries of the case that grows.
const GROWN: u32 = 10_000;
/// Accounts of the order that is large.
const ACCOUNTS: usize = 5_000;
/// Entries between two looks at the clock, where a case grows.
const STRETCH: u32 = 1_000;

fn main() -> anyhow::Result<()> {
    let scratch = tempfile::tempdir_in("target")?;
    let settings = Settings { seed: 2022, noise: true, policy: POLICY.to_owned(), keep: true };
    let cells = Cell::parse_all(CELLS)?;
    let Populated { told, .. } = populate(&cells, &settings, &scratch.path().join("home"), &|_, _| {})?;
    let count = u32::try_from(told.len())?;
    // Approvals bring one each, acknowledgements have theirs in their data.
    let is_acknowledgement = |entry: &&Told| entry.2.type_ == "delivery.acknowledged";
    let signatures = told.iter().map(|(_, _, event)| event.envelopes.len()).sum::<usize>()
        + told.iter().filter(is_acknowledgement).count();

    let mut fastest = f64::INFINITY;
    let mut last = Replay::new();
    for _ in 0..RUNS {
        let began = Instant::now();
        let replay = replayed(&told)?;
        fastest = fastest.min(began.elapsed().as_secs_f64());
        last = replay;
    }
    let alone = verifying(u32::try_from(signatures)?);
    println!("replay, {count} entries                        {:>9.0}/s", f64::from(count) / fastest);
    println!(
        "  of that Ed25519, {signatures} signatures         {:>9.0} % of the time",
        alone / fastest * 100.0
    );
    println!("  without Ed25519                           {:>9.0}/s", f64::from(count) / (fastest - alone));

    grows("a case of 10,000 entries", &last, &told, "PEN-000", None)?;
    grows("a case of 5,000 accounts", &last, &told, "BIG-000", Some(ACCOUNTS))?;
    Ok(())
}

/// Judges every entry from the first.
fn replayed(told: &[Told]) -> anyhow::Result<Replay> {
    let mut replay = Replay::with_room(told.len() as u64);
    for (index, (time, leaf, event)) in (0..).zip(told) {
        let findings = replay.feed(LeafIndex::new(index), *time, *leaf, Some(event));
        anyhow::ensure!(findings.is_empty(), "entry {index}: {findings:?}");
    }
    Ok(replay)
}

/// Seconds that so many verifications take by themselves.
fn verifying(count: u32) -> f64 {
    let key = SigningKey::from_bytes(&[7; 32]);
    let message = [7; 1_000];
    let (signature, public) = (key.sign(&message), key.verifying_key());
    let began = Instant::now();
    for _ in 0..count {
        let _ = black_box(public.verify_strict(black_box(&message), &signature));
    }
    began.elapsed().as_secs_f64()
}

/// One request gets entry after entry; what one costs at the beginning and at the end.
fn grows(
    line: &str,
    replay: &Replay,
    told: &[Told],
    request: &str,
    accounts: Option<usize>,
) -> anyhow::Result<()> {
    let last = told.last().ok_or_else(|| anyhow::anyhow!("an empty log"))?;
    let mut feeder = Feeder { replay: replay.clone(), last, next: told.len() as u64, request };
    let order = match accounts {
        Some(count) => feeder.a_large_order(count)?,
        None => classified(told, request)?,
    };
    let screened = json!({"order": order, "tier": "low", "subjects": [], "note_sha256": Digest::of(b"note")});
    let mut seconds = Vec::new();
    for _ in 0..GROWN / STRETCH {
        let events: Vec<Event> = (0..STRETCH)
            .map(|nth| feeder.event(nth, "rights.screened", "p-reviewer", &screened))
            .collect::<anyhow::Result<_>>()?;
        let began = Instant::now();
        for event in &events {
            feeder.feed(event)?;
        }
        seconds.push(began.elapsed().as_secs_f64());
    }
    let each = |seconds: &f64| seconds * 1e6 / f64::from(STRETCH);
    let (first, end) = (seconds.first().map_or(0.0, each), seconds.last().map_or(0.0, each));
    println!("{line}: one more entry    {first:>9.1} µs first, {end:.1} µs at the end");
    Ok(())
}

fn classified(told: &[Told], request: &str) -> anyhow::Result<Value> {
    let is_it = |event: &&Event| {
        event.type_ == "request.classified" && event.request.as_ref().is_some_and(|id| id.as_str() == request)
    };
    let event = told.iter().map(|(_, _, event)| event).find(is_it);
    let event = event.ok_or_else(|| anyhow::anyhow!("{request} is not classified"))?;
    let data: Value = serde_json::from_str(event.data.get())?;
    Ok(data["order"].clone())
}

/// Goes on with a log.
struct Feeder<'t> {
    replay: Replay,
    last: &'t Told,
    next: u64,
    request: &'t str,
}

impl Feeder<'_> {
    fn event(&self, nth: u32, type_: &str, actor: &str, data: &Value) -> anyhow::Result<Event> {
        Ok(Event {
            rules: 2,
            id: EventId::new(&format!("grown-{}-{}", self.next, nth))?,
            type_: type_.to_owned(),
            request: Some(RequestId::new(self.request)?),
            actor: actor.to_owned(),
            policy: self.last.2.policy,
            data: serde_json::value::to_raw_value(data)?,
            envelopes: Vec::new(),
        })
    }

    fn feed(&mut self, event: &Event) -> anyhow::Result<()> {
        let index = LeafIndex::new(self.next);
        let leaf = Hash::from_bytes(*Digest::of(&self.next.to_be_bytes()).as_bytes());
        let findings = self.replay.feed(index, self.last.0, leaf, Some(event));
        anyhow::ensure!(findings.is_empty(), "entry {index}: {findings:?}");
        self.next += 1;
        Ok(())
    }

    /// Receives, classifies and profiles a demand for that many accounts.
    fn a_large_order(&mut self, count: usize) -> anyhow::Result<Value> {
        let order = json!({"version": 1, "sha256": Digest::of(b"a large order")});
        let names: Vec<String> = (0..count).map(|nth| format!("big-{nth}@mail.example")).collect();
        let item = |name: &String| json!({"account": name, "service": "mail", "class": "bsi", "from": null, "to": null, "fields": null});
        let scope = json!({"v": 1, "items": names.iter().map(item).collect::<Vec<_>>()}).to_string();
        let identifier =
            |name: &String| json!({"kind": "email", "value": name, "service": "mail", "account": name});
        let profile = |name: &String| {
            json!({"service": "mail", "account": name, "segment": "consumer", "seats": null, "customer": null,
                "customer_country": "US", "us_person": true, "hosted_in": "US", "controller": "provider-us",
                "custody": "provider", "owned_from": null, "owned_to": null, "excluded": []})
        };
        let at = self.last.0.saturating_add_ms(-3_600_000);
        let steps = [
            (
                "request.received",
                "p-intake",
                json!({"kind": "legal_demand", "order": order, "media_type": "application/pdf",
                    "channel": "portal", "received_at": at, "agency_claimed": "us-federal"}),
            ),
            (
                "request.authenticated",
                "p-reviewer",
                json!({"agency": "us-federal", "method": "portal_account", "evidence": [Digest::of(b"portal")]}),
            ),
            (
                "request.classified",
                "p-reviewer",
                json!({"order": order, "instrument": "us.subpoena", "issuer": "grand_jury", "level": "federal",
                    "country": "US", "nature": "criminal", "entity": "provider-us", "issued_at": at,
                    "expires_at": null, "signature": {"kind": "sealed", "verified": "issuer_confirmed"},
                    "identifiers": names.iter().map(identifier).collect::<Vec<_>>(),
                    "scope": STANDARD.encode(scope)}),
            ),
            (
                "accounts.profiled",
                "p-reviewer",
                json!({"order": order, "accounts": names.iter().map(profile).collect::<Vec<_>>()}),
            ),
        ];
        for (type_, actor, data) in steps {
            let event = self.event(0, type_, actor, &data)?;
            self.feed(&event)?;
        }
        Ok(order)
    }
}
