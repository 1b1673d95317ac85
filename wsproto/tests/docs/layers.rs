//! The layers import downwards only. Reads the sources and checks who names whom.

use std::fs;
use std::path::{Path, PathBuf};

/// Module by module, the modules of the crate that it may name.
const MAY_IMPORT: [(&str, &[&str]); 8] = [
    ("wire", &[]),
    ("error", &["wire"]),
    ("deadlines", &["wire"]),
    ("backoff", &["wire"]),
    ("deflate", &["wire", "error"]),
    ("handshake", &["wire", "error", "deflate"]),
    ("connection", &["wire", "error", "deflate"]),
    ("session", &["connection", "deflate", "wire", "error"]),
];

#[test]
fn each_layer_imports_only_what_lies_below_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = Vec::new();
    for (module, allowed) in MAY_IMPORT {
        let files = [src.join(format!("{module}.rs")), src.join(module)].into_iter().flat_map(sources);
        for file in files {
            seen.push(file.clone());
            let in_crate = file.strip_prefix(&src).unwrap();
            for (number, name) in named_modules(&fs::read_to_string(&file).unwrap(), depth(in_crate)) {
                assert!(
                    name == module || allowed.contains(&&*name),
                    "{}:{number}: `{module}` may not import `{name}`",
                    file.display(),
                );
            }
        }
    }
    seen.push(src.join("lib.rs"));
    let missed: Vec<_> = sources(src).into_iter().filter(|file| !seen.contains(file)).collect();
    assert!(missed.is_empty(), "in no layer: {missed:?}");
}

#[test]
fn every_way_to_name_a_module_is_seen() {
    let names = |code, file| {
        named_modules(code, depth(Path::new(file))).map(|(_, name)| name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names("use crate::wire::Mask;", "connection/sender.rs"), "wire");
    assert_eq!(names("let key = crate::wire::key(crate::error::E);", "error.rs"), "wire error");
    assert_eq!(names("use super::connection::Config;", "handshake/mod.rs"), "connection");
    assert_eq!(names("use super::connection::Config;", "error.rs"), "connection");
    assert_eq!(names("use super::super::connection::Config;", "handshake/head.rs"), "connection");
    // Not by name: it could be any of them.
    assert_eq!(named_modules("use crate::{wire, error};", 1).last(), Some((1, String::new())));
    assert_eq!(named_modules("use super::super::*;", 2).last(), Some((1, String::new())));
    // Within a layer.
    assert_eq!(named_modules("use super::Config;", depth(Path::new("connection/sender.rs"))).count(), 0);
    assert_eq!(named_modules("mod tests {\n    use super::*;", depth(Path::new("wire/mod.rs"))).count(), 0);
    assert_eq!(named_modules("/// See [`Session`](crate::session::Session).", 1).count(), 0);
}

#[test]
fn without_default_features_there_is_no_dependency() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    // Those of some machines only stand in a table of their own.
    let tables = manifest.split("\n[").filter(|table| {
        let header = table.lines().next().unwrap();
        header == "dependencies]" || header.ends_with(".dependencies]")
    });
    let lines = tables.flat_map(|table| table.lines().skip(1));
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        assert!(line.contains("optional = true"), "{line}");
        assert!(line.contains("default-features = false"), "{line}");
    }
}

/// How many `super` lead from a source file to the root of the crate.
fn depth(in_crate: &Path) -> usize {
    in_crate.components().count() - usize::from(in_crate.ends_with("mod.rs"))
}

/// The modules that `code` names from the root of the crate, with their lines: the name is empty if it is a list, or `*`.
fn named_modules(code: &str, mut depth: usize) -> impl Iterator<Item = (usize, String)> {
    let mut found = Vec::new();
    for (number, line) in code.lines().enumerate() {
        // The tests at a file's end are a module of their own.
        depth += usize::from(line.starts_with("mod tests {"));
        // Links in the docs may point anywhere: they are no imports.
        let code = line.split("//").next().unwrap_or_default().replace(&"super::".repeat(depth), "crate::");
        found.extend(code.split("crate::").skip(1).map(|named| {
            let name = named.chars().take_while(|c| c.is_alphanumeric() || *c == '_');
            (number + 1, name.collect())
        }));
    }
    found.into_iter()
}

pub fn sources(path: PathBuf) -> Vec<PathBuf> {
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap();
        return entries.flat_map(|entry| sources(entry.unwrap().path())).collect();
    }
    let is_source = path.extension().is_some_and(|extension| extension == "rs");
    if is_source && path.exists() { vec![path] } else { Vec::new() }
}
