//! The layers import downwards only. Reads the sources and checks who names whom.

use std::fs;
use std::path::{Path, PathBuf};

/// Module by module, the modules of the crate that it may name.
const MAY_IMPORT: [(&str, &[&str]); 5] = [
    ("wire", &[]),
    ("error", &["wire"]),
    ("handshake", &["wire", "error"]),
    ("connection", &["wire", "error"]),
    ("session", &["connection", "wire", "error"]),
];

#[test]
fn each_layer_imports_only_what_lies_below_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = Vec::new();
    for (module, allowed) in MAY_IMPORT {
        let files = [src.join(format!("{module}.rs")), src.join(module)].into_iter().flat_map(sources);
        for file in files {
            seen.push(file.clone());
            for (number, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
                // Links in the docs may point anywhere: they are no imports.
                let code = line.split("//").next().unwrap_or_default();
                for named in code.split("crate::").skip(1) {
                    let name: String =
                        named.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    assert!(
                        name == module || allowed.contains(&&*name),
                        "{}:{}: `{module}` may not import `{name}`",
                        file.display(),
                        number + 1
                    );
                }
            }
        }
    }
    seen.push(src.join("lib.rs"));
    let missed: Vec<_> = sources(src).into_iter().filter(|file| !seen.contains(file)).collect();
    assert!(missed.is_empty(), "in no layer: {missed:?}");
}

#[test]
fn without_default_features_there_is_no_dependency() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let dependencies = manifest.split("\n[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
    for line in dependencies.lines().filter(|line| !line.is_empty()) {
        assert!(line.contains("optional = true"), "{line}");
        assert!(line.contains("default-features = false"), "{line}");
    }
}

fn sources(path: PathBuf) -> Vec<PathBuf> {
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap();
        return entries.flat_map(|entry| sources(entry.unwrap().path())).collect();
    }
    let is_source = path.extension().is_some_and(|extension| extension == "rs");
    if is_source && path.exists() { vec![path] } else { Vec::new() }
}
