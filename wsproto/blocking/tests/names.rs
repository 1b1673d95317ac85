//! The table that holds the names of this crate and of `tokio-wsproto` side by side is what the lists of their public API say.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

const TOKIO: &str = include_str!("../../docs/public-api-tokio-wsproto.txt");
const BLOCKING: &str = include_str!("../../docs/public-api-wsproto-blocking.txt");
const PAGE: &str = include_str!("../../docs/sockets.md");

/// Types, traits and modules with their functions; functions of the crate itself stand under "".
type Names = BTreeMap<String, BTreeSet<String>>;

fn names(list: &str, root: &str) -> Names {
    let mut names = Names::new();
    let mut is_inherent = true;
    for line in list.lines() {
        if line.starts_with("impl") {
            is_inherent = !line.contains(" for ");
            continue;
        }
        let item = ["pub use ", "pub enum ", "pub struct ", "pub trait ", "pub mod "];
        if let Some(path) = item.iter().find_map(|kind| line.strip_prefix(kind)) {
            is_inherent = true;
            let path = path.strip_prefix(root).and_then(|path| path.strip_prefix("::")).unwrap_or_default();
            names.entry(bare(path)).or_default();
        } else if let Some((_, function)) = line.split_once("fn ") {
            let path = function.split('(').next().unwrap();
            // Some are of blanket impls, for types of others.
            let Some(path) = path.strip_prefix(root).and_then(|path| path.strip_prefix("::")) else {
                continue;
            };
            let plain = without_generics(path);
            let (owner, name) = plain.rsplit_once("::").unwrap_or(("", &plain));
            // Methods of traits are these traits' matter.
            if is_inherent || owner.is_empty() {
                names.entry(owner.to_owned()).or_default().insert(name.to_owned());
            }
        }
    }
    names
}

/// Takes a path up to what is not part of it.
fn bare(path: &str) -> String {
    without_generics(path).split(['(', ' ']).next().unwrap_or_default().trim_end_matches(':').to_owned()
}

fn without_generics(path: &str) -> String {
    let mut depth = 0;
    let outside = path.chars().filter(|c| {
        depth += i32::from(*c == '<');
        let is_outside = depth == 0;
        depth -= i32::from(*c == '>');
        is_outside
    });
    outside.collect()
}

/// The table, as it should be: of what both crates have, those names that are in both, and those in one alone.
fn table() -> String {
    let (tokio, blocking) = (names(TOKIO, "tokio_wsproto"), names(BLOCKING, "wsproto_blocking"));
    let mut table =
        String::from("| | in both | tokio-wsproto alone | wsproto-blocking alone |\n|---|---|---|---|\n");
    let shown = |names: Vec<&String>| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        if names.is_empty() { "–".to_owned() } else { names.join(", ") }
    };
    let is_type = |name: &str| !name.is_empty() && tokio.contains_key(name) && blocking.contains_key(name);
    let none = BTreeSet::new();
    for (name, ours) in blocking.iter().filter(|(name, _)| name.is_empty() || is_type(name)) {
        let theirs = tokio.get(name).unwrap_or(&none);
        if ours.is_empty() && theirs.is_empty() {
            continue; // it is the same, of wsproto or wsproto-adapter
        }
        let title = if name.is_empty() { "functions" } else { &format!("`{name}`") };
        let both = shown(ours.intersection(theirs).collect());
        let (left, right) =
            (shown(theirs.difference(ours).collect()), shown(ours.difference(theirs).collect()));
        let _ = writeln!(table, "| {title} | {both} | {left} | {right} |");
    }
    let keys = |names: &Names| names.keys().cloned().collect::<BTreeSet<_>>();
    let (ours, theirs) = (keys(&blocking), keys(&tokio));
    let both = shown(ours.intersection(&theirs).filter(|name| blocking[*name].is_empty()).collect());
    let (left, right) =
        (shown(theirs.difference(&ours).collect()), shown(ours.difference(&theirs).collect()));
    let _ = writeln!(table, "| other names | {both} | {left} | {right} |");
    table
}

#[test]
fn the_table_is_what_the_lists_say() {
    let is = table();
    assert!(
        is.contains("\n| `WebSocket` | `age`, `close`, ") && is.contains("\n| functions | `accept`, "),
        "{is}"
    );
    let said: String =
        PAGE.lines().filter(|line| line.starts_with('|')).map(|line| format!("{line}\n")).collect();
    assert!(said == is, "wsproto/docs/sockets.md should have this table:\n\n{is}");
}
