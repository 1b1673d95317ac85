//! The numbers in the README are those of the programs.

use std::path::Path;

const README: &str = include_str!("../README.md");

/// The most that a program on `tokio-wsproto` may have, and what `pubsub.rs` may.
const MOST: usize = 60;
const MOST_OF_PUBSUB: usize = 140;

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
    let (on_tokio_wsproto, on_the_engine) = README.split_once("\nOn the engine alone").unwrap();
    let (short, long) = (rows(on_tokio_wsproto), rows(on_the_engine));
    assert!(short.len() >= 8 && long.len() >= 8, "the tables have lost programs");
    for (program, said) in short.iter().chain(&long) {
        assert_eq!(lines_of_code(program), *said, "{program}");
    }
    for (program, lines) in short {
        let most = if program == "pubsub.rs" { MOST_OF_PUBSUB } else { MOST };
        assert!(lines <= most, "{program}: {lines} lines, not {most}");
    }
    for (shared, words) in [("http/server.rs", "`server.rs`, of "), ("http/lib.rs", "`lib.rs`, of ")] {
        let said = README.split_once(words).unwrap().1;
        assert!(said.starts_with(&lines_of_code(shared).to_string()), "{shared}: {}", lines_of_code(shared));
    }
}
