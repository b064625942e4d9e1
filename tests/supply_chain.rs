//! Goal: what we build from is licensed for it, comes from the registry, and brings no
//! second implementation of a cryptographic primitive.
//! Method: ask cargo for the locked graph, offline, and compare with deny.toml's policy.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// One version of each, or one entry would be hashed or signed by code nobody reviewed.
const CRYPTO: &[&str] = &[
    "age",
    "age-core",
    "chacha20poly1305",
    "curve25519-dalek",
    "ed25519-dalek",
    "hkdf",
    "hmac",
    "ring",
    "rocksdb",
    "sha2",
    "ssh-key",
    "subtle",
    "x25519-dalek",
    "zeroize",
];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--locked",
            "--offline",
            "--format-version",
            "1",
            "--filter-platform",
            "x86_64-unknown-linux-gnu",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("metadata is JSON")
}

fn list<'a>(value: &'a Value, member: &str) -> &'a Vec<Value> {
    value[member].as_array().unwrap_or_else(|| panic!("metadata has a list {member}"))
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or("")
}

/// The packages that normal and build edges reach from ours: what ends up in a release.
fn shipped(metadata: &Value) -> Vec<&Value> {
    let nodes: BTreeMap<&str, &Value> =
        list(&metadata["resolve"], "nodes").iter().map(|node| (text(node, "id"), node)).collect();
    let mut reached = BTreeSet::new();
    let mut next = vec![metadata["resolve"]["root"].as_str().expect("our package is the root")];
    while let Some(id) = next.pop() {
        if !reached.insert(id) {
            continue;
        }
        for edge in list(nodes[id], "deps") {
            let is_dev_only = list(edge, "dep_kinds").iter().all(|kind| text(kind, "kind") == "dev");
            if !is_dev_only {
                next.push(text(edge, "pkg"));
            }
        }
    }
    list(metadata, "packages").iter().filter(|package| reached.contains(text(package, "id"))).collect()
}

fn allowed_licenses() -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/deny.toml");
    let policy: toml::Table = std::fs::read_to_string(path).expect("deny.toml").parse().expect("TOML");
    let allow = policy["licenses"]["allow"].as_array().expect("a list");
    allow.iter().map(|name| name.as_str().expect("a string").to_owned()).collect()
}

/// SPDX with `OR`, `AND`, one level of parentheses, and the old slash for `OR`.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let flat = expression.replace('/', " OR ").replace(['(', ')'], "");
    flat.split(" AND ").all(|all| all.split(" OR ").any(|one| allowed.contains(one.trim())))
}

#[test]
fn licences_are_allowed() {
    let (metadata, allowed) = (metadata(), allowed_licenses());
    assert!(!is_allowed("GPL-3.0", &allowed) && is_allowed("GPL-2.0 OR MIT", &allowed), "the check can fail");
    let packages = list(&metadata, "packages");
    assert!(packages.len() > 100, "the graph is there");
    for package in packages {
        let license = text(package, "license");
        assert!(
            is_allowed(license, &allowed),
            "{}: licence {license:?} is not in deny.toml",
            text(package, "name")
        );
    }
}

#[test]
fn sources_are_the_registry() {
    let metadata = metadata();
    for package in list(&metadata, "packages") {
        let source = package["source"].as_str();
        let is_ours = source.is_none() && text(package, "name") == "probity";
        let is_registry = source.is_some_and(|source| source.starts_with("registry+"));
        assert!(is_ours || is_registry, "{} comes from {source:?}", text(package, "name"));
    }
}

#[test]
fn no_crypto_crate_stands_there_twice() {
    let metadata = metadata();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in shipped(&metadata) {
        versions.entry(text(package, "name")).or_default().push(text(package, "version"));
    }
    for name in CRYPTO {
        let found = versions.get(name).map_or(&[][..], Vec::as_slice);
        assert_eq!(found.len(), 1, "{name}: {found:?}");
    }
    for banned in ["openssl", "openssl-sys", "aws-lc-rs", "native-tls", "tokio-tar"] {
        assert!(!versions.contains_key(banned), "{banned} is banned in deny.toml");
    }
}
