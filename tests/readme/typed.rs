//! Goal: what the pages tell people to type can be typed.
//! Method: every command in a block fenced as `sh`, and every `probity …` in a line of prose, is
//! parsed: by the program itself (with `--help` behind it, which is obeyed only if all that
//! stands before it parses), for `make` against the Makefile, for `cargo` against the manifest, and what `curl` posts is
//! posted to a daemon. Paths into this repository must exist. A command that nothing here knows
//! how to check is a failure.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::harness::events::{self, ADA};
use crate::harness::{Daemon, Home, probity, repository, run};

/// README.md, SECURITY.md and docs/, with their names.
fn pages() -> Vec<(String, String)> {
    let mut paths = vec![repository().join("README.md"), repository().join("SECURITY.md")];
    paths.extend(crate::harness::files(&repository().join("docs")));
    let pages = paths.iter().filter(|path| path.extension().is_some_and(|e| e == "md"));
    pages.map(|path| (path.display().to_string(), fs::read_to_string(path).expect("a page"))).collect()
}

/// The commands of a page's `sh` blocks; one may go over several lines.
fn commands(page: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let (mut is_shell, mut is_open) = (false, false);
    for line in page.lines() {
        if line.starts_with("```") {
            assert!(!is_open, "a block ends within a command: {commands:?}");
            is_shell = line == "```sh";
        } else if is_shell && is_open {
            let last = commands.last_mut().expect("begun");
            last.push('\n');
            last.push_str(line);
            is_open = is_unfinished(last);
        } else if is_shell && !line.trim().is_empty() && !line.starts_with('#') {
            commands.push(line.to_owned());
            is_open = is_unfinished(line);
        }
    }
    commands
}

fn is_unfinished(command: &str) -> bool {
    command.ends_with('\\') || !command.matches('\'').count().is_multiple_of(2)
}

/// The spans of prose between backticks that are commands of ours.
fn spans(page: &str) -> Vec<String> {
    let prose = page.split("```").step_by(2);
    let spans = prose.flat_map(|prose| prose.lines()).flat_map(|line| line.split('`').skip(1).step_by(2));
    spans.filter(|span| span.starts_with("probity ")).map(str::to_owned).collect()
}

/// The words of a command as a shell sees them; none of ours needs more of a shell than quotes.
fn words(command: &str) -> Vec<String> {
    let ended = run(Command::new("sh").args(["-c", &format!("printf '%s\\0' {command}")])).expect(0);
    ended.stdout.split_terminator('\0').map(str::to_owned).collect()
}

/// The program takes these arguments.
fn check_probity(arguments: &[String]) {
    let help = probity(arguments.iter().map(String::as_str).chain(["--help"]));
    assert_eq!(help.code, Some(0), "probity {}\n{}", arguments.join(" "), help.stderr);
    assert!(help.stdout.contains("Usage: probity"), "{}", help.stdout);
}

fn check_make(targets: &[String]) {
    let makefile = fs::read_to_string(repository().join("Makefile")).expect("a Makefile");
    assert!(!targets.is_empty());
    for target in targets {
        assert!(makefile.lines().any(|line| line.starts_with(&format!("{target}:"))), "make {target}");
    }
}

/// Profiles, features and examples exist, and the example knows its flags.
fn check_cargo(arguments: &[String]) {
    let (ours, theirs) = match arguments.iter().position(|argument| argument == "--") {
        Some(at) => (&arguments[..at], &arguments[at + 1..]),
        None => (arguments, &[][..]),
    };
    let manifest = fs::read_to_string(repository().join("Cargo.toml")).expect("a manifest");
    let mut rest = ours.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "build" | "run" | "test" | "--release" | "--locked" | "--no-default-features" => {}
            "--example" => {
                let name = rest.next().expect("a name");
                assert!(manifest.contains(&format!("[[example]]\nname = \"{name}\"")), "{name}");
                let source = repository().join("examples").join(name).join("main.rs");
                let source = fs::read_to_string(source).expect("an example");
                for flag in theirs.iter().filter_map(|argument| argument.strip_prefix("--")) {
                    // A member of its arguments.
                    let member = format!("    {}: ", flag.replace('-', "_"));
                    assert!(source.lines().any(|line| line.starts_with(&member)), "{name} has no --{flag}");
                }
            }
            other => panic!("cargo {other}: say here how this is checked"),
        }
    }
}

/// A path into this repository is one.
fn check_paths(words: &[String]) -> usize {
    let top =
        ["examples/", "config/", "tests/", "docs/", "tools/", "src/", "keys-example/", "fuzz/", "benches/"];
    let ours = words.iter().filter(|word| top.iter().any(|top| word.starts_with(top)));
    ours.inspect(|path| assert!(repository().join(path).exists(), "there is no {path}")).count()
}

/// Walks the request of the event to where it belongs and posts it.
fn check_event(posted: &str) {
    let event: Value = serde_json::from_str(posted).expect("JSON");
    let request = event["request"].as_str().expect("a request");
    let home = Home::found();
    let daemon = Daemon::start(&home);
    let mut connection = daemon.connect();
    // Before anything is known of the request a rule says no, and not the parser.
    let early = events::post(&mut connection, &event).expect(409);
    assert_eq!(early["rule"], "I-04", "{early}");
    for mut before in events::intake(request, ADA) {
        if before["type"] == event["type"] {
            break;
        }
        if before["data"]["order"].is_object() {
            before["data"]["order"] = event["data"]["order"].clone();
        }
        events::must(&mut connection, &before);
    }
    let answer = connection.call("POST", "/v1/events", "application/json", posted.as_bytes());
    assert!(answer.expect("an answer").expect(201)["receipt"].is_string());
    daemon.stop();
}

#[test]
fn every_command_of_the_pages_can_be_typed() {
    let (mut typed, mut named, mut paths, mut posted) = (0, 0, 0, 0);
    for (page, text) in pages() {
        for command in commands(&text) {
            assert!(!command.contains(['|', '>', ';', '&', '$']), "{page}: {command}: more than a command");
            let words = words(&command);
            let (program, arguments) = words.split_first().expect("a word");
            match program.as_str() {
                "probity" => check_probity(arguments),
                "make" => check_make(arguments),
                "cargo" => check_cargo(arguments),
                "curl" => {
                    let body = arguments.iter().position(|argument| argument == "-d").expect("a body");
                    check_event(&arguments[body + 1]);
                    posted += 1;
                }
                other => panic!("{page}: {other}: say here how this is checked"),
            }
            paths += check_paths(arguments);
            typed += 1;
        }
        for span in spans(&text) {
            check_probity(&words(&span)[1..]);
            named += 1;
        }
    }
    assert!(typed >= 7 && named >= 5 && paths >= 1 && posted >= 1, "{typed} {named} {paths} {posted}");
}

#[test]
fn a_command_that_cannot_be_typed_is_found() {
    for wrong in [
        "verify export --no-such-flag",
        "verify export --log-key",
        "nothing",
        "policy nothing",
        "disclose REQ-1 REQ-2",
        "approve REQ-1 --hours many",
    ] {
        let arguments: Vec<_> = wrong.split(' ').chain(["--help"]).collect();
        assert_eq!(probity(&arguments).code, Some(64), "{wrong}");
    }
    let page = "```sh\nmake demo  # a remark\nprobity init --home x \\\n  --origin y\ncurl -d '{\n\"v\": 1}'\n```\n`probity due`";
    assert_eq!(commands(page).len(), 3);
    let curl = words(&commands(page)[2]);
    assert_eq!(curl, ["curl", "-d", "{\n\"v\": 1}"]);
    assert_eq!((spans(page).len(), words("make demo  # a remark").len()), (1, 2));
}
