//! The table in `docs/lines.md` counts these programs. With `LINES_WRITE` set it is written, else it is compared.

use std::fs;
use std::path::Path;

const PAGE: &str = "../../docs/lines.md";
const MARKS: (&str, &str) = ("<!-- lines -->\n", "<!-- end of lines -->");
/// Its name, and how the names of its programs end.
const CRATES: [(&str, &str); 6] = [
    ("tokio-wsproto", "tokio_wsproto"),
    ("tungstenite", "tungstenite"),
    ("tokio-tungstenite", "tokio_tungstenite"),
    ("tokio-websockets", "tokio_websockets"),
    ("fastwebsockets", "fastwebsockets"),
    ("axum", "axum"),
];
const PROGRAMS: [(&str, &str); 3] = [
    ("an echo server", "echo"),
    ("a chat, all hear all", "chat"),
    ("a client that sends lines and prints", "client"),
];
/// Those that were written on tokio-wsproto alone.
const MORE: [(&str, &str); 3] = [
    ("a pub/sub server: tokens, rooms, limits", "pubsub.rs"),
    ("a client over TLS that connects again", "client_tokio.rs"),
    ("a proxy for messages of any size", "proxy.rs"),
];

/// Counts lines that are neither empty nor comments; `None` where there is no such program.
fn lines_of_code(path: &str) -> Option<usize> {
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()?;
    Some(source.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count())
}

fn row(what: &str, counts: impl Iterator<Item = Option<usize>>) -> String {
    let counts: Vec<_> =
        counts.map(|count| count.map_or("–".to_owned(), |count| count.to_string())).collect();
    format!("| {what} | {} |\n", counts.join(" | "))
}

fn table() -> String {
    let names: Vec<_> = CRATES.iter().map(|(name, _)| *name).collect();
    let mut table =
        format!("| lines of code | {} |\n|---{}|\n", names.join(" | "), "|---".repeat(names.len()));
    for (what, program) in PROGRAMS {
        let path = |suffix: &str| match (program, suffix) {
            ("chat", "tokio_wsproto") => "../../../examples/chat_tokio.rs".to_owned(),
            _ => format!("src/bin/{program}_{suffix}.rs"),
        };
        table += &row(what, CRATES.iter().map(|(_, suffix)| lines_of_code(&path(suffix))));
    }
    for (what, program) in MORE {
        let ours = lines_of_code(&format!("../../../examples/{program}"));
        assert!(ours.is_some(), "{program} is gone");
        table += &row(what, CRATES.iter().enumerate().map(|(at, _)| ours.filter(|_| at == 0)));
    }
    table
}

#[test]
fn the_table_is_that_of_the_programs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(MARKS.0).unwrap();
    let (said, after) = rest.split_once(MARKS.1).unwrap();
    let table = table();
    assert_eq!(table.matches('–').count(), 2 + MORE.len() * 5, "a program has gone:\n{table}");
    if std::env::var_os("LINES_WRITE").is_some() {
        fs::write(&path, format!("{before}{}{table}{}{after}", MARKS.0, MARKS.1)).unwrap();
    } else {
        assert_eq!(said, table, "renew it: .ci/lines --write");
    }
}
