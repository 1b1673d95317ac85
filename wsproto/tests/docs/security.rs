//! `SECURITY.md` says what a hostile peer can't do, each line with its tests: here it is checked that they exist.

use std::fs;
use std::path::Path;

use crate::named_tests::has_test;

#[test]
fn each_line_of_the_threat_model_names_tests_that_exist() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../SECURITY.md");
    let page = fs::read_to_string(page).unwrap();
    let mut lines = 0;
    for line in page.lines().filter(|line| is_claim(line)) {
        let tests = line.trim_end_matches('|').rsplit('|').next().unwrap();
        let names: Vec<_> = tests.split('`').skip(1).step_by(2).filter(|name| name.contains("::")).collect();
        assert!(!names.is_empty(), "no test: {line}");
        for name in names {
            assert!(has_test(name), "{name}: {line}");
        }
        lines += 1;
    }
    assert!(lines > 30, "{lines}");
}

/// A line of a table that is neither its head, nor the rule below that, nor a heading of its own.
fn is_claim(line: &str) -> bool {
    line.starts_with("| ")
        && !line.starts_with("| it tries")
        && !line.starts_with("| | ")
        && !line.starts_with("| **")
}
