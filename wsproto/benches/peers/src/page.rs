//! The page that shows what was measured: `wsproto/docs/performance.md`.

use std::fs;
use std::path::PathBuf;

/// Prints a part of the page, and puts it there between its marks if `--write` was given.
pub fn show(part: &str, text: &str) {
    println!("{text}");
    if !is_to_be_written() {
        return;
    }
    let path = docs().join("performance.md");
    let page = fs::read_to_string(&path).expect("the page");
    let (begin, end) = (format!("<!-- {part}: begin -->\n"), format!("<!-- {part}: end -->"));
    let (before, rest) = page.split_once(&begin).expect("the mark of its beginning");
    let (_, after) = rest.split_once(&end).expect("the mark of its end");
    fs::write(&path, format!("{before}{begin}{}\n{end}{after}", text.trim_end())).expect("the page");
}

/// Writes a picture beside the page, if `--write` was given.
pub fn draw(name: &str, svg: &str) {
    if is_to_be_written() {
        fs::write(docs().join(name), svg).expect("the picture");
    }
}

/// One line on the machine and the compiler.
pub fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let rustc = std::process::Command::new("rustc").arg("--version").output();
    let rustc = rustc.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    format!(
        "{}, {cores} cores, Linux {}, {}; load before: {}",
        model.trim_start_matches([' ', '\t', ':']),
        kernel.trim(),
        rustc.unwrap_or_default(),
        load.split(' ').next().unwrap_or_default(),
    )
}

/// Three digits that count, and thousands apart.
pub fn figure(value: f64) -> String {
    if value < 9.95 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn is_to_be_written() -> bool {
    std::env::args().any(|argument| argument == "--write")
}

fn docs() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs"))
}
