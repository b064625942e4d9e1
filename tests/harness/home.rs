//! A home made by `probity init`, with people whose keys only this test has.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use probity::ops::age::Identity;
use probity::ops::{files, keys, machine};
use probity::practice::{Policy, RuleSet};
use tempfile::TempDir;

use super::{Ended, probity, repository};

pub(crate) const ORIGIN: &str = "log.example/tests";
pub(crate) const AGENCY: &str = "metro-police";

/// Somebody with a key.
pub(crate) struct Person {
    pub(crate) id: &'static str,
    pub(crate) role: &'static str,
    pub(crate) key: SigningKey,
}

/// A home and everything around it; all of it vanishes with this.
pub(crate) struct Home {
    scratch: TempDir,
    pub(crate) root: PathBuf,
    pub(crate) reviewer: Person,
    pub(crate) senior: Person,
}

impl Home {
    /// Makes the keys and texts, and runs `init`.
    pub(crate) fn found() -> Self {
        let home = Self::prepare();
        home.init(&[]).expect(0);
        home
    }

    /// Everything that `init` is given, and no home yet.
    pub(crate) fn prepare() -> Self {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let person = |id, role| Person { id, role, key: new_key() };
        let home = Self {
            root: scratch.path().join("home"),
            reviewer: person("p-reviewer-1", "reviewer"),
            senior: person("p-senior-1", "senior_reviewer"),
            scratch,
        };
        for person in [&home.reviewer, &home.senior] {
            keys::write_pair(&home.key_file(person), &person.key).expect("a key file");
        }
        keys::write_openssh_pair(&home.beside("ack_ed25519"), &new_key()).expect("a key file");
        for name in ["agency.age", "auditor.age"] {
            let text = Identity::generate().to_key_file();
            files::write_new(&home.beside(name), text.as_bytes(), files::PRIVATE_MODE).expect("a key file");
        }
        fs::write(home.beside("policy.toml"), policy()).expect("written");
        fs::write(home.beside("directory.toml"), home.directory()).expect("written");
        fs::write(home.beside("roles.toml"), home.roles()).expect("written");
        copy_sources(&home.beside("sources"));
        home
    }

    /// Runs `init` with further arguments.
    pub(crate) fn init(&self, more: &[&str]) -> Ended {
        let file = |name: &str| self.beside(name).display().to_string();
        let auditor = recipient(&self.beside("auditor.age"));
        let mut arguments = vec!["init".to_owned(), "--home".to_owned(), self.root.display().to_string()];
        let named = [
            ("--origin", ORIGIN.to_owned()),
            ("--organization", "Example Provider (test)".to_owned()),
            ("--at-rest", file("at-rest.age")),
            ("--directory", file("directory.toml")),
            ("--roles", file("roles.toml")),
            ("--sources", file("sources/sources.toml")),
            ("--auditor", auditor),
            ("--policy", file("policy.toml")),
        ];
        // A test that brings its own legal tables names them.
        let named = named.into_iter().filter(|(name, _)| !more.contains(name));
        arguments.extend(named.flat_map(|(name, value)| [name.to_owned(), value]));
        arguments.extend(more.iter().map(|argument| (*argument).to_owned()));
        probity(arguments)
    }

    /// A file in the scratch directory, outside the home.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    pub(crate) fn key_file(&self, person: &Person) -> PathBuf {
        self.beside(&format!("{}.pem", person.id))
    }

    pub(crate) fn vkey(&self) -> PathBuf {
        self.root.join("log.vkey")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.root.join("run/probity.sock")
    }

    /// Runs a command of the program on this home.
    pub(crate) fn probity(&self, arguments: &[&str]) -> Ended {
        let home = self.root.display().to_string();
        probity(["--home", &home].iter().chain(arguments))
    }

    /// Exports the auditor set into a directory of the scratch.
    pub(crate) fn export(&self, name: &str) -> PathBuf {
        let dir = self.beside(name);
        self.probity(&["export", &dir.display().to_string()]).expect(0);
        dir
    }

    /// `probity verify` of `target` under the log's key, with the auditor's identity.
    pub(crate) fn verify(&self, target: &Path, more: &[&str]) -> Ended {
        let (target, vkey) = (target.display().to_string(), self.vkey().display().to_string());
        let identity = self.beside("auditor.age").display().to_string();
        let arguments = ["verify", &target, "--log-key", &vkey, "--identity", &identity];
        self.probity(&[&arguments, more].concat())
    }

    /// Replaces text in the home's configuration.
    pub(crate) fn configure(&self, from: &str, to: &str) {
        let path = self.root.join("probity.toml");
        let text = fs::read_to_string(&path).expect("a configuration");
        assert!(text.contains(from), "{from} is not in\n{text}");
        fs::write(path, text.replace(from, to)).expect("written");
    }

    fn directory(&self) -> String {
        let ssh = fs::read_to_string(self.beside("ack_ed25519.pub")).expect("a public key");
        let from = "valid_from = \"2026-01-01T00:00:00.000Z\"";
        format!(
            "schema = 1\n[[agency]]\nid = \"{AGENCY}\"\nname = \"City police (invented)\"\ncountry = \"US\"\n\
             level = \"local\"\n{from}\n\
             [[agency.recipient]]\nage = \"{}\"\nconfirmed = \"in person\"\n{from}\n\
             [[agency.ack_key]]\nssh = \"{}\"\n{from}\n",
            recipient(&self.beside("agency.age")),
            ssh.trim_end(),
        )
    }

    fn roles(&self) -> String {
        let person = |id: &str, roles: &str, key: Option<&SigningKey>| {
            let key = key.map(|key| {
                let public = STANDARD.encode(key.verifying_key().as_bytes());
                format!("[[person.key]]\npublic = \"{public}\"\n")
            });
            format!(
                "[[person]]\nid = \"{id}\"\nroles = [{roles}]\njurisdictions = [\"*\"]\n\
                 valid_from = \"2026-01-01T00:00:00.000Z\"\n{}",
                key.unwrap_or_default()
            )
        };
        [
            "schema = 1\n".to_owned(),
            person("p-intake-1", "\"intake\"", None),
            person(self.reviewer.id, "\"reviewer\"", Some(&self.reviewer.key)),
            person(self.senior.id, "\"senior_reviewer\"", Some(&self.senior.key)),
            person("p-privacy-1", "\"privacy_officer\"", None),
            person("p-operator-1", "\"operator\", \"collector\"", None),
        ]
        .concat()
    }
}

/// The draft legal tables, or those that `PROBITY_TEST_POLICY` names, but for the days between
/// notice and release: no test waits a week.
pub(crate) fn policy() -> String {
    let path = std::env::var_os("PROBITY_TEST_POLICY").map(PathBuf::from);
    let path = path.unwrap_or_else(|| repository().join("config/policy.toml"));
    let mut tables: toml::Table =
        fs::read_to_string(path).expect("legal tables").parse().expect("the tables are TOML");
    let times = tables.entry("times").or_insert_with(|| toml::Table::new().into());
    times.as_table_mut().expect("a table").insert("notice_wait_days".to_owned(), 0.into());
    toml::to_string(&tables).expect("prints")
}

/// The rule set that homes are founded under.
pub(crate) fn rules() -> RuleSet {
    static RULES: OnceLock<RuleSet> = OnceLock::new();
    *RULES.get_or_init(|| Policy::parse(&policy()).expect("sound").rule_set().expect("known"))
}

pub(crate) fn new_key() -> SigningKey {
    SigningKey::from_bytes(&machine::random().expect("random bytes"))
}

/// The recipient of an identity file, from its comment.
pub(crate) fn recipient(identity: &Path) -> String {
    let text = fs::read_to_string(identity).expect("an identity");
    let line = text.lines().find_map(|line| line.strip_prefix("# public key: "));
    line.expect("an identity file names its recipient").to_owned()
}

fn copy_sources(to: &Path) {
    super::copy(&repository().join("examples/sources"), to);
}
