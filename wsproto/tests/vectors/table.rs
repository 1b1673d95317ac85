//! Reads the table. Shared by the tests of the library and of the examples.

use std::{fs, path::Path};

use serde_json::{Map, Value};

/// All cases of all files, each with its `group`.
pub fn cases() -> Vec<Map<String, Value>> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["tests/vectors", "../wsproto/tests/vectors"].map(|folder| package.join(folder));
    let folder = folders.iter().find(|folder| folder.is_dir()).expect("the table");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let file: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(file["group"], path.file_stem().unwrap().to_str().unwrap());
        for case in file["cases"].as_array().unwrap() {
            let mut case = case.as_object().unwrap().clone();
            case.insert("group".to_owned(), file["group"].clone());
            cases.push(case);
        }
    }
    cases
}

pub fn string<'c>(case: &'c Map<String, Value>, key: &str) -> &'c str {
    case.get(key).and_then(Value::as_str).unwrap_or_else(|| panic!("{key} in {case:?}"))
}

/// The bytes of a string of hex digits: spaces mean nothing, `ab*100` is 100 times `ab`.
pub fn bytes(notation: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in notation.split_whitespace() {
        let (digits, times) = word.split_once('*').unwrap_or((word, "1"));
        assert!(digits.len() % 2 == 0 && digits.is_ascii(), "{word}");
        let unit: Vec<u8> = (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
            .collect();
        bytes.extend(unit.repeat(times.parse().unwrap()));
    }
    bytes
}

/// The bytes of a list of such strings, one after the other.
pub fn all_bytes(list: &Value) -> Vec<u8> {
    list.as_array().unwrap().iter().flat_map(|word| bytes(word.as_str().unwrap())).collect()
}

/// An event, as `events` lists them.
#[derive(Debug, PartialEq, Eq)]
pub enum Entry {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
}

pub fn entries(list: &Value) -> Vec<Entry> {
    list.as_array().unwrap().iter().map(entry).collect()
}

fn entry(event: &Value) -> Entry {
    let event = event.as_object().unwrap();
    assert_eq!(event.len(), 1, "{event:?}");
    let (name, value) = event.iter().next().unwrap();
    let payload = || bytes(value.as_str().unwrap());
    match name.as_str() {
        "text" => Entry::Text(value.as_str().unwrap().to_owned()),
        "binary" => Entry::Binary(payload()),
        "ping" => Entry::Ping(payload()),
        "pong" => Entry::Pong(payload()),
        "close" => Entry::Close(value.as_object().map(|close| {
            (u16::try_from(close["code"].as_u64().unwrap()).unwrap(), string(close, "reason").to_owned())
        })),
        _ => panic!("{name}"),
    }
}

/// The bytes of an HTTP head: each character is one.
pub fn latin1(string: &str) -> Vec<u8> {
    string.chars().map(|char| u8::try_from(u32::from(char)).unwrap()).collect()
}

/// Tells whether this is a section of RFC 6455, such as `5.5.1`.
pub fn has_section(section: &str) -> bool {
    let mut numbers = section.split('.').map(str::parse::<u8>);
    matches!(numbers.next(), Some(Ok(1..=11))) && numbers.all(|number| matches!(number, Ok(1..=12)))
}
