//! The programs that a reader meets first are short, and compiled.

const PAGE: &str = include_str!("../README.md");

/// Returns the first Rust program under a heading.
fn program(heading: &str) -> &'static str {
    let (_, section) = PAGE.split_once(&format!("\n## {heading}\n")).expect("the heading is there");
    let section = section.split("\n## ").next().unwrap();
    let (_, block) = section.split_once("\n```rust,no_run\n").expect("a program is there");
    block.split_once("\n```\n").expect("the program ends").0
}

#[test]
fn a_server_and_a_client_have_twenty_lines() {
    for (heading, call) in
        [("A server", "wsproto_blocking::accept("), ("A client", "wsproto_blocking::connect(")]
    {
        let lines = program(heading).lines().filter(|line| !line.is_empty()).count();
        assert!(program(heading).contains(call) && lines <= 20, "{heading}: {lines}");
    }
    assert!(include_str!("../src/lib.rs").contains("#[doc = include_str!(\"../README.md\")]"));
}
