//! Goal: from review to acknowledgement at the command line, with what a script relies on: exit
//! codes, one JSON object on standard output, and of a refusal the cause and a hint.
//! Method: one request is walked with the built program alone, online and with a packet carried
//! to a machine without the socket; before each step that succeeds stand the ways in which it
//! must not, and at the end the auditor finds the log clean.

use std::fs;

use serde_json::{Value, json};

use crate::harness::events::{self, ADA};
use crate::harness::home::Person;
use crate::harness::{Daemon, Ended, Home, probity};

/// The arguments of a command, from words and paths.
macro_rules! words {
    ($($word:expr),* $(,)?) => { Vec::from([$(($word).to_string()),*]) };
}

/// A home at a desk, and how often it was told no.
struct Desk {
    home: Home,
    refusals: usize,
}

impl Desk {
    fn path(&self, name: &str) -> String {
        self.home.beside(name).display().to_string()
    }

    fn run(&self, words: &[String]) -> Ended {
        self.home.probity(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Must go well; what is on standard output is one JSON object.
    fn well(&self, words: &[String]) -> Value {
        let ended = self.run(&[words, &["--json".to_owned()]].concat()).expect(0);
        serde_json::from_str(&ended.stdout).expect("nothing but JSON")
    }

    /// Must end with this code, say this and, behind `hint:`, that. With `--json` the same stands in
    /// one object.
    fn refused(&mut self, words: &[String], exit: i32, says: &str, hint: &str) {
        let ended = self.run(words).expect(exit);
        let told = ended.stderr.clone();
        let hinted =
            ended.stderr.lines().any(|line| line.starts_with("probity: hint: ") && line.contains(hint));
        assert!(ended.stderr.contains(says) && hinted, "{words:?}: {says}, {hint}\n{}", ended.stderr);
        let ended = self.run(&[words, &["--json".to_owned()]].concat()).expect(exit);
        let problem: Value =
            serde_json::from_str(ended.stderr.lines().last().expect("a line")).expect("JSON");
        assert_eq!(problem["exit"], exit, "{problem}");
        assert!(problem["hint"].as_str().is_some_and(|found| found.contains(hint)), "{problem}");
        // The rule that refuses, if one does, is named to programs and to people.
        let rule = problem["rule"].as_str().map(|rule| format!("({rule})"));
        assert!(rule.is_none_or(|rule| told.contains(&rule)), "{problem}\n{told}");
        self.refusals += 1;
    }

    /// How somebody signs.
    fn signing(&self, person: &Person) -> Vec<String> {
        let key = self.home.key_file(person).display().to_string();
        words!["--key", key, "--person", person.id, "--log-key", self.home.vkey().display()]
    }

    fn approve(&self, what: &str, person: &Person, more: &[&str]) -> Vec<String> {
        let role = words!["approve", what, "--role", person.role];
        let more = more.iter().map(|word| (*word).to_owned()).collect();
        [role, self.signing(person), more].concat()
    }

    /// The first approval is given at the daemon's socket.
    fn approve_online(&mut self) {
        let post = ["--yes", "--post"];
        let by = |request: &str, more: &[&str]| self.approve(request, &self.home.reviewer, more);
        let good = by("REQ-1", &post);
        let mut stranger = good.clone();
        let at = stranger.iter().position(|word| word == "--key").expect("there") + 1;
        stranger[at] = self.home.key_file(&self.home.senior).display().to_string();
        let trust = good.iter().position(|word| word == "--log-key").expect("there");
        let untrusted = [&good[..trust], &good[trust + 2..]].concat();
        let cases = [
            (stranger, 3, "p-senior-1 does not have the role", "approve in a role you have"),
            (by("REQ-1", &["--post"]), 3, "nothing was signed", "--yes"),
            (by("REQ-1", &["--yes", "--post", "--hours", "0"]), 3, "the approval has expired", "sign that"),
            (
                by("REQ-1", &["--yes", "--post", "--hours", "9999"]),
                3,
                "lives longer than the policy",
                "sign that",
            ),
            (by("REQ-2", &post), 3, "nothing about REQ-2 can be approved now", "probity case REQ-2"),
            (untrusted, 2, "no trusted log key", "--log-key FILE"),
        ];
        let unknown = by("REQ-9", &post);
        for (words, exit, says, hint) in cases {
            self.refused(&words, exit, says, hint);
        }
        self.run(&unknown).expect(66);
        // Who signs twice is one person all the same, and has decided once.
        let (first, second) = (self.well(&good), self.well(&good));
        assert_eq!((&first["status"], &second["repeated"]), (&json!(201), &json!(true)));
        assert_eq!(first["index"], second["index"]);
        self.refused(&words!["disclose", "REQ-1", "--person", "p-operator-1"], 3, "", "");
    }

    /// The second on a machine that has no socket, from a packet and back by a file.
    fn approve_offline(&mut self) {
        let (packet, event) = (self.path("REQ-1.packet"), self.path("approval.json"));
        self.run(&words!["case", "REQ-1", "--packet", packet]).expect(0);
        let senior = &self.home.senior;
        let sign = |packet: &str, event: &str| {
            let words = words!["approve", "--packet", packet, "--role", senior.role, "--yes", "--out", event];
            [words, self.signing(senior), words!["--socket", "/nonexistent"]].concat()
        };
        let (good, forged) = (sign(&packet, &event), sign(&self.path("forged"), &event));
        // What is asked for is another entry than the one that is proved.
        let mut other: Value = serde_json::from_slice(&fs::read(&packet).expect("read")).expect("JSON");
        other["act"]["context"]["index"] = json!(0);
        fs::write(self.path("forged"), other.to_string()).expect("written");
        self.refused(&forged, 1, "asks to sign for another entry", "tell an auditor");
        assert!(!self.home.beside("approval.json").exists(), "nothing was signed");
        let ended = self.run(&good).expect(0);
        assert!(ended.stderr.contains("post it with: probity post"), "{}", ended.stderr);
        assert!(ended.stdout.contains("act         disclose"), "{}", ended.stdout);
        self.run(&good).expect(73);
        assert_eq!(self.well(&words!["post", event])["status"], 201);
        // Carried twice it is the same event.
        assert_eq!(self.well(&words!["post", event])["repeated"], true);
    }

    /// Returns the disclosure.
    fn disclose(&mut self) -> String {
        let by = |request: &str, person: &str| words!["disclose", request, "--person", person];
        self.refused(&by("REQ-1", "p-reviewer-1"), 3, "is no collector", "registered in the role collector");
        self.refused(&by("REQ-2", "p-operator-1"), 3, "the request is not reviewed", "the request's view");
        self.run(&by("REQ-9", "p-operator-1")).expect(66);
        let sealed = self.well(&by("REQ-1", "p-operator-1"));
        assert_eq!((&sealed["state"], &sealed["request"]), (&json!("sealed"), &json!("REQ-1")));
        self.refused(&by("REQ-1", "p-operator-1"), 3, "", "record custody.checked");
        sealed["disclosure"].as_str().expect("an id").to_owned()
    }

    /// Returns the production.
    fn release(&mut self, daemon: &Daemon, disclosure: &str) -> String {
        let by = |person: &Person| [words!["release", disclosure], self.signing(person)].concat();
        let (reviewer, senior) = (by(&self.home.reviewer), by(&self.home.senior));
        self.refused(&senior, 3, "was not told", "record notice.sent");
        events::must(&mut daemon.connect(), &events::notice_sent("REQ-1"));
        self.refused(&reviewer, 3, "does not have the role", "approve in a role you have");
        let mut stranger = senior.clone();
        stranger[3] = self.home.key_file(&self.home.reviewer).display().to_string();
        self.refused(&stranger, 3, "does not have the role", "approve in a role you have");
        let unknown = [words!["release", "DIS-7QK4M2XA"], senior[2..].to_vec()].concat();
        self.run(&unknown).expect(66);
        let released = self.well(&senior);
        assert!(released["receipt"].is_string(), "{released}");
        self.refused(&senior, 3, "it is \"released\"", "probity case REQ-1");
        released["production"].as_str().expect("a production").to_owned()
    }

    /// At the agency, which has none of the provider's home but the files of the outbox.
    fn receive(&mut self, production: &str) -> Value {
        let bundle = self.home.root.join("outbox").join(production).join(format!("{production}.tar.age"));
        let (bundle, receipt) =
            (bundle.display().to_string(), bundle.with_extension("").with_extension("receipt.json"));
        let seen = self.well(&words!["inspect", bundle]);
        assert_eq!(seen["file_bytes"], fs::metadata(&bundle).expect("there").len());
        assert_eq!(seen["stanzas"][0], "X25519", "{seen}");
        self.run(&words!["inspect", self.path("roles.toml")]).expect(1);
        self.run(&words!["inspect", self.path("nothing")]).expect(66);

        let (out, ack) = (self.path("opened"), self.path("opened.ack.json"));
        let signers = self.home.export("export").join("allowed_signers");
        let open = |identity: &str| {
            let words =
                words!["open", bundle, "--identity", self.path(identity), "--receipt", receipt.display()];
            [words, words!["--out", out, "--signers", signers.display(), "--ack", ack]].concat()
        };
        let trust = words!["--log-key", self.home.vkey().display()];
        let (right, wrong) =
            ([open("agency.age"), trust.clone()].concat(), [open("auditor.age"), trust].concat());
        self.refused(&wrong, 1, "not sealed to any of these identities", "--identity");
        assert!(!self.home.beside("opened").exists() && !self.home.beside("opened.ack.json").exists());
        let opened = self.well(&right);
        assert_eq!((&opened["production"], &opened["unproven"]), (&json!(production), &json!([])));
        assert_eq!(opened["index"].as_u64().map(|index| index > 0), Some(true), "{opened}");
        self.run(&right).expect(73);

        let sign = |key: String| words!["ack", ack, "--key", key];
        self.run(&sign(self.home.key_file(&self.home.senior).display().to_string())).expect(78);
        assert!(!self.home.beside("opened.ack.json.sig").exists());
        let signed = self.well(&sign(self.path("ack_ed25519")));
        assert_eq!(signed["signature"], format!("{ack}.sig"));
        self.run(&sign(self.path("ack_ed25519"))).expect(73);
        let read = |path: &str| fs::read(path).expect("read");
        crate::bundle::acknowledged(production, &read(&ack), &read(&format!("{ack}.sig")))
    }
}

#[test]
fn a_request_is_walked_with_the_program_alone() {
    let home = Home::found();
    let daemon = Daemon::start(&home);
    for event in events::intake("REQ-1", ADA) {
        events::must(&mut daemon.connect(), &event);
    }
    events::must(&mut daemon.connect(), &events::received("REQ-2"));
    let mut desk = Desk { home, refusals: 0 };
    desk.approve_online();
    desk.approve_offline();
    events::check_custody(&mut daemon.connect(), "REQ-1");
    let disclosure = desk.disclose();
    let production = desk.release(&daemon, &disclosure);
    let acknowledged = desk.receive(&production);
    fs::write(desk.home.beside("ack-event.json"), acknowledged.to_string()).expect("written");
    assert_eq!(desk.well(&words!["post", desk.path("ack-event.json")])["status"], 201);
    assert!(desk.refusals >= 15, "{}", desk.refusals);
    daemon.stop();
    desk.home.verify(&desk.home.root, &[]).expect(0);
    // Without a daemon each of them says so, and where to look.
    for words in [
        words!["disclose", "REQ-1", "--person", "p-operator-1"],
        [words!["release", disclosure], desk.signing(&desk.home.senior)].concat(),
        desk.approve("REQ-1", &desk.home.reviewer, &["--yes", "--post"]),
    ] {
        desk.refused(&words, 69, "no daemon answers on", "probity serve");
    }
    probity(["disclose"]).expect(64);
}
