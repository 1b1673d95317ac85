//! Header fields of any HTTP, and the field lines of an HTTP/1.1 head.

use super::error::HeadError;
use super::lines::{check_field, cut_field};
use super::places::Places;
use super::tokens::{elements, is_token, trim_ows};
use crate::wire::IS_SMALL;
use core::fmt;

/// Gives header fields in order, as often as they are asked for.
///
/// The rules of the handshake are checked on any type that implements this. [`HeadFields`] are those of an HTTP/1.1
/// head. For the fields of an HTTP library, pass a closure that makes an iterator over names and values, or a slice of
/// pairs. Names are compared whatever their case; whitespace around a value is ignored.
///
/// # Examples
///
/// ```
/// # use std::collections::BTreeMap as HeaderMap;
/// use wsproto::handshake::Fields;
///
/// let headers = HeaderMap::from([("host", "example.com")]);
/// let fields = || headers.iter().map(|(name, value)| (*name, value.as_bytes()));
/// assert_eq!(fields.pairs().next(), Some(("host", &b"example.com"[..])));
/// ```
pub trait Fields<'b>: Copy {
    /// Iterates over the fields' names and values, from the first.
    fn pairs(self) -> impl Iterator<Item = (&'b str, &'b [u8])>;

    /// Iterates over a part of the fields that includes all of this name, in order.
    ///
    /// Gives all fields unless it is overridden. A type that knows where its fields are can skip others.
    fn pairs_around(self, name: &str) -> impl Iterator<Item = (&'b str, &'b [u8])> {
        let _ = name;
        self.pairs()
    }
}

impl<'b, F, I> Fields<'b> for F
where
    F: Fn() -> I + Copy,
    I: Iterator<Item = (&'b str, &'b [u8])>,
{
    fn pairs(self) -> impl Iterator<Item = (&'b str, &'b [u8])> {
        self()
    }
}

impl<'b> Fields<'b> for &'b [(&'b str, &'b [u8])] {
    fn pairs(self) -> impl Iterator<Item = (&'b str, &'b [u8])> {
        self.iter().copied()
    }
}

/// Returns the values of the fields of this name, whatever its case, in order, without whitespace around them.
pub(crate) fn values<'b, F: Fields<'b>>(
    fields: F,
    name: &'static str,
) -> impl Iterator<Item = &'b [u8]> + use<'b, F> {
    let named = fields.pairs_around(name).filter(move |(other, _)| is_named(other, name));
    named.map(|(_, value)| trim_ows(value))
}

/// Returns the first of these values.
pub(crate) fn value<'b>(fields: impl Fields<'b>, name: &str) -> Option<&'b [u8]> {
    let mut fields = fields.pairs_around(name);
    fields.find(|(other, _)| is_named(other, name)).map(|(_, value)| trim_ows(value))
}

/// Tells whether a field has this name, whatever its case: nearly always it is written alike.
fn is_named(other: &str, name: &str) -> bool {
    !IS_SMALL && other == name || other.eq_ignore_ascii_case(name)
}

/// Returns the only value of a field that must not be repeated.
pub(crate) fn at_most_one<'b, F: Fields<'b>>(
    fields: F,
    name: &'static str,
) -> Result<Option<&'b [u8]>, Repeated> {
    let mut values = values(fields, name);
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(Repeated),
        (value, None) => Ok(value),
    }
}

/// Tells whether `Connection`, a list of tokens over all its fields, names `Upgrade`, whatever its case.
pub(crate) fn connection_names_upgrade<'b>(fields: impl Fields<'b>) -> bool {
    names(fields, "Connection", b"upgrade") == (true, true)
}

/// Tells whether a list over all fields of a name has this element, whatever its case, and whether all of it are
/// tokens.
pub(crate) fn names<'b>(fields: impl Fields<'b>, name: &'static str, wanted: &[u8]) -> (bool, bool) {
    let (mut found, mut are_tokens) = (false, true);
    each_element(fields, name, &mut |element| {
        found |= element.eq_ignore_ascii_case(wanted);
        are_tokens &= is_token(element);
    });
    (found, are_tokens)
}

/// Calls `take` with each element of the lists in all fields of this name.
pub(crate) fn each_element<'b>(fields: impl Fields<'b>, name: &'static str, take: &mut dyn FnMut(&'b [u8])) {
    for value in values(fields, name) {
        elements(value).for_each(&mut *take);
    }
}

/// A field came twice that must not.
pub(crate) struct Repeated;

/// Holds the field lines of an HTTP/1.1 head, validated once.
#[derive(Clone, Copy)]
pub struct HeadFields<'b> {
    lines: &'b [u8],
    places: Places,
}

impl<'b> HeadFields<'b> {
    /// Validates `lines`, each ended by CR LF, without the blank one.
    pub(crate) fn parse(lines: &'b [u8]) -> Result<Self, HeadError> {
        let (mut rest, mut places) = (lines, Places::new());
        let offset_of = |rest: &[u8]| lines.len().saturating_sub(rest.len());
        while let Some((name, _, after)) = check_field(rest)? {
            places.note(name, offset_of(rest)..offset_of(after));
            rest = after;
        }
        Ok(Self { lines, places })
    }

    /// Takes `lines` that were validated before, with what [`places`](Self::places) gave then.
    pub(crate) const fn checked(lines: &'b [u8], places: Places) -> Self {
        Self { lines, places }
    }

    /// Returns where the fields of the handshake are, to keep without the lines.
    pub(crate) const fn places(&self) -> Places {
        self.places
    }
}

impl<'b> Fields<'b> for HeadFields<'b> {
    fn pairs(self) -> impl Iterator<Item = (&'b str, &'b [u8])> {
        Lines(self.lines)
    }

    fn pairs_around(self, name: &str) -> impl Iterator<Item = (&'b str, &'b [u8])> {
        Lines(self.places.lines(name, self.lines))
    }
}

impl fmt::Debug for HeadFields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.lines.escape_ascii())
    }
}

/// Iterates over the names and values of validated lines.
struct Lines<'b>(&'b [u8]);

impl<'b> Iterator for Lines<'b> {
    type Item = (&'b str, &'b [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        // `HeadFields::parse` has seen that none of them fails, and that names are tokens.
        let (name, value, rest) = cut_field(self.0).ok().flatten()?;
        self.0 = rest;
        Some((core::str::from_utf8(name).ok()?, trim_ows(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn field_lines_are_split_and_trimmed() {
        let fields = HeadFields::parse(b"A: 1\r\nB:\t2 3 \r\nC:\r\n").unwrap();
        let found: Vec<_> = fields.pairs().collect();
        assert_eq!(found, [("A", &b"1"[..]), ("B", b"2 3"), ("C", b"")]);
    }

    #[test]
    fn malformed_field_lines_are_refused() {
        let cases: [(&[u8], HeadError); 9] = [
            (b" A: 1\r\n", HeadError::FoldedField),
            (b"A: 1\r\n\tB: 2\r\n", HeadError::FoldedField),
            (b"A : 1\r\n", HeadError::FieldName),
            (b"A\r\n", HeadError::FieldName),
            (b": 1\r\n", HeadError::FieldName),
            (b"A: 1\rB: 2\r\n", HeadError::FieldValue),
            (b"A: 1\0\r\n", HeadError::FieldValue),
            (b"A: 1\nB: 2\r\n", HeadError::BareLineFeed),
            (b"A: 1\r\r\n", HeadError::FieldValue),
        ];
        for (lines, error) in cases {
            assert_eq!(HeadFields::parse(lines).map(|_| ()), Err(error), "{}", lines.escape_ascii());
        }
    }

    #[test]
    fn fields_are_found_whatever_their_case_and_trimmed() {
        let fields: &[(&str, &[u8])] = &[("A", b"1"), ("b", b"2"), ("a", b"\t3 ")];
        assert_eq!(value(fields, "a"), Some(&b"1"[..]));
        assert!(values(fields, "A").eq([&b"1"[..], b"3"]));
    }
}
