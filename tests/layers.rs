//! Goal: the architecture is what docs/ARCHITECTURE.md says.
//! Method: read every `use crate::…`, `crate::…` path and foreign crate name under src/
//! and fail on an edge that goes the wrong way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Each layer and the layers it may name. `bundle` and `collect` need no ledger, so that
/// agencies and auditors build without it.
const LAYERS: &[(&str, &[&str])] = &[
    ("tlog", &[]),
    ("model", &["tlog"]),
    ("practice", &["tlog", "model"]),
    ("minimise", &["tlog", "model"]),
    ("audit", &["tlog", "model", "practice"]),
    ("ops", &["tlog", "model", "practice", "audit"]),
    ("bundle", &["tlog", "model", "practice", "ops"]),
    ("collect", &["tlog", "model", "minimise", "ops"]),
    ("store", &["tlog", "model", "ops"]),
    ("ledger", &["tlog", "model", "practice", "audit", "ops", "store"]),
    ("package", &["tlog", "model", "practice", "minimise", "ops", "bundle", "collect", "ledger"]),
    ("api", &["tlog", "model", "practice", "ops", "bundle", "ledger", "package"]),
    (
        "cli",
        &[
            "tlog", "model", "practice", "minimise", "audit", "ops", "bundle", "collect", "store", "ledger",
            "package", "api",
        ],
    ),
];

/// Foreign crates that one place alone may name.
const CONFINED: &[(&str, &[&str])] = &[
    ("rocksdb", &["src/store/"]),
    ("age", &["src/ops/age.rs"]),
    ("axum", &["src/api/"]),
    ("clap", &["src/cli/", "src/main.rs"]),
    ("indicatif", &["src/cli/"]),
    ("anyhow", &["src/cli/", "src/main.rs"]),
];

/// What pure code may not touch: files, processes, sockets, clocks, threads of its own choosing.
const IMPURE: &[&str] =
    &["std::fs", "std::net", "std::process", "std::os", "std::env", "SystemTime", "SystemRandom", "tokio"];
const PURE: &[&str] = &["tlog", "model", "practice", "minimise", "audit"];

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(dir: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(dir).expect("src is readable") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).expect("source is text");
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 40, "the walk finds the sources");
    found
}

/// The code outside comments and outside `#[cfg(test)]` modules at the end of a file.
fn code(text: &str) -> String {
    let production = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text);
    let lines = production.lines().map(|line| line.split("//").next().unwrap_or(""));
    lines.collect::<Vec<_>>().join("\n")
}

fn relative(path: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    path.strip_prefix(root).expect("below the root").display().to_string()
}

/// Whether a file is compiled for tests only: itself, or a module above it, is declared
/// right after `#[cfg(test)]`.
fn is_test_file(path: &str) -> bool {
    static TEST_MODULES: OnceLock<BTreeSet<String>> = OnceLock::new();
    let modules = TEST_MODULES.get_or_init(|| {
        let mut modules = BTreeSet::new();
        for (path, text) in sources() {
            let path = relative(&path);
            let dir = path.strip_suffix("/mod.rs").or(path.strip_suffix(".rs")).unwrap_or(&path);
            for after in text.split("#[cfg(test)]\n").skip(1) {
                let name = after.trim_start().strip_prefix("mod ").and_then(|rest| rest.split_once(';'));
                if let Some((name, _)) = name.filter(|(name, _)| !name.contains(' ')) {
                    modules.insert(format!("{dir}/{name}"));
                }
            }
        }
        assert!(modules.len() > 10, "test modules are found: {modules:?}");
        modules
    });
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    modules.iter().any(|module| stem == module || stem.starts_with(&format!("{module}/")))
}

/// The words after every `crate::`, `use crate::{a, b}` included.
fn named_layers(code: &str) -> BTreeSet<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut named = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let is_own =
            at == 0 || !code.as_bytes().get(at - 1).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
        let rest = code.get(at + "crate::".len()..).unwrap_or("");
        if !is_own {
            continue;
        }
        match rest.strip_prefix('{') {
            Some(group) => {
                let inner = group.split("};").next().unwrap_or("");
                named.extend(inner.split(',').map(|part| word(part.trim())));
            }
            None => {
                named.insert(word(rest));
            }
        }
    }
    named
}

#[test]
fn no_edge_goes_the_wrong_way() {
    let allowed: BTreeMap<_, BTreeSet<_>> =
        LAYERS.iter().map(|(layer, below)| (*layer, below.iter().copied().collect())).collect();
    let mut edges = 0;
    for (path, text) in sources() {
        let path = relative(&path);
        let Some(layer) = path.strip_prefix("src/").and_then(|p| p.split_once('/')).map(|(layer, _)| layer)
        else {
            continue;
        };
        if is_test_file(&path) {
            continue;
        }
        let below =
            allowed.get(layer).unwrap_or_else(|| panic!("{path}: {layer} is no layer; add it to LAYERS"));
        for named in named_layers(&code(&text)).iter().filter(|n| allowed.contains_key(n.as_str())) {
            edges += 1;
            assert!(
                named == layer || below.contains(named.as_str()),
                "{path} names crate::{named}, but {layer} may only name {below:?}"
            );
        }
    }
    assert!(edges > 50, "the scan sees the edges it judges ({edges})");
}

#[test]
fn heavy_crates_are_confined() {
    let mut seen = BTreeSet::new();
    for (path, text) in sources() {
        let (path, code) = (relative(&path), code(&text));
        if is_test_file(&path) {
            continue;
        }
        for (name, places) in CONFINED {
            let begins_a_path = |at: usize| {
                let before = code.as_bytes().get(at.wrapping_sub(1));
                !before.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':'))
            };
            // A module of ours may bear the crate's name: whoever imports it means it.
            let is_our_module = code.lines().any(|line| {
                let import = line.strip_prefix("use crate::").unwrap_or_default();
                import.contains(&format!("{name}::{{self")) || import.contains(&format!("{{{name},"))
            });
            let named = code.contains(&format!("use {name}::"))
                || !is_our_module
                    && code.match_indices(&format!("{name}::")).any(|(at, _)| begins_a_path(at));
            if named {
                seen.insert(*name);
                assert!(
                    places.iter().any(|place| path.starts_with(place)),
                    "{path} names {name}; only {places:?} may"
                );
            }
        }
    }
    assert_eq!(seen.len(), CONFINED.len(), "each confined crate is used somewhere: {seen:?}");
}

#[test]
fn the_core_is_pure() {
    for (path, text) in sources() {
        let (path, code) = (relative(&path), code(&text));
        let is_pure = PURE.iter().any(|layer| path.starts_with(&format!("src/{layer}/")));
        if !is_pure || is_test_file(&path) {
            continue;
        }
        for word in IMPURE {
            assert!(
                !code.contains(word),
                "{path} names {word}; clocks, files and randomness are arguments there"
            );
        }
    }
}

#[test]
fn only_cli_prints_and_nobody_leaves_work_undone() {
    for (path, text) in sources() {
        let path = relative(&path);
        let code = code(&text);
        if !path.starts_with("src/cli/") && path != "src/main.rs" && !is_test_file(&path) {
            for word in ["println!", "eprintln!", "print!("] {
                assert!(!code.contains(word), "{path} prints with {word}");
            }
        }
        for word in ["todo!(", "unimplemented!(", "FIXME"] {
            assert!(!code.contains(word), "{path} has {word}");
        }
    }
}
