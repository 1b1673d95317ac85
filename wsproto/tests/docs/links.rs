//! Each relative link in the project's Markdown leads to a file that is there, and to a heading that it has.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn each_relative_link_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut pages = Vec::new();
    collect_pages(&root, &mut pages);
    let mut links = 0;
    let mut dead = Vec::new();
    for page in &pages {
        let text = fs::read_to_string(page).unwrap();
        for link in links_of(&text).filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            links += 1;
            if !leads_somewhere(page, &text, link) {
                dead.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
    assert!(pages.len() > 10 && links > 50, "{} pages, {links} links", pages.len());
}

fn collect_pages(folder: &Path, pages: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if entry.file_type().unwrap().is_symlink() {
            continue; // it is looked at where it lies
        }
        if path.is_dir() && !["target", ".git", "node_modules"].contains(&&*name) {
            collect_pages(&path, pages);
        } else if path.is_file() && path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
}

/// The targets of `[text](target)`, outside of code.
fn links_of(text: &str) -> impl Iterator<Item = &str> {
    prose(text).flat_map(|line| line.split('`').step_by(2)).flat_map(|part| {
        // Text in backquotes splits a link, and its target is behind.
        part.match_indices("](").filter_map(|(at, open)| part[at + open.len()..].split(')').next())
    })
}

/// The lines that stand in no block of code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    })
}

fn leads_somewhere(page: &Path, text: &str, link: &str) -> bool {
    let (file, heading) = link.split_once('#').map_or((link, None), |(file, heading)| (file, Some(heading)));
    let target = page.parent().unwrap().join(file);
    match heading {
        None => target.exists(),
        Some(heading) if file.is_empty() => has_heading(text, heading),
        Some(heading) => fs::read_to_string(target).is_ok_and(|text| has_heading(&text, heading)),
    }
}

fn has_heading(text: &str, wanted: &str) -> bool {
    prose(text)
        .filter(|line| line.starts_with('#'))
        .any(|line| anchor(line.trim_start_matches('#')) == wanted)
}

/// A heading as the target of a link: in lower case, without punctuation, with hyphens for spaces.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).flat_map(char::to_lowercase).collect()
}
