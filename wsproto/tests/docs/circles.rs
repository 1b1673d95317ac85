//! No two files of a layer need each other, be it through others. Reads who imports what; a `mod.rs` that only passes a
//! name on is looked through.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::layers::sources;

#[test]
fn no_files_of_a_layer_import_each_other() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut layers = Crate::default();
    for file in sources(src.clone()) {
        layers.add(file.strip_prefix(&src).unwrap().to_str().unwrap(), &fs::read_to_string(&file).unwrap());
    }
    let imports = layers.imports();
    let count: usize = imports.values().map(BTreeSet::len).sum();
    assert!(count > 50, "{count} imports are seen");
    let circles = circles(imports);
    assert!(circles.is_empty(), "these import each other: {circles:#?}");
}

#[test]
fn every_way_to_import_from_a_file_is_seen() {
    for (importing, expected) in [
        ("use super::b::B;", "layer/b.rs"),
        ("use super::b;", "layer/b.rs"),
        ("use super::{\n    C, b::{self, B},\n};", "layer/b.rs layer/c.rs"),
        ("use crate::layer::b::*;", "layer/b.rs"),
        ("fn f() {\n    super::b::f();\n}", "layer/b.rs"),
        ("mod inner {\n    use super::super::b::B;\n}", "layer/b.rs"),
        ("mod inner {\n    use super::b;\n}\nuse super::C;", "layer/c.rs"),
        // Through the layer's front, and through two.
        ("use super::B;", "layer/b.rs"),
        ("pub use super::D as E;", "layer/deep/d.rs"),
        ("use super::either::F;", "layer/one.rs layer/two.rs"),
        // What the front has itself.
        ("use super::A;", "layer/mod.rs"),
        // Not of the layer, or no import.
        ("use crate::other::B;\nuse std::fmt;", ""),
        ("// use super::b::B;", ""),
        ("pub(super) fn f() {}\npub(in crate::layer) fn g() {}", ""),
        ("mod tests {\n    use super::super::b::B;\n}", ""),
    ] {
        let mut layer = layer();
        layer.add("layer/a.rs", importing);
        let imports = layer.imports()["layer/a.rs"].iter().copied().collect::<Vec<_>>().join(" ");
        assert_eq!(imports, expected, "{importing}");
    }
}

#[test]
fn a_circle_is_found_however_long_it_is() {
    let mut layer = layer();
    layer.add("layer/b.rs", "use super::C;");
    assert!(circles(layer.imports()).is_empty());
    layer.add("layer/c.rs", "use super::D;");
    assert!(circles(layer.imports()).is_empty());
    layer.add("layer/deep/d.rs", "use crate::layer::b::B;");
    assert_eq!(circles(layer.imports()), ["layer/b.rs", "layer/c.rs", "layer/deep/d.rs"]);
    // The front is in it once it does more than to pass a name on.
    layer.add("layer/c.rs", "use super::A;");
    assert!(circles(layer.imports()).is_empty());
    layer.add("layer/mod.rs", "pub use c::C;\nstruct A(C);");
    assert_eq!(circles(layer.imports()), ["layer/c.rs", "layer/mod.rs"]);
}

/// A layer of a front and some files.
fn layer() -> Crate {
    let mut layer = Crate::default();
    let front = "pub use b::B;\npub(crate) use c::{C, X};\npub use deep::D;\n\
        #[path = \"one.rs\"]\nmod either;\n#[path = \"two.rs\"]\nmod either;\npub struct A;";
    layer.add("layer/mod.rs", front);
    layer.add("layer/deep/mod.rs", "pub use d::D;");
    for file in ["layer/b.rs", "layer/c.rs", "layer/deep/d.rs", "layer/one.rs", "layer/two.rs", "other.rs"] {
        layer.add(file, "");
    }
    layer
}

/// The files that are left when all are taken away that import none, or are imported by none.
fn circles<'f>(mut imports: BTreeMap<&'f str, BTreeSet<&'f str>>) -> Vec<&'f str> {
    loop {
        let before = imports.len();
        let imported: BTreeSet<_> = imports.values().flatten().copied().collect();
        imports.retain(|file, others| imported.contains(file) && !others.is_empty());
        let left: BTreeSet<_> = imports.keys().copied().collect();
        for others in imports.values_mut() {
            others.retain(|other| left.contains(other));
        }
        if imports.len() == before {
            return imports.into_keys().collect();
        }
    }
}

/// A crate's files, each with what it imports, as paths from the root.
#[derive(Default)]
struct Crate {
    files: BTreeMap<String, Source>,
}

#[derive(Default)]
struct Source {
    /// The module that the file is.
    module: Vec<String>,
    /// What it imports or names.
    named: Vec<Vec<String>>,
    /// What it passes on: the name that it has here, where it is from, and whether the file needs it, too.
    passed_on: Vec<(String, Vec<String>, bool)>,
    /// Modules that lie in a file of another name.
    elsewhere: Vec<(String, String)>,
}

impl Crate {
    fn add(&mut self, path: &str, text: &str) {
        self.files.insert(path.to_owned(), Source::read(path, text));
    }

    /// Of each file, the files of its layer that it imports from.
    fn imports(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        self.files.iter().map(|(path, source)| (&**path, self.imports_of(path, source))).collect()
    }

    fn imports_of(&self, path: &str, source: &Source) -> BTreeSet<&str> {
        let needed = source.passed_on.iter().filter(|(.., needed)| *needed).map(|(_, from, _)| from);
        let files = source.named.iter().chain(needed).flat_map(|named| self.files_of(named));
        files
            .filter(|file| *file != path && self.files[*file].module.first() == source.module.first())
            .collect()
    }

    /// The files that have what a path names: several, if which one it is depends on features.
    fn files_of(&self, named: &[String]) -> Vec<&str> {
        let Some((path, source)) = self.nearest(named) else { return Vec::new() };
        let Some(name) = named.get(source.module.len()) else { return vec![path] };
        let folder = path.trim_end_matches("mod.rs");
        let elsewhere: Vec<_> = source
            .elsewhere
            .iter()
            .filter(|(module, _)| module == name)
            .filter_map(|(_, file)| self.files.get_key_value(&format!("{folder}{file}")))
            .map(|(file, _)| &**file)
            .collect();
        if !elsewhere.is_empty() {
            return elsewhere;
        }
        match source.passed_on.iter().find(|(passed, ..)| passed == name) {
            Some((_, from, _)) => self.files_of(from),
            None => vec![path],
        }
    }

    /// The file of the innermost module on a path.
    fn nearest(&self, named: &[String]) -> Option<(&str, &Source)> {
        let files = self
            .files
            .iter()
            .filter(|(_, source)| !source.module.is_empty() && named.starts_with(&source.module));
        files.max_by_key(|(_, source)| source.module.len()).map(|(path, source)| (&**path, source))
    }
}

impl Source {
    fn read(path: &str, text: &str) -> Self {
        let module = path.trim_end_matches(".rs").trim_end_matches("/mod").trim_end_matches("lib");
        let module: Vec<_> = module.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let mut source = Self { module: module.clone(), ..Self::default() };
        // As rustfmt leaves a module within the file: it ends where a brace is indented as it is.
        let mut within: Vec<(usize, String)> = Vec::new();
        let mut at = module;
        let mut elsewhere = None;
        let mut rest = String::new();
        let mut lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
        while let Some(line) = lines.next() {
            let code = line.trim();
            let indent = line.len() - line.trim_start().len();
            if within.last().is_some_and(|(outer, _)| *outer == indent && code == "}") {
                within.pop();
                at.pop();
            }
            if code == "mod tests {" {
                break;
            }
            let (visibility, item) = split_visibility(code);
            if let Some(name) = item.strip_prefix("mod ").and_then(|name| name.strip_suffix(" {")) {
                within.push((indent, name.to_owned()));
                at.push(name.to_owned());
            } else if let Some(name) = item.strip_prefix("mod ").and_then(|name| name.strip_suffix(';')) {
                source.elsewhere.extend(elsewhere.take().map(|file| (name.to_owned(), file)));
            } else if let Some(file) = item.strip_prefix("#[path = \"") {
                elsewhere = file.strip_suffix("\"]").map(str::to_owned);
            } else if let Some(tree) = item.strip_prefix("use ") {
                let mut tree = tree.to_owned();
                while !tree.ends_with(';') {
                    tree += lines.next().expect("the end of a statement").trim();
                }
                for (path, name) in paths(tree.trim_end_matches(';')) {
                    let path = from_root(&path, &at);
                    match visibility {
                        "" => source.named.push(path),
                        _ => source.passed_on.push((name, path, false)),
                    }
                }
            } else {
                rest = rest + item + "\n";
                source.named.extend(named_in(item).iter().map(|path| from_root(path, &at)));
            }
        }
        let words: BTreeSet<_> = rest.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        // In a file that is no front, what is passed on is needed as well.
        let is_front = path.ends_with("mod.rs");
        for (name, _, needed) in &mut source.passed_on {
            *needed = !is_front || words.contains(&**name);
        }
        source
    }
}

fn split_visibility(code: &str) -> (&str, &str) {
    if let Some(scoped) = code.strip_prefix("pub(") {
        return scoped.split_once(") ").unwrap_or_default();
    }
    code.strip_prefix("pub ").map_or(("", code), |item| ("pub", item))
}

/// The paths of a `use`, each with the name that it has then.
fn paths(tree: &str) -> Vec<(Vec<&str>, String)> {
    let Some((prefix, list)) = tree.split_once('{') else {
        let (path, name) = tree.split_once(" as ").unwrap_or((tree, tree));
        let path: Vec<_> = path.split("::").map(str::trim).filter(|name| *name != "*").collect();
        return vec![(path, name.rsplit("::").next().unwrap().trim().to_owned())];
    };
    let prefix: Vec<_> = prefix.trim_end_matches("::").split("::").map(str::trim).collect();
    let list = list.rsplit_once('}').expect("a closing brace").0;
    let mut found = Vec::new();
    for (path, name) in elements(list).flat_map(paths) {
        // `self` in a list is the module before it.
        let path = prefix.iter().copied().chain(path.into_iter().filter(|name| *name != "self")).collect();
        found.push((path, name));
    }
    found
}

/// What stands between commas, lists of lists whole.
fn elements(list: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    let elements = list.split(move |c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    elements.map(str::trim).filter(|element| !element.is_empty())
}

/// The paths that a line names from the root, or from a module around it.
fn named_in(code: &str) -> Vec<Vec<&str>> {
    let is_in_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let words = code.split(|c| !is_in_path(c)).filter(|word| word.contains("::"));
    let paths = words.map(|word| word.split("::").filter(|name| !name.is_empty()).collect::<Vec<_>>());
    paths.filter(|path| matches!(path.first(), Some(&"crate" | &"super" | &"self"))).collect()
}

/// A path that is named in the module `at`, as one from the root.
fn from_root(path: &[&str], at: &[String]) -> Vec<String> {
    let mut root = at.to_vec();
    for name in path {
        match *name {
            "crate" => root.clear(),
            "self" => {}
            "super" => drop(root.pop()),
            name => root.push(name.to_owned()),
        }
    }
    root
}
