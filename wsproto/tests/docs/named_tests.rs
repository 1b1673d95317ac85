//! Tests that documents name.

use std::fs;
use std::path::Path;

/// Whether there is such a test: `layer/file.rs::test` in `tests/`, `src/layer/file.rs::test`, `vectors/file.json::case`.
pub fn has_test(name: &str) -> bool {
    let (file, test) = name.split_once("::").unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = if file.starts_with("src/") { root.join(file) } else { root.join("tests").join(file) };
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if Path::new(file).extension().is_some_and(|extension| extension == "json") {
        return text.contains(&format!("\"name\": \"{test}\","));
    }
    // The attribute stands right before the function, or before further attributes of it.
    let mut before = "";
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
        if before == "#[test]" && line.starts_with(&format!("fn {test}(")) {
            return true;
        }
        if !line.starts_with("#[") || line == "#[test]" {
            before = line;
        }
    }
    false
}
