//! A demand's steps, each as the review system, the people and the daemon record it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use probity::model::approval::Kind;
use probity::model::time::Timestamp;
use probity::practice::vocabulary::EventType as E;
use serde_json::{Value, json};

use super::cells::Twist;
use super::people::{Agency, COLLECTOR, COUNSEL, INTAKE, PRIVACY, REVIEWER, SENIOR};
use super::press::{END_TICK, TICK_MS, time_of};
use super::seed::digest;
use super::tale::{Step, Writer};

/// Ticks in a day.
pub(super) const DAY: i64 = 4;

/// What a demand is.
#[derive(Clone, Debug)]
pub(super) struct Demand {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) agency: Agency,
    pub(super) instrument: &'static str,
    pub(super) issuer: &'static str,
    pub(super) nature: &'static str,
    /// What is asked for of each account.
    pub(super) classes: &'static [&'static str],
    /// The facts about each account.
    pub(super) accounts: Vec<Value>,
    /// When it came.
    pub(super) received_at: Timestamp,
    /// The version of the document it stands on.
    pub(super) version: u32,
}

/// What a collection finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Everything that was asked for.
    All,
    /// Nothing.
    Nothing,
}

/// A time in the log's form.
pub(super) fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms).expect("a time of these years")
}

/// The facts about a consumer's account.
pub(super) fn consumer(account: &str, hosted_in: Option<&str>) -> Value {
    json!({"service": "mail", "account": account, "segment": "consumer", "seats": null, "customer": null,
        "customer_country": "US", "us_person": true, "hosted_in": hosted_in, "controller": "provider-us",
        "custody": "provider", "owned_from": null, "owned_to": null, "excluded": []})
}

/// How long nobody may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secrecy {
    /// They may.
    None,
    /// So many days from the receipt.
    Days(i64),
    /// The order has no end.
    Endless,
}

impl Demand {
    pub(super) fn document(&self) -> String {
        digest(&format!("{} order {}", self.name, self.version))
    }

    pub(super) fn order(&self) -> Value {
        json!({"version": self.version, "sha256": self.document()})
    }

    fn items(&self) -> Vec<Value> {
        let (from, to) = self.interval();
        let mut items = Vec::new();
        for account in &self.accounts {
            for class in self.classes {
                let is_dated = !matches!(*class, "bsi" | "bsi_nsl" | "existence");
                let (from, to) = if is_dated { (json!(from), json!(to)) } else { (Value::Null, Value::Null) };
                items.push(
                    json!({"account": account["account"], "service": account["service"], "class": class,
                    "from": from, "to": to, "fields": null}),
                );
            }
        }
        items
    }

    /// Three months that end two days before it came.
    fn interval(&self) -> (Timestamp, Timestamp) {
        const DAY_MS: i64 = 86_400_000;
        let to = self.received_at.as_ms() / DAY_MS * DAY_MS - DAY_MS;
        (at(to - 90 * DAY_MS), at(to))
    }

    pub(super) fn scope(&self) -> String {
        let scope = json!({"v": 1, "items": self.items()}).to_string();
        STANDARD.encode(scope)
    }

    fn scope_sha256(&self) -> String {
        digest(&json!({"v": 1, "items": self.items()}).to_string())
    }

    pub(super) fn account_refs(&self) -> Vec<Value> {
        let of = |row: &Value| json!({"service": row["service"], "account": row["account"]});
        self.accounts.iter().map(of).collect()
    }

    fn is_dated(&self) -> bool {
        self.classes.iter().any(|class| !matches!(*class, "bsi" | "bsi_nsl" | "existence"))
    }

    fn has_content(&self) -> bool {
        self.classes.contains(&"content_stored")
    }

    pub(super) fn arrives(&self, tale: &mut Writer) {
        tale.say(
            E::RequestReceived,
            INTAKE,
            json!({"kind": self.kind, "order": self.order(), "media_type": "application/pdf", "channel": "portal",
                "received_at": self.received_at, "agency_claimed": self.agency.id}),
        );
        if !matches!(self.kind, "capability" | "programme") {
            self.is_verified(tale);
        }
    }

    /// Each document by itself: a forged amendment may follow a genuine order.
    fn is_verified(&self, tale: &mut Writer) {
        tale.say(
            E::RequestAuthenticated,
            REVIEWER,
            json!({"agency": self.agency.id, "method": "portal_account",
                "evidence": [digest(&format!("{} portal {}", self.name, self.version))]}),
        );
    }

    pub(super) fn twists(&mut self, tale: &mut Writer, twist: Twist) {
        let came = at(time_of(tale.tick()));
        let document = |order: Value| json!({"order": order, "media_type": "application/pdf", "channel": "email", "received_at": came});
        match twist {
            Twist::None => {}
            Twist::Duplicated => {
                tale.say(
                    E::RequestDuplicated,
                    INTAKE,
                    json!({"document_sha256": self.document(), "channel": "post", "received_at": came}),
                );
            }
            Twist::Amended => {
                self.version += 1;
                tale.say(E::OrderAmended, INTAKE, document(self.order()));
                self.is_verified(tale);
            }
            Twist::Reopened => {
                self.is_rejected(tale.later(1), "unsigned");
                self.version += 1;
                let mut cured = document(self.order());
                cured["received_at"] = json!(at(time_of(tale.tick() + DAY)));
                cured["deficiencies"] = json!([]);
                tale.later(DAY).say(E::RequestCured, INTAKE, cured);
                self.is_verified(tale);
            }
        }
    }

    pub(super) fn is_classified(&self, tale: &mut Writer) {
        // An emergency is asked about at once, and not again the day after.
        let age_ms = if self.kind == "emergency" { 0 } else { 86_400_000 };
        let issued_at = at(self.received_at.as_ms() - age_ms);
        let identifiers: Vec<Value> = self
            .accounts
            .iter()
            .map(|row| {
                json!({"kind": "email", "value": row["account"], "service": row["service"],
                    "account": row["account"]})
            })
            .collect();
        tale.say(
            E::RequestClassified,
            REVIEWER,
            json!({"order": self.order(), "instrument": self.instrument, "issuer": self.issuer,
                "level": self.agency.level, "country": self.agency.country, "nature": self.nature,
                "entity": "provider-us", "issued_at": issued_at, "expires_at": null,
                "signature": {"kind": "sealed", "verified": "issuer_confirmed"},
                "identifiers": identifiers, "scope": self.scope()}),
        );
        let (from, to) = self.interval();
        let date =
            |time: Timestamp| json!({"date": time.to_string().get(..10), "time": null, "offset": "+00:00"});
        let last_day = at(to.as_ms() - 86_400_000);
        let dated = |item: &Value| !item["from"].is_null();
        let rows: Vec<Value> = (0..)
            .zip(self.items())
            .filter(|(_, item)| dated(item))
            .map(|(place, _): (u32, _)| {
                json!({"item": place, "from": date(from), "to": date(last_day), "to_is_inclusive": true})
            })
            .collect();
        if self.is_dated() {
            tale.say(E::IntervalStated, REVIEWER, json!({"order": self.order(), "items": rows}));
        }
        tale.say(E::AccountsProfiled, REVIEWER, json!({"order": self.order(), "accounts": self.accounts}));
    }

    /// Who serves it, where the law says who alone may.
    fn served_by(&self) -> Option<&'static str> {
        (self.instrument == "uk.copo").then_some("secretary_of_state")
    }

    /// A tick later; in an emergency, which lives for a day, at once.
    fn then<'t>(&self, tale: &'t mut Writer) -> &'t mut Writer {
        if self.kind == "emergency" { tale } else { tale.later(1) }
    }

    /// Law and rights, and the law of wherever the content lies.
    pub(super) fn is_screened(&self, tale: &mut Writer) {
        let law = |cite: &str| json!([{"cite": cite, "version": "2021-06-01T00:00:00.000Z"}]);
        self.then(tale).say(
            E::LegalityReviewed,
            REVIEWER,
            json!({"order": self.order(), "country": self.agency.country, "reviewer": REVIEWER,
                "law": law(self.instrument), "procedure": law("rules of procedure"), "followed": true, "served_by": self.served_by(),
                "note_sha256": digest(&format!("{} law", self.name))}),
        );
        tale.say(
            E::RightsScreened,
            REVIEWER,
            json!({"order": self.order(), "tier": "low", "subjects": [],
                "note_sha256": digest(&format!("{} rights", self.name))}),
        );
        if self.accounts.iter().any(|row| row["hosted_in"] == "IE") {
            tale.say(
                E::ComityAssessed,
                REVIEWER,
                json!({"order": self.order(), "country": "IE", "provision": null, "finding": "no_conflict",
                    "note_sha256": digest(&format!("{} comity", self.name))}),
            );
        }
    }

    /// The review of everything, and two approvals.
    pub(super) fn is_reviewed(&self, tale: &mut Writer) {
        self.then(tale).say(
            E::ReviewCompleted,
            REVIEWER,
            json!({"reviewer": REVIEWER, "order": self.order(),
                "legality": {"law": [self.instrument], "procedure": ["rules of procedure"],
                    "note_sha256": digest(&format!("{} review", self.name))},
                "scope": self.scope(), "refused": []}),
        );
        tale.later(1).approve(Kind::Disclose, REVIEWER, "reviewer");
        tale.approve(Kind::Disclose, SENIOR, "senior_reviewer");
    }

    /// The collection, to the sealed bundle or the certificate that nothing was found.
    pub(super) fn is_collected(&self, tale: &mut Writer, found: Found) {
        let disclosure = format!("D-{}", self.name);
        let per_account = if found == Found::Nothing { 0 } else { 3 };
        let classes = self.classes.len() as u64;
        let kept = classes * self.accounts.len() as u64 * per_account;
        let read = kept + 4;
        self.then(tale).say(
            E::CustodyChecked,
            COLLECTOR,
            json!({"customer_held": [], "answer_sha256": digest(&format!("{} custody", self.name))}),
        );
        tale.step(Step::Open).daemon(
            E::DataReceived,
            json!({"disclosure": disclosure, "sources": [{"source": "mail-1", "records": read, "bytes": read * 100,
                "sha256": digest(&format!("{} source", self.name))}]}),
        );
        tale.daemon(
            E::DataPlanned,
            json!({"disclosure": disclosure, "scope_sha256": self.scope_sha256(), "files": classes,
                "bytes": kept * 90, "manifest_sha256": digest(&format!("{} manifest", self.name))}),
        );
        tale.daemon(
            E::DataFiltered,
            json!({"disclosure": disclosure, "records": read, "kept": kept,
                "withheld": [{"rule": "outside_interval", "count": read - kept}]}),
        );
        let mut tally: Vec<_> = self.classes.to_vec();
        tally.sort_by_key(|class| RANKS.iter().position(|rank| rank == class));
        let records = self.accounts.len() as u64 * per_account;
        let tally: Vec<Value> = tally
            .into_iter()
            .filter(|_| records > 0)
            .map(|class| json!({"class": class, "records": records}))
            .collect();
        tale.daemon(E::DataTallied, json!({"disclosure": disclosure, "kept": tally}));
        if found == Found::Nothing {
            tale.say(
                E::NoDataCertified,
                REVIEWER,
                json!({"disclosure": disclosure, "searched": ["mail-1"],
                    "statement_sha256": digest(&format!("{} nothing", self.name))}),
            );
            return;
        }
        if self.has_content() {
            tale.daemon(
                E::KeyUsed,
                json!({"disclosure": disclosure, "source": "mail-1", "key_name_sha256": digest("kms/mail"),
                    "items": records}),
            );
        }
        self.is_sealed(tale, &disclosure, kept);
    }

    fn is_sealed(&self, tale: &mut Writer, disclosure: &str, kept: u64) {
        let production = format!("PRD-{}", self.name);
        let digest = |what: &str| digest(&format!("{} {what}", self.name));
        let hmac_key = STANDARD.encode([7; 32]);
        tale.daemon(
            E::BundleProvenance,
            json!({"disclosure": disclosure, "production": production, "hmac_key": hmac_key,
                "provenance_sha256": digest("provenance"),
                "sources": [{"source": "mail-1", "sha256": digest("source"), "bytes": (kept + 4) * 100,
                    "kept": [[0, kept * 90]]}]}),
        );
        tale.step(Step::Seal {
            data: json!({"production": production, "disclosure": disclosure, "file_sha256": digest("file"),
                "file_bytes": 4096, "payload_sha256": digest("payload"),
                "tagmanifest_sha256": digest("tags"), "recipients": []}),
        });
    }

    /// Whoever is concerned is told or may not be; then the bundle leaves.
    pub(super) fn is_delivered(&self, tale: &mut Writer, secrecy: Secrecy) {
        if secrecy == Secrecy::None {
            self.is_told(tale);
            tale.later(DAY * self.wait_days() + 1);
        } else {
            let secrecy = format!("SEC-{}", self.name);
            tale.say(E::NoticeSuppressed, PRIVACY, json!({"accounts": null, "secrecy": secrecy}));
            tale.later(1);
        }
        self.leaves(tale);
        if let Secrecy::Days(days) = secrecy
            && days < 365
        {
            let end = (self.received_at.as_ms() + days * 86_400_000 - time_of(tale.tick())) / TICK_MS;
            self.is_told(tale.later(end.max(0) + DAY));
        }
    }

    /// An order without end, recorded at that tick, is looked at every eighty days.
    pub(super) fn is_looked_at(&self, tale: &mut Writer, secrecy: Secrecy, recorded: i64) {
        let mut next = recorded + 80 * DAY;
        while secrecy == Secrecy::Endless && next < END_TICK {
            let wait = (next - tale.tick()).max(1);
            tale.later(wait).say(
                E::SecrecyReviewed,
                COUNSEL,
                json!({"secrecy": format!("SEC-{}", self.name), "to_be_challenged": false,
                    "note_sha256": digest(&format!("{} look {next}", self.name))}),
            );
            next = tale.tick() + 80 * DAY;
        }
    }

    const fn wait_days(&self) -> i64 {
        if matches!(self.nature.as_bytes(), b"civil") { 15 } else { 8 }
    }

    pub(super) fn leaves(&self, tale: &mut Writer) {
        tale.approve(Kind::Release, SENIOR, "senior_reviewer");
        tale.later(1).step(Step::Release);
        tale.later(1).step(Step::Acknowledge { agency: self.agency.id });
    }

    pub(super) fn is_told(&self, tale: &mut Writer) {
        let is_consumer = self.accounts.iter().all(|row| row["segment"] == "consumer");
        let recipient = if is_consumer { "owner" } else { "customer_contact" };
        tale.say(
            E::NoticeSent,
            PRIVACY,
            json!({"accounts": null, "recipient": recipient, "contact_sha256": digest(&format!("{} contact", self.name)),
                "notice_sha256": digest(&format!("{} notice", self.name)), "sent_at": at(time_of(tale.tick()))}),
        );
    }

    /// An order not to tell: for so many days, or without end.
    pub(super) fn is_secret(&self, tale: &mut Writer, code: &str, secrecy: Secrecy) {
        let from = self.received_at;
        let days = match secrecy {
            Secrecy::None => return,
            Secrecy::Days(days) => Some(days),
            Secrecy::Endless => None,
        };
        tale.say(
            E::SecrecyRecorded,
            REVIEWER,
            json!({"secrecy": format!("SEC-{}", self.name), "code": code, "level": self.agency.level,
                "issuer": "a court", "docket": format!("22-{}", self.name),
                "document_sha256": digest(&format!("{} secrecy", self.name)),
                "grounds": ["jeopardise_investigation_or_delay_trial"], "judge_approved": true,
                "individual_necessity": true, "accounts": null, "from": from,
                "to": days.map(|days| at(from.as_ms() + days * 86_400_000))}),
        );
    }

    pub(super) fn is_redirected(&self, tale: &mut Writer, answer: E) {
        let customer = &self.accounts.first().expect("a demand has accounts")["customer"];
        tale.later(1);
        tale.say(
            E::RedirectAttempted,
            COUNSEL,
            json!({"customer": customer, "letter_sha256": digest(&format!("{} letter", self.name)),
                "sent_at": at(time_of(tale.tick()))}),
        );
        tale.later(2 * DAY);
        tale.say(
            answer,
            COUNSEL,
            json!({"customer": customer, "answer_sha256": digest(&format!("{} answer", self.name)),
                "received_at": at(time_of(tale.tick()))}),
        );
    }

    pub(super) fn is_rejected(&self, tale: &mut Writer, code: &str) {
        let who = if self.kind == "capability" { SENIOR } else { REVIEWER };
        let detail = (code == "material_mistake").then_some("the account number has a digit too many");
        tale.say(
            E::RequestRejected,
            who,
            json!({"reasons": [{"code": code, "item": null, "detail": detail}]}),
        );
    }

    pub(super) fn is_withdrawn(&self, tale: &mut Writer) {
        tale.say(
            E::RequestWithdrawn,
            INTAKE,
            json!({"document_sha256": digest(&format!("{} withdrawal", self.name)),
                "received_at": at(time_of(tale.tick()))}),
        );
    }
}

/// Classes in the order of tallies.
const RANKS: [&str; 5] = ["existence", "bsi", "bsi_nsl", "records_other", "content_stored"];
