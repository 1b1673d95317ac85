//! A head in its lines, and a field line in its name and its value.

use super::error::HeadError;
use super::tokens::{is_field_value, is_token, position};

/// Checks the first field line, and returns what it is made of.
pub(crate) fn check_field(lines: &[u8]) -> Result<Option<Cut<'_>>, HeadError> {
    let cut = cut_field(lines)?;
    if let Some((name, value, _)) = cut {
        // [RFC 9112 §5.1] No whitespace is allowed between name and colon: it is in no token.
        if !is_token(name) {
            return Err(HeadError::FieldName);
        }
        if !is_field_value(value) {
            return Err(HeadError::FieldValue);
        }
    }
    Ok(cut)
}

/// What a field line is made of, as it came: its name, its value, and the lines that follow.
pub(crate) type Cut<'b> = (&'b [u8], &'b [u8], &'b [u8]);

/// Cuts the first field line off `lines`, each ended by CR LF, if there is one.
pub(crate) fn cut_field(lines: &[u8]) -> Result<Option<Cut<'_>>, HeadError> {
    if lines.is_empty() {
        return Ok(None);
    }
    let (line, rest) = split_line(lines).ok_or(HeadError::BareLineFeed)?;
    // [RFC 9112 §5.2] obs-fold. A server must reject the message or put spaces for the fold, and rejecting can't be
    // abused. A user agent must put spaces, and we don't: a value is a slice of the caller's buffer here, which is
    // not ours to write to. No sender may fold either, so what a client gives up is a connection to a broken server;
    // it never takes a value for something that it isn't.
    if let [b' ' | b'\t', ..] = line {
        return Err(HeadError::FoldedField);
    }
    let (name, value) = split_once(line, b':').ok_or(HeadError::FieldName)?;
    Ok(Some((name, value, rest)))
}

/// Splits at the first CR LF; `None` if the first LF has no CR before it, or if there is none.
fn split_line(lines: &[u8]) -> Option<(&[u8], &[u8])> {
    let (line, rest) = split_once(lines, b'\n')?;
    Some((line.strip_suffix(b"\r")?, rest))
}

/// Splits around the first `separator`.
pub(crate) fn split_once(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let (before, from) = bytes.split_at_checked(position(bytes, separator)?)?;
    Some((before, from.get(1..)?))
}

/// The index after the first LF at `from` or later.
pub(crate) fn next_line_end(buf: &[u8], from: usize) -> Option<usize> {
    let found = position(buf.get(from..)?, b'\n')?;
    Some(from.saturating_add(found).saturating_add(1))
}
