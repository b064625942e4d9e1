//! Goal: docs/practice.md says of every statement of the practice and every invariant where it
//! stands in the code, what of it is in the log, and which test breaks it.
//! Method: the rows beside the code (statements/*.tsv) are compared with the list of rules, with
//! the functions and the tests that stand in the sources, and printed as the page.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::practice::{EventType, Rule};

/// One row of statements/*.tsv.
struct Row {
    file: String,
    enforced: Vec<String>,
    recorded: Vec<String>,
    tests: Vec<String>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn list(cell: &str) -> Vec<String> {
    cell.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// Every row by its number; a number that stands twice is refused here.
fn rows() -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    let mut paths = Vec::new();
    files(&root().join("src/practice/statements"), &mut paths);
    paths.retain(|path| path.file_name().is_some_and(|name| name != "kinds.tsv"));
    paths.sort();
    for path in paths {
        let file = path.file_stem().expect("a name").to_string_lossy().into_owned();
        for line in read(&path).lines().filter(|line| !line.trim().is_empty()) {
            let cells: Vec<_> = line.split('\t').map(str::trim).collect();
            assert_eq!(cells.len(), 4, "{file}: four columns: {line}");
            let [number, enforced, recorded, tests] = cells[..] else { continue };
            let row = Row {
                file: file.clone(),
                enforced: list(enforced),
                recorded: list(recorded),
                tests: list(tests),
            };
            assert!(
                !row.enforced.is_empty() && !row.recorded.is_empty() && !row.tests.is_empty(),
                "{file}: an empty cell: {line}"
            );
            let before = rows.insert(number.to_owned(), row);
            assert!(
                before.is_none(),
                "{number} stands in {file} and in {}",
                before.map_or_else(String::new, |row| row.file)
            );
        }
    }
    rows
}

/// The functions of every source file by their path from the crate's root, and the tests among
/// them. Integration tests begin with `tests::`; a test in a file's own `mod tests` may be named
/// with or without it.
fn functions() -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut all, mut tests) = (BTreeSet::new(), BTreeSet::new());
    for (top, prefix) in [("src", ""), ("tests", "tests::"), ("examples", "examples::")] {
        let mut paths = Vec::new();
        files(&root().join(top), &mut paths);
        for path in paths.iter().filter(|path| path.extension().is_some_and(|ext| ext == "rs")) {
            let relative = path.strip_prefix(root().join(top)).expect("below it").with_extension("");
            let module = relative.to_string_lossy().replace('/', "::");
            let module = module.strip_suffix("::mod").unwrap_or(&module);
            functions_of(&read(path), &format!("{prefix}{module}"), &mut all, &mut tests);
        }
    }
    (all, tests)
}

fn functions_of(text: &str, module: &str, all: &mut BTreeSet<String>, tests: &mut BTreeSet<String>) {
    let (mut is_test, mut inner) = (false, false);
    for line in text.lines().map(str::trim) {
        inner |= line.starts_with("mod tests {");
        is_test |= line == "#[test]" || line.starts_with("#[tokio::test");
        let Some((before, after)) = line.split_once("fn ") else { continue };
        if !before.is_empty() && !before.ends_with(' ') {
            continue;
        }
        let name: String = after.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        all.insert(format!("{module}::{name}"));
        if std::mem::take(&mut is_test) {
            tests.insert(format!("{module}::{name}"));
            if inner {
                tests.insert(format!("{module}::tests::{name}"));
            }
        }
    }
}

fn numbers() -> impl Iterator<Item = Rule> {
    Rule::ALL.iter().copied().filter(|rule| matches!(rule.number().as_bytes()[0], b'S' | b'I'))
}

#[test]
fn every_number_has_a_row_and_every_row_a_number() {
    let due: BTreeSet<_> = numbers().map(|rule| rule.number().to_owned()).collect();
    let there: BTreeSet<_> = rows().into_keys().collect();
    assert_eq!(there, due, "a number without a row, or a row without a number");
}

#[test]
fn every_cell_names_something_that_exists() {
    let (functions, tests) = functions();
    let mut wrong = Vec::new();
    for (number, row) in rows() {
        for name in row.enforced.iter().filter(|name| *name != "recorded") {
            if !functions.contains(name) && !functions.contains(&format!("practice::{name}")) {
                wrong.push(format!("{number}: no function {name}"));
            }
        }
        for name in &row.recorded {
            if name.parse::<EventType>().is_err() && name != "checkpoint" && name != "every entry" {
                wrong.push(format!("{number}: no event {name}"));
            }
        }
        for name in row.tests.iter().filter(|name| !tests.contains(*name)) {
            wrong.push(format!("{number}: no test {name}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_page_is_what_the_rows_say() {
    let kinds = read(&root().join("src/practice/statements/kinds.tsv"));
    let kinds: BTreeMap<_, _> = kinds.lines().filter_map(|line| line.split_once('\t')).collect();
    let rows = rows();
    let mut page = String::from(HEAD);
    for rule in numbers() {
        let kind = kinds.get(rule.number()).copied().unwrap_or("I");
        let row = rows.get(rule.number()).unwrap_or_else(|| panic!("{rule} has no row"));
        let code =
            |names: &[String]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let cells = [code(&row.enforced), code(&row.recorded), code(&row.tests)];
        writeln!(page, "| {rule} | {} | {kind} | {} |", rule.title(), cells.join(" | "))
            .expect("a string takes all");
    }
    page.push_str(CASES);
    for (number, case) in (1..).zip(cases()) {
        let tests = case.tests.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let or_none = |cell: &String| if cell.is_empty() { "none".to_owned() } else { cell.clone() };
        let [expected, tests, left] = [&case.expected, &tests, &case.left].map(or_none);
        writeln!(page, "| {number} | {} | {expected} | {tests} | {left} |", case.what)
            .expect("a string takes all");
    }
    super::examples::is_or_becomes("docs/practice.md", &page);
}

/// A nasty case, in the order of their numbers.
struct Case {
    what: String,
    expected: String,
    tests: Vec<String>,
    /// What of it is not built.
    left: String,
}

fn cases() -> Vec<Case> {
    let rows = include_str!("cases.tsv").lines().enumerate();
    rows.map(|(at, line)| {
        let cells: Vec<_> = line.split('\t').collect();
        let [number, what, expected, tests, left] = cells[..] else { panic!("five columns: {line}") };
        assert_eq!(number, (at + 1).to_string(), "each case once, in order");
        Case {
            what: what.to_owned(),
            expected: expected.to_owned(),
            tests: list(tests),
            left: left.to_owned(),
        }
    })
    .collect()
}

#[test]
fn every_nasty_case_has_its_expectation_and_a_test_or_says_what_is_left() {
    let (_, tests) = functions();
    let cases = cases();
    assert_eq!(cases.len(), 65);
    let mut missing = Vec::new();
    for case in cases {
        assert!(!case.what.is_empty());
        assert!(
            !case.left.is_empty() || !(case.expected.is_empty() || case.tests.is_empty()),
            "{}",
            case.what
        );
        missing.extend(case.tests.into_iter().filter(|name| !tests.contains(name)));
    }
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}

const CASES: &str = "\n## Nasty cases\n\n\
    What goes wrong in practice, what then happens, and the test of it. The last column says what of a case\n\
    is not built.\n\n\
    | case | what goes wrong | what happens | tested by | left |\n|---|---|---|---|---|\n";

const HEAD: &str = "# The practice: where each statement lives\n\n\
    This page is generated from src/practice/statements by its own test, which fails when a number has\n\
    no row, or a row names a function, an event or a test that does not exist.\n\n\
    S-numbers are statements of the published practice, I-numbers the invariants that an auditor replays.\n\
    Kinds: R a rule that refuses, F a fact that is recorded, N a number that reports count, P a proof,\n\
    I an invariant. `recorded` means that nothing refuses: the log holds it so that reports can count it.\n\n\
    | number | what it demands | kind | enforced in | recorded as | broken by the test |\n|---|---|---|---|---|---|\n";
