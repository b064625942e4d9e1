//! Goal: what the pages show is what happens.
//! Method: every block fenced as `console` in README.md and docs/ is run, in the page's order,
//! in one scratch copy of config/ with the built `probity` on the PATH. A line that begins with `$ `
//! is a command; the lines behind it are what it prints, where `…` stands for anything, and
//! alone on its line for any number of lines. Blocks fenced as `sh` are not run, but checked (typed.rs).

mod typed;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{PROBITY, probity, repository, run};

/// A command of a page and what the page says it prints.
struct Shown {
    command: String,
    printed: Vec<String>,
}

fn shown(page: &str) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    let mut is_console = false;
    for line in page.lines() {
        if line.starts_with("```") {
            is_console = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| is_console) {
            shown.push(Shown { command: command.to_owned(), printed: Vec::new() });
        } else if is_console {
            let last = shown.last_mut().expect("a block begins with a command");
            last.printed.push(line.to_owned());
        }
    }
    shown
}

/// Whether a line is what the page shows, `…` for anything.
fn is_like(line: &str, pattern: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('…') else { return line == pattern };
    let Some(rest) = line.strip_prefix(head) else { return false };
    (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| is_like(&rest[at..], tail))
}

fn are_like(lines: &[&str], patterns: &[String]) -> bool {
    match (lines, patterns) {
        (_, []) => lines.is_empty(),
        (_, [first, rest @ ..]) if first == "…" => {
            (0..=lines.len()).any(|skipped| are_like(&lines[skipped..], rest))
        }
        ([line, lines @ ..], [first, rest @ ..]) => is_like(line, first) && are_like(lines, rest),
        ([], _) => false,
    }
}

#[test]
fn the_pages_show_what_happens() {
    let bin = Path::new(PROBITY).parent().expect("a directory").display().to_string();
    let path = format!("{bin}:{}", std::env::var("PATH").expect("a path"));
    let mut pages = vec![repository().join("README.md")];
    let docs = crate::harness::files(&repository().join("docs"));
    pages.extend(docs.into_iter().filter(|path| path.extension().is_some_and(|e| e == "md")));
    let mut commands = 0;
    for page in pages {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let dir = scratch.path().join("config");
        crate::harness::copy(&repository().join("config"), &dir);
        for Shown { command, printed } in shown(&fs::read_to_string(&page).expect("a page")) {
            let mut shell = Command::new("sh");
            shell.args(["-c", &command]).current_dir(&dir).env("PATH", &path);
            let ended = run(shell.env("XDG_CONFIG_HOME", scratch.path())).expect(0);
            let lines: Vec<_> = ended.stdout.lines().collect();
            assert!(are_like(&lines, &printed), "{}: {command}\n{}", page.display(), ended.stdout);
            commands += 1;
        }
    }
    assert!(commands > 0, "no page shows a command");
}

/// The body of the first `curl` of a page.
fn curled(page: &str) -> serde_json::Value {
    let (_, rest) = page.split_once(" -d '").expect("a curl with a body");
    let (body, _) = rest.split_once('\'').expect("its end");
    serde_json::from_str(body).expect("JSON")
}

#[test]
fn the_event_that_the_page_posts_by_hand_is_one() {
    let event = curled(&fs::read_to_string(repository().join("README.md")).expect("a page"));
    let kind: probity::practice::EventType = event["type"].as_str().expect("text").parse().expect("a type");
    let data = serde_json::value::to_raw_value(&event["data"]).expect("prints");
    kind.read(&data).expect("the members of its type");
    let made = crate::harness::events::event("R-1", kind.as_str(), "p-reviewer-1", &event["data"]);
    let members =
        |value: &serde_json::Value| value.as_object().map(|all| all.keys().cloned().collect::<Vec<_>>());
    assert_eq!(members(&event), members(&made), "the envelope is what the tests post");
}

#[test]
fn what_is_shown_is_compared() {
    assert!(is_like("age1abc", "age1…") && is_like("a b c", "a … c") && !is_like("age1abc", "age2…"));
    let lines = ["one", "two", "three"];
    let like = |patterns: &[&str]| {
        let patterns: Vec<_> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        are_like(&lines, &patterns)
    };
    assert!(like(&["one", "…", "three"]) && like(&["…"]) && like(&["one", "t…", "three"]));
    assert!(!like(&["one", "two"]) && !like(&["two", "…"]) && !like(&[]));
}

#[test]
fn links_in_the_pages_lead_to_files() {
    let mut pages = vec![repository().join("README.md"), repository().join("SECURITY.md")];
    pages.extend(crate::harness::files(&repository().join("docs")));
    let mut links = 0;
    for page in pages.iter().filter(|path| path.extension().is_some_and(|e| e == "md")) {
        let text = fs::read_to_string(page).expect("a page");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().expect("a part");
            if target.is_empty() || target.contains("://") || target.contains(' ') {
                continue;
            }
            let file: PathBuf = page.parent().expect("a directory").join(target);
            assert!(file.exists(), "{} links to {target}", page.display());
            links += 1;
        }
    }
    assert!(links > 10, "{links} links");
}

#[test]
fn every_command_shows_an_example() {
    let help = probity(["--help"]).expect(0).stdout;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands: Vec<_> = commands
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect();
    assert!(commands.len() >= 14, "{commands:?}");
    for command in commands {
        let help = probity([command, "--help"]).expect(0).stdout;
        assert!(help.contains("Example:\n"), "{help}");
        assert!(help.contains(&format!("probity {command}")), "{command}: {help}");
    }
}
