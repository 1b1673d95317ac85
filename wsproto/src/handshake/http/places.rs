//! Where in a head the fields stand that the handshake asks for: so none of them is searched for in all the others.

use crate::wire::IS_SMALL;
use core::ops::Range;

/// What is asked for, on either side.
const NAMES: [&str; 12] = [
    "Host",
    "Expect",
    "Origin",
    "Upgrade",
    "Connection",
    "Content-Length",
    "Sec-WebSocket-Key",
    "Transfer-Encoding",
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Version",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Extensions",
];

/// The place of the fields of each of these names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places([Place; NOTED]);

/// Where the code counts more than the time, nothing is noted, and all lines are gone through for each field.
const NOTED: usize = if IS_SMALL { 0 } else { NAMES.len() };

/// From the beginning of the first line to the end of the last one; empty if there is none. Where it ends further on
/// than this can tell, it ends with the head, and where it begins further on, it begins with it.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: u16,
    end: u16,
}

impl Places {
    pub(crate) const fn new() -> Self {
        Self([Place { start: 0, end: 0 }; NOTED])
    }

    /// Takes note of the next line, of a field of this name.
    pub(crate) fn note(&mut self, name: &[u8], line: Range<usize>) {
        if IS_SMALL {
            return;
        }
        let Some(place) = number(name).and_then(|number| self.0.get_mut(number)) else {
            return;
        };
        if place.end == 0 {
            place.start = u16::try_from(line.start).unwrap_or(0);
        }
        place.end = u16::try_from(line.end).unwrap_or(u16::MAX);
    }

    /// Returns those of the `lines` between which all fields of this name are.
    #[inline]
    pub(crate) fn lines<'b>(&self, name: &str, lines: &'b [u8]) -> &'b [u8] {
        if IS_SMALL {
            return lines;
        }
        let Some(place) = number(name.as_bytes()).and_then(|number| self.0.get(number)) else {
            return lines;
        };
        let end = if place.end == u16::MAX { lines.len() } else { place.end.into() };
        lines.get(place.start.into()..end).unwrap_or_default()
    }
}

/// Returns the index in [`NAMES`].
fn number(name: &[u8]) -> Option<usize> {
    NAMES.iter().position(|known| known.len() == name.len() && known.as_bytes().eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::super::fields::{self, HeadFields};
    use super::NAMES;
    use std::vec::Vec;
    use std::{format, string::String};

    #[test]
    fn each_name_has_its_number_whatever_its_case() {
        for (number, name) in NAMES.iter().enumerate() {
            assert_eq!(super::number(name.as_bytes()), Some(number), "{name}");
            assert_eq!(super::number(name.to_uppercase().as_bytes()), Some(number), "{name}");
        }
        assert_eq!(super::number(b"Cookie"), None);
    }

    fn values(head: &str, name: &'static str) -> Vec<String> {
        let fields = HeadFields::parse(head.as_bytes()).unwrap();
        let all = fields::values(fields, name).map(|value| String::from_utf8_lossy(value).into());
        all.collect()
    }

    #[test]
    fn a_field_is_found_first_last_between_and_repeated() {
        let head = "Host: a\r\nX: b\r\nORIGIN: c\r\nX: d\r\nOrigin: e\r\nupgrade: f\r\n";
        assert_eq!(values(head, "Host"), ["a"]);
        assert_eq!(values(head, "Origin"), ["c", "e"]);
        assert_eq!(values(head, "Upgrade"), ["f"]);
        assert_eq!(values(head, "Connection"), [""; 0]);
        assert_eq!(values(head, "X"), ["b", "d"], "which nobody asks for");
    }

    #[test]
    fn a_field_is_found_however_long_the_head_is() {
        for len in [65_000, 65_500, 65_516, 65_517, 65_518, 65_519, 65_527, 65_528, 65_529, 65_530, 70_000] {
            let filler = format!("X: {}\r\n", "x".repeat(len - 5));
            let head = format!("{filler}Host: a\r\nY: b\r\n");
            assert_eq!(values(&head, "Host"), ["a"], "behind {len} bytes");
            let head = format!("Host: a\r\n{filler}Host: b\r\nHost: c\r\n");
            assert_eq!(values(&head, "Host"), ["a", "b", "c"], "around {len} bytes");
        }
    }
}
