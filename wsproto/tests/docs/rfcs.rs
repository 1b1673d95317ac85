//! `docs/rfc6455.md` and `docs/rfc7692.md` name a file, and a test or the caller, for each rule of their RFC: here it is
//! checked that they exist.

use std::fs;
use std::path::{Path, PathBuf};

use crate::named_tests::has_test;

#[test]
fn each_file_test_and_quotation_of_rfc_6455_exists() {
    let rules = check("docs/rfc6455.md");
    assert!(rules > 100, "{rules}");
}

#[test]
fn each_file_test_and_quotation_of_rfc_7692_exists() {
    let rules = check("docs/rfc7692.md");
    assert!(rules > 20, "{rules}");
}

/// Checks each rule of a page, and tells how many there are.
fn check(page: &str) -> usize {
    let page = read(&root().join(page));
    let mut rules = 0;
    for line in page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| § ")) {
        let [section, rule, place, tests] = cells(line)[..] else { panic!("four cells: {line}") };
        assert!(section.split('.').all(|number| number.parse::<u8>().is_ok()), "{line}");
        assert!(!rule.is_empty(), "{line}");
        for file in quoted(place).filter(|word| is_file(word)) {
            assert!(path(file).is_file(), "{file}: {line}");
        }
        let mut checks = 0;
        for name in quoted(tests).filter(|word| word.contains("::")) {
            assert!(has_test(name), "{name}: {line}");
            checks += 1;
        }
        for (before, after) in
            place.match_indices(" says \"").map(|(at, says)| place.split_at(at + says.len()))
        {
            let file = quoted(before).filter(|word| is_file(word)).last().expect(line);
            let phrase = after.split('"').next().unwrap();
            assert!(words(&read(&path(file))).contains(phrase), "{file} does not say {phrase:?}");
            assert!(place.contains("caller's: `"), "{line}");
            checks += 1;
        }
        assert!(checks > 0, "neither a test nor the caller: {line}");
        rules += 1;
    }
    rules
}

/// The cells of a table's line; `\|` stands for a bar.
fn cells(line: &str) -> Vec<&str> {
    let mut cells = Vec::new();
    let mut start = 1;
    for (at, _) in line.match_indices('|').filter(|(at, _)| *at > 0 && !line[..*at].ends_with('\\')) {
        cells.push(line[start..at].trim());
        start = at + 1;
    }
    cells
}

/// What stands between backquotes.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

fn is_file(word: &str) -> bool {
    [".rs", ".md"].iter().any(|end| word.ends_with(end))
}

/// A file as the page names it: of the sources, or, for what is not the library's alone, of the project.
fn path(file: &str) -> PathBuf {
    match file.strip_prefix("../") {
        Some(_) => root().join(file),
        None => root().join("src").join(file),
    }
}

/// The text without line ends and the marks of comments.
fn words(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim_start().trim_start_matches(['/', '!', '*']).trim());
    lines.collect::<Vec<_>>().join(" ")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
