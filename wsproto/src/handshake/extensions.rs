//! `Sec-WebSocket-Extensions`: the grammar of what is offered and what is answered (RFC 6455 §9.1).
//!
//! ```text
//! extension-list  = 1#extension
//! extension       = extension-token *( ";" extension-param )
//! extension-param = token [ "=" (token | quoted-string) ]
//! ```
//!
//! Names and parameters come in the order in which they were sent, repeated ones too: what a repetition means is
//! for the extension to say. The cost is linear in the length of the values, whatever is in them.

use super::http::fields::{Fields, values};
use super::http::tokens::is_token_byte;
use core::fmt::{self, Write};

/// Parses the values of one or several `Sec-WebSocket-Extensions` fields, which count as one list.
///
/// Returns `None` if they are no `extension-list` ([RFC 6455 §9.1]), also if they are empty. Everything is checked
/// here, so what is returned iterates without failing.
///
/// # Examples
///
/// ```
/// use wsproto::handshake::extensions;
///
/// let offered = &b"permessage-deflate; client_max_window_bits; server_max_window_bits=\"10\""[..];
/// let mut list = extensions::parse([offered]).expect("a list");
/// let deflate = list.next().unwrap();
/// assert_eq!(deflate.name(), "permessage-deflate");
///
/// let mut params = deflate.params();
/// assert_eq!(params.next(), Some(("client_max_window_bits", None)));
/// let (name, value) = params.next().unwrap();
/// assert!(name == "server_max_window_bits" && value.unwrap() == "10");
/// ```
///
/// [RFC 6455 §9.1]: https://www.rfc-editor.org/rfc/rfc6455#section-9.1
pub fn parse<'b, V>(values: V) -> Option<impl Iterator<Item = Extension<'b>> + Clone + use<'b, V>>
where
    V: IntoIterator<Item = &'b [u8], IntoIter: Clone>,
{
    let values = values.into_iter();
    is_list(values.clone()).then_some(Extensions { values, rest: b"" })
}

/// Parses a list that the caller wants to send.
pub(super) fn list(list: &str) -> Option<impl Iterator<Item = Extension<'_>> + Clone> {
    parse([list.as_bytes()])
}

/// Tells whether the values are a list, of one extension at least.
fn is_list<'b>(values: impl Iterator<Item = &'b [u8]>) -> bool {
    let mut is_empty = true;
    for mut rest in values {
        loop {
            match split_extension(rest) {
                Ok(Some((_, after))) => (is_empty, rest) = (false, after),
                Ok(None) => break,
                Err(Malformed) => return false,
            }
        }
    }
    !is_empty
}

/// Something does not follow the grammar.
struct Malformed;

/// Iterates over a list of extensions that was checked, in order.
#[derive(Clone)]
struct Extensions<'b, V> {
    values: V,
    rest: &'b [u8],
}

impl<'b, V: Iterator<Item = &'b [u8]>> Iterator for Extensions<'b, V> {
    type Item = Extension<'b>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            // `is_list` has seen that none of them fails.
            if let Ok(Some((extension, rest))) = split_extension(self.rest) {
                self.rest = rest;
                return Some(extension);
            }
            self.rest = self.values.next()?;
        }
    }
}

/// Holds one extension: its name and its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension<'b> {
    name: &'b str,
    /// What follows the name, up to the end of this extension.
    params: &'b [u8],
}

impl<'b> Extension<'b> {
    /// Returns the extension's name, a token.
    pub const fn name(&self) -> &'b str {
        self.name
    }

    /// Iterates over the parameters, in order, repeated ones too: the name of each, a token, and its value, if it has
    /// one.
    pub fn params(&self) -> impl Iterator<Item = (&'b str, Option<ParamValue<'b>>)> + Clone + use<'b> {
        Params(self.params)
    }
}

/// Iterates over the parameters of an extension.
#[derive(Clone)]
struct Params<'b>(&'b [u8]);

impl<'b> Iterator for Params<'b> {
    type Item = Param<'b>;

    fn next(&mut self) -> Option<Self::Item> {
        // `split_extension` has seen that none of them fails.
        let (param, rest) = split_param(self.0).ok().flatten()?;
        self.0 = rest;
        Some(param)
    }
}

/// `name`, or `name=value`.
type Param<'b> = (&'b str, Option<ParamValue<'b>>);

/// Holds the value of a parameter: a token, whether it was quoted or not.
///
/// Compare it with a `str`, print it, or take its [`bytes`](Self::bytes). A quoted value may hold backslashes before
/// its characters, so it is not always one slice of what was received.
#[derive(Debug, Clone, Copy)]
pub struct ParamValue<'b> {
    /// Without the quotes, but with the backslashes.
    raw: &'b [u8],
}

impl<'b> ParamValue<'b> {
    /// Iterates over the value's characters, all of them ASCII.
    pub fn bytes(self) -> impl Iterator<Item = u8> + use<'b> {
        // A token has no backslash of its own.
        self.raw.iter().copied().filter(|&byte| byte != b'\\')
    }
}

impl PartialEq for ParamValue<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes().eq(other.bytes())
    }
}

impl Eq for ParamValue<'_> {}

impl PartialEq<str> for ParamValue<'_> {
    fn eq(&self, other: &str) -> bool {
        self.bytes().eq(other.bytes())
    }
}

impl PartialEq<&str> for ParamValue<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl fmt::Display for ParamValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes().try_for_each(|byte| f.write_char(char::from(byte)))
    }
}

/// The field that offers, and answers.
pub(super) const FIELD: &str = "Sec-WebSocket-Extensions";

/// Returns the extensions that `fields` name: none if there is no such field, or if they are malformed.
pub(super) fn named<'b, F: Fields<'b>>(fields: F) -> impl Iterator<Item = Extension<'b>> + use<'b, F> {
    let list =
        is_list(values(fields, FIELD)).then(|| Extensions { values: values(fields, FIELD), rest: b"" });
    list.into_iter().flatten()
}

/// Tells whether there is no such field, or a list in it.
pub(super) fn are_well_formed<'b>(fields: impl Fields<'b>) -> bool {
    values(fields, FIELD).next().is_none() || is_list(values(fields, FIELD))
}

/// What was parsed, and what follows it; or nothing was left.
type Split<'b, T> = Result<Option<(T, &'b [u8])>, Malformed>;

/// Splits off the first extension of a list, with the comma after it.
fn split_extension(list: &[u8]) -> Split<'_, Extension<'_>> {
    let mut list = trim_ows_start(list);
    // Empty elements of a list are ignored [RFC 9110 §5.6.1.2].
    while let [b',', rest @ ..] = list {
        list = trim_ows_start(rest);
    }
    if list.is_empty() {
        return Ok(None);
    }
    let (name, params) = split_token(list)?;
    let mut rest = params;
    while let Some((_, after)) = split_param(rest)? {
        rest = after;
    }
    let params = before(params, rest);
    // What is no parameter ends the extension: a comma, or the end of the list.
    match rest {
        [] => Ok(Some((Extension { name, params }, rest))),
        [b',', rest @ ..] => Ok(Some((Extension { name, params }, rest))),
        _ => Err(Malformed),
    }
}

/// Splits off `; name` or `; name=value`; whitespace after it goes with it.
fn split_param(params: &[u8]) -> Split<'_, Param<'_>> {
    let [b';', rest @ ..] = params else {
        return Ok(None);
    };
    let (name, rest) = split_token(trim_ows_start(rest))?;
    let [b'=', rest @ ..] = rest else {
        return Ok(Some(((name, None), rest)));
    };
    let (raw, rest) = match trim_ows_start(rest) {
        [b'"', rest @ ..] => split_quoted(rest)?,
        rest => split_token(rest).map(|(token, rest)| (token.as_bytes(), rest))?,
    };
    Ok(Some(((name, Some(ParamValue { raw })), rest)))
}

/// Splits off a token and the whitespace after it.
fn split_token(bytes: &[u8]) -> Result<(&str, &[u8]), Malformed> {
    let end = bytes.iter().position(|&byte| !is_token_byte(byte)).unwrap_or(bytes.len());
    match bytes.split_at_checked(end) {
        Some((token @ [_, ..], rest)) => {
            let token = core::str::from_utf8(token).map_err(|_| Malformed)?;
            Ok((token, trim_ows_start(rest)))
        }
        _ => Err(Malformed),
    }
}

/// Splits off what stands before the closing quote, and the whitespace after that.
///
/// Without its backslashes it must be a token [RFC 6455 §9.1], so it is not empty and no quote of its own can hide.
///
/// [RFC 6455 §9.1]: https://www.rfc-editor.org/rfc/rfc6455#section-9.1
fn split_quoted(bytes: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let mut rest = bytes;
    loop {
        rest = match rest {
            [b'"', after @ ..] => {
                let raw = before(bytes, rest);
                return if raw.is_empty() { Err(Malformed) } else { Ok((raw, trim_ows_start(after))) };
            }
            [b'\\', byte, after @ ..] | [byte, after @ ..] if is_token_byte(*byte) => after,
            _ => return Err(Malformed),
        };
    }
}

#[inline(never)]
const fn trim_ows_start(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}

/// What stands before `rest`, the end of `bytes`.
fn before<'b>(bytes: &'b [u8], rest: &[u8]) -> &'b [u8] {
    bytes.get(..bytes.len().saturating_sub(rest.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{string::ToString, vec::Vec};

    fn names(value: &str) -> Option<Vec<&str>> {
        Some(parse([value.as_bytes()])?.map(|extension| extension.name()).collect())
    }

    #[test]
    fn the_examples_of_section_9_1() {
        assert_eq!(names("foo"), Some(["foo"].into()));
        assert_eq!(names("bar; baz=2"), Some(["bar"].into()));
        assert_eq!(names("foo, bar; baz=2"), Some(["foo", "bar"].into()));
        assert_eq!(names("deflate-stream"), Some(["deflate-stream"].into()));
        assert_eq!(names("mux; max-channels=4; flow-control, deflate-stream").map(|n| n.len()), Some(2));
        assert_eq!(names("private-extension"), Some(["private-extension"].into()));
    }

    #[test]
    fn what_is_no_extension_list_is_refused() {
        for value in [
            "",
            ",",
            " , ",
            ";",
            "=",
            "a b",
            "a;",
            "a;;b",
            "a; =1",
            "a; b=",
            "a; b=;c",
            "a; b=1 2",
            "a; b c",
            "a; b=\"",
            "a; b=\"1",
            "a; b=\"\"",
            "a; b=\"1 2\"",
            "a; b=\"1,2\"",
            "a; b=\"1\\\"\"",
            "a; b=\"1\"2",
            "a; b=\"1\\",
            "\"a\"",
            "a=1",
            "a; b=1=2",
            "a\0",
            "\u{e9}",
            "a; \"b\"",
        ] {
            assert_eq!(names(value), None, "{value:?}");
        }
    }

    #[test]
    fn a_quoted_value_is_the_token_that_it_holds() {
        let mut list = parse([&br#"a; b="x\1y" ; c=x1y"#[..]]).unwrap();
        let values: Vec<_> = list.next().unwrap().params().map(|(_, value)| value.unwrap()).collect();
        assert_eq!(values[0], values[1]);
        assert_eq!(values[0], "x1y");
        assert_eq!(values[0].to_string(), "x1y");
    }
}
