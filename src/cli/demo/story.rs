//! The story: two demands, from the first letter to the auditor's verdict.

#![expect(clippy::indexing_slicing, reason = "serde_json answers null for a member that is not there")]

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::cast::{Cast, ORIGIN, Reviewer};
use super::demand::{self, Demand, SUBPOENA, Step, WARRANT, event, order, review, scope};
use crate::bundle::ack;
use crate::bundle::open::{self, Opened, Trust};
use crate::bundle::sshsig;
use crate::cli::approve::{self, Signing};
use crate::cli::client::{Client, ClientError};
use crate::cli::disclose;
use crate::cli::exit::{Exit, Failure};
use crate::cli::open::load_identities;
use crate::cli::terminal::Terminal;
use crate::cli::{export, trust, verify};
use crate::ledger::ExportSet;
use crate::model::approval::Kind;
use crate::model::digest::Digest;
use crate::model::time::DAY_MS;
use crate::ops::{files, machine};
use crate::practice::RuleSet;

pub(super) struct Story<'a> {
    dir: &'a Path,
    cast: &'a Cast,
    client: Client,
    terminal: Terminal,
}

impl<'a> Story<'a> {
    pub(super) fn new(dir: &'a Path, cast: &'a Cast, client: Client, terminal: Terminal) -> Self {
        Self { dir, cast, client, terminal }
    }

    fn say(&self, text: impl std::fmt::Display) -> Result<(), Failure> {
        self.terminal.line(text)
    }

    fn chapter(&self, title: &str) -> Result<(), Failure> {
        self.say(format_args!("\n── {title} {}", "─".repeat(76_usize.saturating_sub(title.chars().count()))))
    }

    /// While the daemon runs: both demands, up to the agency's acknowledgement.
    pub(super) fn tell(&self) -> Result<(), Failure> {
        self.say("A provider of online services receives demands for its customers' data.")?;
        self.say("Probity sits beside its review system: it refuses what the practice forbids,")?;
        self.say("records every decision in a signed log, and lets out only what two people approved.")?;
        self.say(format_args!(
            "\nThe log {ORIGIN} is founded in {}; its daemon listens on a local socket.",
            self.dir.display()
        ))?;

        if self.cast.rules == RuleSet::Two {
            self.say("\nThe draft policy waits seven days between notice and release; the copy that this")?;
            self.say("demonstration is founded under waits none, because nobody would watch for a week.")?;
        }

        self.chapter("1. A warrant")?;
        self.intake(&WARRANT)?;
        self.screen(&WARRANT)?;
        self.review(&WARRANT)?;
        let (disclosure, production) = self.approve_and_seal(&WARRANT)?;
        self.tell_the_customer(&WARRANT)?;
        self.release(&disclosure)?;
        self.agency(&WARRANT, &production)?;

        self.chapter("2. A subpoena that wants too much")?;
        self.intake(&SUBPOENA)?;
        self.screen(&SUBPOENA)?;
        self.refusal(&SUBPOENA)?;
        self.review(&SUBPOENA)?;
        let (disclosure, production) = self.approve_and_seal(&SUBPOENA)?;
        self.tell_the_customer(&SUBPOENA)?;
        self.release(&disclosure)?;
        self.agency(&SUBPOENA, &production)
    }

    /// The letter, who sent it, and what it asks for.
    fn intake(&self, demand: &Demand) -> Result<(), Failure> {
        let letter = self.dir.join("orders").join(format!("{}.txt", demand.request));
        files::write_new(&letter, demand.letter.as_bytes(), files::PUBLIC_MODE)
            .map_err(Failure::with(Exit::CannotCreate))?;
        let now = machine::now().map_err(Failure::with(Exit::Config))?;
        let order = order(demand);
        self.say(format_args!("The city police serve {}.", demand.title))?;
        self.post(
            demand,
            "request.received",
            "p-intake-1",
            &json!({
                "kind": "legal_demand", "order": order, "media_type": "text/plain", "channel": "portal",
                "received_at": now.saturating_add_ms(-DAY_MS), "agency_claimed": "metro-police",
            }),
            "the letter is kept by its digest; nobody can exchange it later",
        )?;
        self.post(demand, "request.authenticated", "p-reviewer-1", &json!({
            "agency": "metro-police", "method": "call_back", "evidence": [Digest::of(b"notes of a telephone call (invented)")],
        }), "called back on a number of the directory, not of the letter")?;
        self.post(demand, "request.classified", "p-reviewer-1", &json!({
            "order": order, "instrument": demand.instrument, "issuer": demand.issuer, "level": "local", "country": "US",
            "nature": "criminal", "entity": "provider-us", "issued_at": now.saturating_add_ms(-3 * DAY_MS), "expires_at": null,
            "signature": {"kind": "handwritten", "verified": "issuer_confirmed"},
            "identifiers": [{"kind": "email", "value": demand.account, "service": "mail", "account": demand.account}],
            "scope": STANDARD.encode(scope(demand, &[])?),
        }), "which instrument, which account, which data, which interval")
    }

    /// What rule set 2 wants to know before the review.
    fn screen(&self, demand: &Demand) -> Result<(), Failure> {
        if self.cast.rules < RuleSet::Two {
            return Ok(());
        }
        let now = machine::now().map_err(Failure::with(Exit::Config))?;
        demand::screening(demand, now).into_iter().try_for_each(|step| self.step(demand, step))
    }

    /// Before the release, under rule set 2.
    fn tell_the_customer(&self, demand: &Demand) -> Result<(), Failure> {
        if self.cast.rules < RuleSet::Two {
            return Ok(());
        }
        let now = machine::now().map_err(Failure::with(Exit::Config))?;
        self.step(demand, demand::notice(demand, now))
    }

    fn step(&self, demand: &Demand, (type_, actor, data, note): Step) -> Result<(), Failure> {
        self.post(demand, type_, actor, &data, note)
    }

    /// What happens when a reviewer lets everything pass.
    fn refusal(&self, demand: &Demand) -> Result<(), Failure> {
        self.say("The reviewer first lets everything pass, the mail too:")?;
        let hasty = event(
            demand,
            "review.completed",
            "p-reviewer-1",
            &review(demand, &scope(demand, &[])?, &[]),
            "-hasty",
        );
        match self.client.post("/v1/events", &hasty) {
            Err(ClientError::Problem { status, detail, cure, rule }) => {
                self.say(format_args!(
                    "   ✗ refused ({status}) under {}: {detail}",
                    rule.as_deref().unwrap_or("?")
                ))?;
                self.say(format_args!("     cure: {}", cure.as_deref().unwrap_or("none")))?;
                self.say("   Nothing was recorded; there is no override. The mail stays, the rest may go on.")
            }
            Err(error) => Err(error.into()),
            Ok(_) => Err(Failure::new(
                Exit::Findings,
                anyhow::anyhow!("the daemon admitted content under a subpoena"),
            )),
        }
    }

    fn review(&self, demand: &Demand) -> Result<(), Failure> {
        let out: Vec<usize> = demand.refused.iter().map(|(item, ..)| *item).collect();
        let note = match demand.refused {
            [] => "a person read it against the law; everything asked for is within it",
            _ => "item 1, the mail, is refused by its rule; basic subscriber data may go on",
        };
        let data = review(demand, &scope(demand, &out)?, demand.refused);
        self.post(demand, "review.completed", "p-reviewer-1", &data, note)
    }

    /// Two people sign, the operator collects, the daemon seals.
    fn approve_and_seal(&self, demand: &Demand) -> Result<(String, String), Failure> {
        self.approve(
            demand,
            &self.cast.reviewer,
            "the reviewer signs order, scope, recipients and policy, with their own key",
        )?;
        self.approve(
            demand,
            &self.cast.senior,
            "the senior reviewer signs the same; one person with two keys would be one person",
        )?;
        if self.cast.rules >= RuleSet::Two {
            self.step(demand, demand::custody("p-operator-1"))?;
        }
        let body = json!({"id": format!("{}-disclose", demand.request), "request": demand.request, "actor": self.cast.collector});
        let opened = self.client.post("/v1/disclosures", &body)?;
        let disclosure = opened.get("disclosure").and_then(Value::as_str).unwrap_or_default().to_owned();
        let status = disclose::wait(&self.client, &disclosure, self.terminal)?;
        if let Some(problem) = status.get("problem").filter(|problem| !problem.is_null()) {
            return Err(ClientError::from_problem(422, problem).into());
        }
        let production = status.get("production").and_then(Value::as_str).unwrap_or_default().to_owned();
        self.say("   Only now are the sources read: twice, and only the approved part is taken.")?;
        self.withheld(&status)?;
        self.say(format_args!(
            "   ✓ sealed as {production}.tar.age, and the log says so before anything leaves"
        ))?;
        Ok((disclosure, production))
    }

    fn approve(&self, demand: &Demand, who: &Reviewer, note: &str) -> Result<(), Failure> {
        let packet = approve::fetch(&self.cast.socket, demand.request, Kind::Disclose)?;
        packet.prove(&trust::read(&self.cast.log_vkey)?)?;
        let event = Signing { key: &who.key, person: &who.id, role: who.role, hours: 24 }.sign(packet.act)?;
        let answer = self.client.post("/v1/events", &event)?;
        self.recorded(&answer, "approval.given", note)
    }

    /// What the daemon counted as withheld, by rule; never the values.
    fn withheld(&self, status: &Value) -> Result<(), Failure> {
        let index = status["sealed"]["index"].as_u64().unwrap_or_default();
        for at in (0..index).rev() {
            let entry = self.client.json(&format!("/v1/entries/{at}"))?;
            if entry["event"]["type"] == "data.filtered" {
                let data = &entry["event"]["data"];
                self.say(format_args!("     {} records kept", data["kept"]))?;
                for withheld in data["withheld"].as_array().into_iter().flatten() {
                    let rule = withheld["rule"].as_str().unwrap_or_default();
                    self.say(format_args!("     {:>3} withheld: {}", withheld["count"], meaning(rule)))?;
                }
                return Ok(());
            }
        }
        Ok(())
    }

    fn release(&self, disclosure: &str) -> Result<(), Failure> {
        let status = self.client.json(&format!("/v1/disclosures/{disclosure}"))?;
        let request = status.get("request").and_then(Value::as_str).unwrap_or_default().to_owned();
        let packet = approve::fetch(&self.cast.socket, &request, Kind::Release)?;
        packet.prove(&trust::read(&self.cast.log_vkey)?)?;
        let senior = &self.cast.senior;
        let event = Signing { key: &senior.key, person: &senior.id, role: senior.role, hours: 24 }
            .sign(packet.act)?;
        let body = json!({"id": event["id"], "actor": senior.id, "envelope": event["envelopes"][0]});
        self.client.post(&format!("/v1/disclosures/{disclosure}/release"), &body)?;
        self.say("   ✓ released with the senior reviewer's signature; it is in outbox/ now")
    }

    /// The agency opens its bundle, and signs that it did.
    fn agency(&self, demand: &Demand, production: &str) -> Result<(), Failure> {
        self.say(
            "The agency opens it with its own key; stock age, tar, bagit.py and ssh-keygen do as well:",
        )?;
        let outbox = self.dir.join("outbox").join(production);
        let bundle = fs::File::open(outbox.join(format!("{production}.tar.age")))
            .map_err(Failure::with(Exit::NoInput))?;
        let receipt = files::read(&outbox.join(format!("{production}.receipt.json")), 32 * 1024 * 1024)
            .map_err(Failure::with(Exit::NoInput))?;
        files::make_dir(&self.dir.join("opened"), files::PRIVATE_DIR_MODE)
            .map_err(Failure::with(Exit::CannotCreate))?;
        let out = self.dir.join("opened").join(production);
        let trust = Trust { log: trust::read(&self.cast.log_vkey)?, disclosure: Vec::new() };
        let identities = load_identities(&self.cast.agency_identity)?;
        let opened = open::open(bundle, &identities, Some(&receipt), &trust, &out)
            .map_err(Failure::with(Exit::Findings))?;
        for path in payload_files(&out)? {
            self.say(format_args!("     {path}"))?;
        }
        if !opened.unproven.is_empty() {
            return Err(Failure::new(Exit::Unchecked, anyhow::anyhow!("{:?}", opened.unproven)));
        }
        self.say(format_args!(
            "   ✓ {} files, every digest right, signed, and entry {} of the log names this very file",
            opened.files,
            opened.index.map_or(0, crate::tlog::LeafIndex::get)
        ))?;
        self.acknowledge(demand, &opened)
    }

    fn acknowledge(&self, demand: &Demand, opened: &Opened) -> Result<(), Failure> {
        let at = machine::now().map_err(Failure::with(Exit::Config))?;
        let bytes = ack::opened(opened, at);
        let pem =
            files::read_text(&self.cast.agency_ack_key, 64 * 1024).map_err(Failure::with(Exit::NoInput))?;
        let key = sshsig::parse_private_key(&pem).map_err(Failure::with(Exit::Config))?;
        let signature = ack::sign(&bytes, &key);
        self.post(demand, "delivery.acknowledged", "metro-police", &json!({
            "production": opened.production, "ack": STANDARD.encode(&bytes), "sig": STANDARD.encode(signature),
        }), "the agency signs that it has this file and no other")
    }

    /// After the daemon stopped: the auditor, and the attacker.
    pub(super) fn conclude(&self) -> Result<(), Failure> {
        self.chapter("3. The auditor")?;
        let export_dir = self.dir.join("export");
        let (size, files) = export::export(self.dir, &export_dir, ExportSet::Auditor)?;
        self.say(format_args!(
            "The log is exported as {files} static files with {size} entries. The auditor has the log's"
        ))?;
        self.say("verifier key from elsewhere, and an age key that opens the payloads.")?;
        self.check(
            &export_dir,
            None,
            Exit::Clean,
            "with public keys alone: every entry, link, tree node and signature",
        )?;
        self.check(
            &export_dir,
            Some(&self.cast.auditor_identity),
            Exit::Clean,
            "with the auditor's key: every rule of the practice, replayed",
        )?;

        self.chapter("4. Somebody changes one byte")?;
        let copy = self.dir.join("tampered");
        copy_dir(&export_dir, &copy)?;
        let (victim, byte) = flip_entry_byte(&copy)?;
        self.say(format_args!(
            "In a copy of the export, one bit of byte {byte} of {} is flipped:",
            victim.display()
        ))?;
        self.check(&copy, None, Exit::Findings, "the same check, over the copy")?;
        self.say("")?;
        self.say(format_args!(
            "Everything is in {}: look at opened/, outbox/, export/ and orders/.",
            self.dir.display()
        ))?;
        self.say("Check it yourself:")?;
        let dir = self.dir.display();
        self.say(format_args!(
            "   probity verify {dir}/export --log-key {dir}/log.vkey --identity {dir}/auditor/key.txt"
        ))?;
        self.say(format_args!("   age -d -i {dir}/agency/key.txt {dir}/outbox/PRD-…/PRD-….tar.age | tar t"))
    }

    fn check(
        &self,
        target: &Path,
        identity: Option<&Path>,
        expected: Exit,
        what: &str,
    ) -> Result<(), Failure> {
        let verified = verify::verify_export(
            &verify::Checks::of(target, &self.cast.log_vkey, identity)?,
            self.terminal,
        )?;
        let exit = verify::exit(&verified.report);
        for finding in verified.report.findings() {
            self.say(format_args!("   ✗ {finding}"))?;
        }
        let mark = if exit == Exit::Clean { "✓ clean" } else { "✗ exit 1" };
        self.say(format_args!("   {mark}  {what}"))?;
        if exit == expected {
            return Ok(());
        }
        Err(Failure::new(
            Exit::Findings,
            anyhow::anyhow!("{} ended with {exit:?}, expected {expected:?}", target.display()),
        ))
    }

    fn post(
        &self,
        demand: &Demand,
        type_: &str,
        actor: &str,
        data: &Value,
        note: &str,
    ) -> Result<(), Failure> {
        let answer = self.client.post("/v1/events", &event(demand, type_, actor, data, ""))?;
        self.recorded(&answer, type_, note)
    }

    fn recorded(&self, answer: &Value, type_: &str, note: &str) -> Result<(), Failure> {
        self.say(format_args!("   entry {:>2}  {type_:<22} {note}", answer["index"]))
    }
}

/// What a rule of minimisation withholds, for the story's reader.
fn meaning(rule: &str) -> String {
    let words = match rule {
        "S-09.account" => "another account's",
        "S-09.interval" => "outside the interval",
        "S-09.undated" => "no usable date",
        "S-09.class" | "S-09.field" => "of a class or field that was not approved",
        "S-02.key_material" => "holds key material, and nobody's keys leave",
        _ => return format!("under {rule}"),
    };
    format!("{words} ({rule})")
}

/// The files below `data/`, in order.
fn payload_files(bag: &Path) -> Result<Vec<String>, Failure> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            if path.is_dir() { walk(&path, found)? } else { found.push(path) }
        }
        Ok(())
    }
    let mut found = Vec::new();
    walk(&bag.join("data"), &mut found).map_err(Failure::with(Exit::NoInput))?;
    found.sort();
    Ok(found.iter().map(|path| path.strip_prefix(bag).unwrap_or(path).display().to_string()).collect())
}

fn copy_dir(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir(to).map_err(Failure::with(Exit::CannotCreate))?;
    for entry in fs::read_dir(from).map_err(Failure::with(Exit::NoInput))? {
        let path = entry.map_err(Failure::with(Exit::NoInput))?.path();
        let Some(name) = path.file_name() else { continue };
        if path.is_dir() {
            copy_dir(&path, &to.join(name))?;
        } else {
            fs::copy(&path, to.join(name)).map_err(Failure::with(Exit::CannotCreate))?;
        }
    }
    Ok(())
}

/// Flips one bit of a digest inside the first file of entries.
fn flip_entry_byte(export: &Path) -> Result<(PathBuf, usize), Failure> {
    let dir = export.join("tile/entries/000.p");
    let file = fs::read_dir(&dir).map_err(Failure::with(Exit::NoInput))?.find_map(Result::ok);
    let path = file
        .ok_or_else(|| Failure::new(Exit::NoInput, anyhow::anyhow!("no entries in {}", dir.display())))?
        .path();
    let mut bytes = fs::read(&path).map_err(Failure::with(Exit::NoInput))?;
    // Some way in, and a digit of a digest: the entry still looks like one.
    let middle = bytes.len() / 3;
    let at = bytes
        .iter()
        .enumerate()
        .skip(middle)
        .find(|(_, b)| matches!(b, b'2' | b'4' | b'6'))
        .map_or(middle, |(at, _)| at);
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1;
    }
    fs::write(&path, bytes).map_err(Failure::with(Exit::CannotCreate))?;
    Ok((path.strip_prefix(export).map(Path::to_owned).unwrap_or(path), at))
}
