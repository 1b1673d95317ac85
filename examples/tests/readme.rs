//! The numbers in the README are those of the programs.

use std::path::Path;

const README: &str = include_str!("../README.md");

/// The most that a program on `tokio-wsproto` or `wsproto-blocking` may have, and what those may that do more.
const MOST: usize = 60;
const MOST_OF: [(&str, usize); 5] = [
    ("pubsub.rs", 140),
    ("client_std.rs", 160),
    ("echo_std.rs", 40),
    ("broadcast.rs", 40),
    ("http/h2_extended_connect.rs", 90),
];
/// The first that is not held to that.
const LONGER: &str = "\nOver HTTP/3";

/// Counts lines that are neither empty nor comments.
fn lines_of_code(program: &str) -> usize {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(program);
    let source = std::fs::read_to_string(path).unwrap();
    source.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

/// Programs and numbers, from the rows of a table that end with a number.
fn rows(tables: &str) -> Vec<(&str, usize)> {
    let rows = tables.lines().filter_map(|line| {
        let (program, number) = line.strip_suffix(" |")?.rsplit_once(" | ")?;
        Some((program.split('`').nth(1)?, number.parse().ok()?))
    });
    rows.collect()
}

#[test]
fn the_lines_of_code_are_as_the_readme_says() {
    let (on_our_crates, others) = README.split_once(LONGER).unwrap();
    let (short, long) = (rows(on_our_crates), rows(others));
    assert!(short.len() >= 11 && long.len() >= 12, "the tables have lost programs");
    for (program, said) in short.iter().chain(&long) {
        assert_eq!(lines_of_code(program), *said, "{program}");
    }
    for (program, lines) in short {
        let most = MOST_OF.iter().find(|(other, _)| *other == program).map_or(MOST, |(_, most)| *most);
        assert!(lines <= most, "{program}: {lines} lines, not {most}");
    }
    for (shared, words) in [
        ("http/server.rs", "`server.rs`, of "),
        ("http/tls.rs", "`tls.rs`, of "),
        ("http/lib.rs", "`lib.rs`, of "),
    ] {
        let said = README.split_once(words).unwrap().1;
        assert!(said.starts_with(&lines_of_code(shared).to_string()), "{shared}: {}", lines_of_code(shared));
    }
}
