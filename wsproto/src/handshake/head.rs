//! The head of an HTTP/1.1 message: where it ends, how much of it is borne, and its field lines.

use super::lines::{check_field, cut_field, next_line_end};
use super::places::Places;
use super::tokens::{elements, is_token, trim_ows};
use core::{fmt, marker::PhantomData};

/// How much of a peer's message head is borne before it is refused.
///
/// Nothing is stored, so these bound the bytes that the *caller* has to keep, and the time they cost.
///
/// # Examples
///
/// ```
/// use wsproto::handshake::{HeadLimits, RequestDecoder};
///
/// const LIMITS: HeadLimits = HeadLimits::DEFAULT.with_bytes(1024);
/// let decoder = RequestDecoder::with_limits(LIMITS);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct HeadLimits {
    /// The longest head in bytes, its blank line included. A buffer of so many is enough: a decoder that has seen it full asks
    /// for no more.
    pub bytes: usize,
    /// The most field lines.
    pub fields: usize,
}

impl HeadLimits {
    /// 8 KiB (8192 bytes) and 100 field lines.
    pub const DEFAULT: Self = Self { bytes: 8192, fields: 100 };

    /// Sets [`bytes`](Self::bytes).
    #[must_use]
    pub const fn with_bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    /// Sets [`fields`](Self::fields).
    #[must_use]
    pub const fn with_fields(self, fields: usize) -> Self {
        Self { fields, ..self }
    }
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What is wrong with the head of a message, before its meaning matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeadError {
    /// The head is longer than [`HeadLimits::bytes`].
    TooLong,
    /// The head has more field lines than [`HeadLimits::fields`].
    TooManyFields,
    /// A line ends in LF without CR, which others may read as another line's end. [RFC 9112 §2.2]
    ///
    /// [RFC 9112 §2.2]: https://www.rfc-editor.org/rfc/rfc9112#section-2.2
    BareLineFeed,
    /// A field line is folded over two lines; in a response too, where [RFC 9112 §5.2] would have a user agent put
    /// spaces for the fold: what is received is lent here, not written to, and no WebSocket server folds.
    ///
    /// [RFC 9112 §5.2]: https://www.rfc-editor.org/rfc/rfc9112#section-5.2
    FoldedField,
    /// A field's name is no token, ends in whitespace or lacks the colon. [RFC 9112 §5.1]
    ///
    /// [RFC 9112 §5.1]: https://www.rfc-editor.org/rfc/rfc9112#section-5.1
    FieldName,
    /// A field's value holds CR, NUL or another control character. [RFC 9110 §5.5]
    ///
    /// [RFC 9110 §5.5]: https://www.rfc-editor.org/rfc/rfc9110#section-5.5
    FieldValue,
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the head is too long: send fewer or shorter header fields",
            Self::TooManyFields => "the head has too many header fields: send fewer",
            Self::BareLineFeed => "a line of the head ends in LF alone: end each in CR LF",
            Self::FoldedField => "a header field is folded: write it on one line",
            Self::FieldName => "a header field's name is not a token followed by a colon",
            Self::FieldValue => "a header field's value holds a control character",
        })
    }
}

impl core::error::Error for HeadError {}

/// Header fields in order, as often as they are asked for: what the rules of the handshake are decided on.
///
/// [`HeadFields`] are those of an HTTP/1.1 head. For those of an HTTP library give a closure that makes an
/// iterator over names and values, or a slice of pairs:
///
/// ```
/// # use std::collections::BTreeMap as HeaderMap;
/// use wsproto::handshake::Fields;
///
/// let headers = HeaderMap::from([("host", "example.com")]);
/// let fields = || headers.iter().map(|(name, value)| (*name, value.as_bytes()));
/// assert_eq!(fields.value("Host"), Some(&b"example.com"[..]));
/// ```
pub trait Fields<'b>: Copy {
    /// What [`pairs`](Self::pairs) gives.
    type Iter: Iterator<Item = (&'b str, &'b [u8])>;

    /// Iterates over the fields' names and values, from the first.
    fn pairs(self) -> Self::Iter;

    /// Iterates over fields among which are all of this name, whatever its case, in order: fewer than all, if the
    /// fields know where to look.
    fn pairs_around(self, name: &str) -> Self::Iter {
        let _ = name;
        self.pairs()
    }

    /// The values of the fields of this name, whatever its case, in order, without whitespace around them.
    fn values(self, name: &'static str) -> FieldValues<'b, Self> {
        FieldValues { fields: self, name, lifetime: PhantomData }
    }

    /// The first of these values.
    fn value(self, name: &str) -> Option<&'b [u8]> {
        let mut fields = self.pairs_around(name);
        fields.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| trim_ows(value))
    }
}

impl<'b, F, I> Fields<'b> for F
where
    F: Fn() -> I + Copy,
    I: Iterator<Item = (&'b str, &'b [u8])>,
{
    type Iter = I;

    fn pairs(self) -> I {
        self()
    }
}

impl<'b> Fields<'b> for &'b [(&'b str, &'b [u8])] {
    type Iter = core::iter::Copied<core::slice::Iter<'b, (&'b str, &'b [u8])>>;

    fn pairs(self) -> Self::Iter {
        self.iter().copied()
    }
}

/// The values of the fields of one name; [`Fields::values`] makes it.
#[derive(Debug, Clone, Copy)]
pub struct FieldValues<'b, F> {
    fields: F,
    name: &'static str,
    lifetime: PhantomData<&'b [u8]>,
}

impl<'b, F: Fields<'b>> IntoIterator for FieldValues<'b, F> {
    type Item = &'b [u8];
    type IntoIter = FieldValuesIter<F::Iter>;

    fn into_iter(self) -> Self::IntoIter {
        FieldValuesIter { fields: self.fields.pairs_around(self.name), name: self.name }
    }
}

/// Iterates over the values of the fields of one name.
#[derive(Debug, Clone)]
pub struct FieldValuesIter<I> {
    fields: I,
    name: &'static str,
}

impl<'b, I: Iterator<Item = (&'b str, &'b [u8])>> Iterator for FieldValuesIter<I> {
    type Item = &'b [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let name = self.name;
        self.fields.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| trim_ows(value))
    }
}

/// The only value of a field that must not be repeated.
pub(super) fn at_most_one<'b, F: Fields<'b>>(
    fields: F,
    name: &'static str,
) -> Result<Option<&'b [u8]>, Repeated> {
    let mut values = fields.values(name).into_iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(Repeated),
        (value, None) => Ok(value),
    }
}

/// Tells whether `Connection`, a list of tokens over all its fields, names `Upgrade`, whatever its case.
pub(super) fn connection_names_upgrade<'b>(fields: impl Fields<'b>) -> bool {
    let mut found = false;
    for option in fields.values("Connection").into_iter().flat_map(elements) {
        if !is_token(option) {
            return false;
        }
        found |= option.eq_ignore_ascii_case(b"upgrade");
    }
    found
}

/// A field came twice that must not.
pub(super) struct Repeated;

/// The field lines of an HTTP/1.1 head, validated once, split as they are iterated over.
#[derive(Clone, Copy)]
pub struct HeadFields<'b> {
    lines: &'b [u8],
    places: Places,
}

impl<'b> HeadFields<'b> {
    /// Validates `lines`, each ended by CR LF, without the blank one.
    pub(super) fn parse(lines: &'b [u8]) -> Result<Self, HeadError> {
        let (mut rest, mut places) = (lines, Places::new());
        let offset_of = |rest: &[u8]| lines.len().saturating_sub(rest.len());
        while let Some((name, _, after)) = check_field(rest)? {
            places.note(name, offset_of(rest)..offset_of(after));
            rest = after;
        }
        Ok(Self { lines, places })
    }
}

impl<'b> Fields<'b> for HeadFields<'b> {
    type Iter = HeadFieldsIter<'b>;

    fn pairs(self) -> Self::Iter {
        HeadFieldsIter(self.lines)
    }

    fn pairs_around(self, name: &str) -> Self::Iter {
        HeadFieldsIter(self.places.lines(name, self.lines))
    }
}

impl fmt::Debug for HeadFields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.lines.escape_ascii())
    }
}

/// Iterates over the names and values of [`HeadFields`].
#[derive(Clone)]
pub struct HeadFieldsIter<'b>(&'b [u8]);

impl<'b> Iterator for HeadFieldsIter<'b> {
    type Item = (&'b str, &'b [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        // `HeadFields::parse` has seen that none of them fails, and that names are tokens.
        let (name, value, rest) = cut_field(self.0).ok().flatten()?;
        self.0 = rest;
        Some((core::str::from_utf8(name).ok()?, trim_ows(value)))
    }
}

impl fmt::Debug for HeadFieldsIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// Finds the end of a head that arrives in pieces, and looks at each byte once.
#[derive(Debug, Clone)]
pub(super) struct HeadScanner {
    limits: HeadLimits,
    /// Where the start line begins: after the empty lines before it.
    start: usize,
    /// Where the line begins that is not complete yet.
    line: usize,
    /// How many bytes were looked at.
    scanned: usize,
    /// Complete lines from the start line on.
    lines: usize,
}

/// A head in one piece: its start line with CR LF, its field lines, and how many bytes it took of the buffer.
pub(super) struct Head<'b> {
    pub(super) start_line: &'b [u8],
    pub(super) fields: &'b [u8],
    pub(super) len: usize,
}

impl HeadScanner {
    pub(super) const fn new(limits: HeadLimits) -> Self {
        Self { limits, start: 0, line: 0, scanned: 0, lines: 0 }
    }

    /// Looks at what is new in `buf`: `None` until the blank line has come. Afterwards it is as new.
    pub(super) fn scan<'b>(&mut self, buf: &'b [u8]) -> Result<Option<Head<'b>>, HeadError> {
        if buf.len() < self.scanned {
            // These are other bytes than before; what is known of those doesn't help.
            *self = Self::new(self.limits);
        }
        // Nothing past the limit is looked at, so that the outcome doesn't depend on how much came at once.
        let allowed = buf.get(..self.limits.bytes).unwrap_or(buf);
        while let Some(end) = next_line_end(allowed, self.scanned) {
            let line = allowed.get(self.line..end).unwrap_or_default();
            if !line.ends_with(b"\r\n") {
                return Err(HeadError::BareLineFeed);
            }
            match (line.len(), self.lines) {
                // [RFC 9112 §2.2] Empty lines before the start line are ignored.
                (2, 0) => self.start = end,
                (2, _) => {
                    let lines = buf.get(self.start..self.line).unwrap_or_default();
                    *self = Self::new(self.limits);
                    return Ok(split_head(lines, end));
                }
                // The first line is the start line.
                (_, lines) if lines > self.limits.fields => return Err(HeadError::TooManyFields),
                _ => self.lines = self.lines.saturating_add(1),
            }
            self.line = end;
            self.scanned = end;
        }
        self.scanned = allowed.len();
        if buf.len() >= self.limits.bytes {
            return Err(HeadError::TooLong);
        }
        Ok(None)
    }
}

fn split_head(lines: &[u8], len: usize) -> Option<Head<'_>> {
    let (start_line, fields) = lines.split_at_checked(next_line_end(lines, 0)?)?;
    Some(Head { start_line, fields, len })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    const HEAD: &[u8] = b"GET / HTTP/1.1\r\nA: 1\r\nB:2 \r\n\r\n";

    #[test]
    fn each_byte_is_looked_at_once() {
        let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
        for len in 0..HEAD.len() {
            assert!(scanner.scan(&HEAD[..len]).unwrap().is_none());
            assert_eq!(scanner.scanned, len);
        }
        assert_eq!(scanner.scan(HEAD).unwrap().unwrap().len, HEAD.len());
    }

    #[test]
    fn a_shorter_buffer_starts_the_search_anew() {
        let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
        assert!(scanner.scan(&[b'x'; 100]).unwrap().is_none());
        assert_eq!(scanner.scan(HEAD).unwrap().unwrap().len, HEAD.len());
    }

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
}
