//! The first programs that a reader meets are compiled: the repository's page shows those of the crates' pages.

const OURS: &str = include_str!("../README.md");
const TOP: &str = include_str!("../../../README.md");

/// Returns the first Rust program under a heading.
fn program<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).expect("the heading is there");
    let section = section.split("\n## ").next().unwrap();
    let (_, block) = section.split_once("\n```rust").expect("a program is there");
    let (_, block) = block.split_once('\n').unwrap();
    block.split_once("\n```\n").expect("the program ends").0
}

#[test]
fn the_repositorys_page_shows_the_session_that_the_engine_compiles() {
    let engine = include_str!("../../README.md");
    assert_eq!(program(TOP, "The engine alone"), program(engine, "Whole messages"));
    assert!(include_str!("../../src/lib.rs").contains("#[doc = include_str!(\"../README.md\")]"));
}

#[test]
fn the_repositorys_page_shows_the_server_that_is_compiled_here() {
    let ours = program(OURS, "A server");
    assert_eq!(program(TOP, "An echo server over tokio"), ours);
    assert!(ours.contains("Serve::new(") && ours.lines().count() <= 25, "{ours}");
    // And it is compiled here.
    assert!(OURS.contains(&format!("\n```rust,no_run\n{ours}\n```\n")));
    assert!(include_str!("../src/lib.rs").contains("#[doc = include_str!(\"../README.md\")]"));
}
