//! The table, and what its tests need beside what `wsproto-test` has.

use serde_json::{Map, Value};

pub fn string<'c>(case: &'c Map<String, Value>, key: &str) -> &'c str {
    case.get(key).and_then(Value::as_str).unwrap_or_else(|| panic!("{key} in {case:?}"))
}

/// Tells whether this is a section of RFC 6455, such as `5.5.1`.
pub fn has_section(section: &str) -> bool {
    let mut numbers = section.split('.').map(str::parse::<u8>);
    matches!(numbers.next(), Some(Ok(1..=11))) && numbers.all(|number| matches!(number, Ok(1..=12)))
}
