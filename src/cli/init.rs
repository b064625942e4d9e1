//! `probity init`: a home with its keys, its configuration and a founded ledger.

use std::path::{Path, PathBuf};

use clap::Args;
use ed25519_dalek::SigningKey;
use serde_json::json;
use zeroize::Zeroizing;

use super::exit::{Exit, Failure};
use super::home::LoadedHome;
use super::terminal::Terminal;
use crate::ledger::{Environment, FileAnchor, Founding, FoundingError, found};
use crate::ops::age::{Identity, Recipients};
use crate::ops::config::{self, CONFIG_FILE, Config, HOME_VERSION, Home, Peer};
use crate::ops::{files, keys, machine};
use crate::practice::World;
use crate::practice::vocabulary::PeerRole;
use crate::store::RocksStore;
use crate::tlog::{Origin, PublicKey};

/// Longest text of policy, directory or roles in bytes.
const TEXT_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The draft legal tables that come with the program.
const POLICY: &str = include_str!("../../config/policy.toml");
/// A new home: its group passes through, to the socket and to what is public, and cannot list it.
const HOME_MODE: u32 = 0o710;

/// Make a home: configuration, keys (0600), and a ledger with its founding entries.
///
/// Keys and texts that stand in the home already are kept. A home that a crash left without
/// its anchor is begun again.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  probity init --home /var/lib/probity --origin log.example/probity \\\n    \
    --organization \"Example Provider\" --at-rest /etc/probity/at-rest.age \\\n    \
    --directory directory.toml --roles roles.toml --auditor age1…"
)]
pub(super) struct InitArgs {
    /// The log's name: a URL without schema. It never changes.
    #[arg(long, value_name = "NAME")]
    pub(super) origin: String,
    /// What bundles name as their source.
    #[arg(long, value_name = "NAME")]
    pub(super) organization: String,
    /// Where the daemon's age identity is kept, or made: outside the home.
    #[arg(long, value_name = "FILE")]
    pub(super) at_rest: PathBuf,
    /// Allow the age identity inside the home, where every backup takes it along.
    #[arg(long)]
    pub(super) insecure_colocated: bool,
    /// The legal tables; without it the draft that comes with the program.
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Option<PathBuf>,
    /// The agencies.
    #[arg(long, value_name = "FILE")]
    pub(super) directory: PathBuf,
    /// People, keys and roles.
    #[arg(long, value_name = "FILE")]
    pub(super) roles: PathBuf,
    /// The declaration of sources.
    #[arg(long, value_name = "FILE")]
    pub(super) sources: Option<PathBuf>,
    /// An auditor's age recipient; may be given several times.
    #[arg(long = "auditor", value_name = "age1…")]
    pub(super) auditors: Vec<String>,
    /// Accept the published example keys. Never for real data.
    #[arg(long)]
    pub(super) demonstration: bool,
}

pub(super) fn run(args: &InitArgs, root: &Path, terminal: Terminal) -> Result<Exit, Failure> {
    let checkpoint = init(args, root)?;
    let home = Home::new(root);
    let vkey = files::read_text(&home.log_vkey(), 4096).map_err(Failure::with(Exit::NoInput))?;
    let value = json!({"home": root, "log_vkey": vkey.trim_end(), "checkpoint": checkpoint});
    terminal.data(&value, vkey.trim_end())?;
    terminal
        .say(format_args!("the ledger in {} is founded; its verifier key is printed above", root.display()));
    terminal.say("give that key to your auditors now, by a way that is not this machine");
    Ok(Exit::Clean)
}

/// Makes the home and returns its first checkpoint.
pub(super) fn init(args: &InitArgs, root: &Path) -> Result<String, Failure> {
    let home = Home::new(root);
    check(args, root)?;
    let made = |dir: &Path, mode| files::make_dir(dir, mode).map_err(Failure::with(Exit::CannotCreate));
    if let Some(parent) = root.parent() {
        made(parent, files::PUBLIC_DIR_MODE)?;
    }
    made(root, HOME_MODE)?;
    for dir in [home.database(), root.join("keys"), home.kek(), home.staging(), home.outbox()] {
        made(&dir, files::PRIVATE_DIR_MODE)?;
    }
    if !root.join(CONFIG_FILE).exists() {
        write_home(args, root)?;
    }
    let loaded = LoadedHome::load(root)?;
    let _lock = loaded.lock()?;
    let store = RocksStore::create(&home.database()).map_err(Failure::with(Exit::Storage))?;
    let signer = loaded.signer()?;
    let vkey = signer.vkey().to_string();
    let disclosure = loaded.disclosure_key.verifying_key();
    let founding = Founding {
        signer,
        disclosure: PublicKey::from_bytes(disclosure.as_bytes()).map_err(Failure::with(Exit::Config))?,
        at_rest: &loaded.at_rest,
        recipients: &loaded.recipients()?,
        texts: &loaded.texts,
        home_version: HOME_VERSION,
        kek_dir: &home.kek(),
    };
    // The verifier key comes before the anchor: a founded ledger always has it beside it.
    files::replace(&home.log_vkey(), format!("{vkey}\n").as_bytes(), files::PUBLIC_MODE)
        .map_err(Failure::with(Exit::CannotCreate))?;
    let environment = Environment::of_this_machine().map_err(Failure::with(Exit::Config))?;
    let mut anchor = FileAnchor::new(&home.anchor());
    let founded = found(&store, &mut anchor, founding, &environment).map_err(founding_failure)?;
    Ok(String::from_utf8_lossy(&founded.checkpoint).into_owned())
}

/// Everything that can be wrong with the arguments, before a byte is written.
fn check(args: &InitArgs, root: &Path) -> Result<(), Failure> {
    if root.join(CONFIG_FILE).exists() {
        return Ok(());
    }
    let origin = Origin::new(args.origin.clone()).map_err(Failure::with(Exit::Usage))?;
    if !args.auditors.is_empty() {
        Recipients::parse(args.auditors.iter().map(String::as_str))
            .map_err(|error| Failure::new(Exit::Usage, error).hint("look at --auditor"))?;
    }
    let at_rest = std::path::absolute(&args.at_rest).map_err(Failure::with(Exit::Usage))?;
    if at_rest.starts_with(root) && !args.insecure_colocated {
        let error = anyhow::anyhow!(
            "--at-rest lies inside the home, so that a backup of the home is a backup of its key"
        );
        return Err(Failure::new(Exit::Usage, error)
            .hint("name a path outside, or add --insecure-colocated, knowing that"));
    }
    if !at_rest.parent().is_some_and(Path::is_dir) {
        let error = anyhow::anyhow!("the directory of --at-rest {} does not exist", at_rest.display());
        return Err(Failure::new(Exit::NoInput, error));
    }
    let [policy, directory, roles] = texts(args)?;
    World::founding(&origin, &policy, &directory, &roles).map_err(Failure::with(Exit::Data))?;
    Ok(())
}

/// Policy, directory and roles, as the arguments name them.
fn texts(args: &InitArgs) -> Result<[String; 3], Failure> {
    let read = |path: &Path| files::read_text(path, TEXT_BYTES_MAX).map_err(Failure::with(Exit::NoInput));
    let policy = args.policy.as_deref().map_or_else(|| Ok(POLICY.to_owned()), read)?;
    Ok([policy, read(&args.directory)?, read(&args.roles)?])
}

fn founding_failure(error: FoundingError) -> Failure {
    let exit = match &error {
        FoundingError::Exists | FoundingError::NotNew { .. } => Exit::CannotCreate,
        FoundingError::Doubt(_) => Exit::Storage,
        _ => Exit::Config,
    };
    Failure::new(exit, error)
}

/// Writes texts, keys and, last, the configuration that names them: if we crash before it,
/// the next `init` begins here again and keeps the keys that are there.
fn write_home(args: &InitArgs, root: &Path) -> Result<(), Failure> {
    let names = ["policy.toml", "directory.toml", "roles.toml"];
    for (name, text) in names.into_iter().zip(texts(args)?) {
        // The policy is what the provider publishes; who works here, and by which numbers agencies
        // are called back, is not.
        let mode = if name == "policy.toml" { files::PUBLIC_MODE } else { files::PRIVATE_MODE };
        files::replace(&root.join(name), text.as_bytes(), mode).map_err(Failure::with(Exit::CannotCreate))?;
    }
    for name in ["log.pem", "disclosure.pem"] {
        let path = root.join("keys").join(name);
        if !path.exists() {
            let seed = Zeroizing::new(machine::random::<32>().map_err(Failure::with(Exit::Config))?);
            keys::write_pair(&path, &SigningKey::from_bytes(&seed))
                .map_err(Failure::with(Exit::CannotCreate))?;
        }
    }
    let at_rest = std::path::absolute(&args.at_rest).map_err(Failure::with(Exit::Usage))?;
    if !at_rest.exists() {
        files::write_new(&at_rest, Identity::generate().to_key_file().as_bytes(), files::PRIVATE_MODE)
            .map_err(Failure::with(Exit::CannotCreate))?;
    }
    let config = configuration(args, root, at_rest)?;
    let text = toml::to_string(&config).map_err(Failure::with(Exit::Config))?;
    let text = format!("# The home of a Probity ledger; docs/OPERATIONS.md explains every member.\n\n{text}");
    files::replace(&root.join(CONFIG_FILE), text.as_bytes(), files::PUBLIC_MODE)
        .map_err(Failure::with(Exit::CannotCreate))
}

fn configuration(args: &InitArgs, root: &Path, at_rest: PathBuf) -> Result<Config, Failure> {
    let uid = rustix::process::getuid().as_raw();
    let sources =
        args.sources.as_ref().map(std::path::absolute).transpose().map_err(Failure::with(Exit::Usage))?;
    let all = [PeerRole::ReviewSystem, PeerRole::Reviewer, PeerRole::Operator, PeerRole::Auditor];
    let config = Config {
        home_version: HOME_VERSION,
        origin: args.origin.clone(),
        demonstration: args.demonstration,
        organization: args.organization.clone(),
        keys: config::Keys {
            log: PathBuf::from("keys/log.pem"),
            disclosure: PathBuf::from("keys/disclosure.pem"),
            at_rest,
            insecure_colocated: args.insecure_colocated,
            auditors: args.auditors.clone(),
        },
        practice: config::Practice {
            policy: PathBuf::from("policy.toml"),
            directory: PathBuf::from("directory.toml"),
            roles: PathBuf::from("roles.toml"),
        },
        socket: config::Socket::default(),
        // The account that makes the home can use it; a real deployment gives each role its own.
        peers: vec![Peer { uid, name: "founder".to_owned(), roles: all.into_iter().collect() }],
        sources,
        limits: config::Limits::default(),
    };
    let text = toml::to_string(&config).map_err(Failure::with(Exit::Config))?;
    Config::parse(&text, &root.join(CONFIG_FILE)).map_err(Failure::with(Exit::Config))?;
    Ok(config)
}
