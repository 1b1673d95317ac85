//! The head of an HTTP/1.1 message, line by line.

use wsproto::handshake::{HeadError, HeadLimits};

use crate::lists::{elements, is_token, trim};

/// Small enough that a short input reaches each limit.
pub const LIMITS: HeadLimits = HeadLimits::DEFAULT.with_bytes(600).with_fields(12);

/// A head that is whole: its lines, and what of them is at fault.
#[derive(Debug)]
pub struct Head<'b> {
    pub start_line: &'b [u8],
    pub fields: Vec<(&'b str, &'b [u8])>,
    pub faults: Vec<HeadError>,
    pub len: usize,
}

/// What is wrong with a first line, at the first byte that none can have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LineFault {
    BareLineFeed,
    Malformed,
}

/// Reads a first line, of which `is_begun` tells whether one can begin so, within so many bytes; `None` if it is not whole.
/// It has its CR LF, and no empty line before it.
pub fn read_line(
    bytes: &[u8],
    limit: usize,
    is_begun: impl Fn(&[u8]) -> bool,
) -> Result<Option<&[u8]>, LineFault> {
    let mut bytes = &bytes[..bytes.len().min(limit)];
    while let Some(rest) = bytes.strip_prefix(b"\r\n") {
        bytes = rest;
    }
    for len in 1..=bytes.len() {
        match &bytes[..len] {
            b"\r" => {}
            line if is_begun(line) && line.ends_with(b"\n") => return Ok(Some(line)),
            line if is_begun(line) => {}
            [.., b'\n'] => return Err(LineFault::BareLineFeed),
            _ => return Err(LineFault::Malformed),
        }
    }
    Ok(None)
}

/// Tells whether `text` is as long as the pattern at the most, and like it: `0` stands for any digit.
pub fn begins(text: &[u8], pattern: &[u8]) -> bool {
    let is_like = |(byte, like): (&u8, &u8)| if *like == b'0' { byte.is_ascii_digit() } else { byte == like };
    text.len() <= pattern.len() && text.iter().zip(pattern).all(is_like)
}

/// Reads lines up to the empty one, within `limits`; `None` if it has not come. The first one is known to be well.
pub fn read_head(bytes: &[u8], limits: HeadLimits) -> Result<Option<Head<'_>>, HeadError> {
    let (mut lines, mut len) = (Vec::new(), 0);
    for line in bytes[..bytes.len().min(limits.bytes)].split_inclusive(|&byte| byte == b'\n') {
        len += line.len();
        match line {
            [.., b'\r', b'\n'] if line.len() > 2 => lines.push(&line[..line.len() - 2]),
            b"\r\n" if lines.is_empty() => {}
            b"\r\n" => return Ok(Some(head(&lines, len))),
            [.., b'\n'] => return Err(HeadError::BareLineFeed),
            _ => break, // not whole
        }
        if lines.len() > limits.fields + 1 {
            return Err(HeadError::TooManyFields);
        }
    }
    if bytes.len() >= limits.bytes { Err(HeadError::TooLong) } else { Ok(None) }
}

fn head<'b>(lines: &[&'b [u8]], len: usize) -> Head<'b> {
    let (mut fields, mut faults) = (Vec::new(), Vec::new());
    for line in &lines[1..] {
        match line.iter().position(|&byte| byte == b':') {
            _ if matches!(line[0], b' ' | b'\t') => faults.push(HeadError::FoldedField),
            Some(colon) if is_token(&line[..colon]) => {
                let value = trim(&line[colon + 1..]);
                if value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
                    faults.push(HeadError::FieldValue);
                }
                fields.push((str::from_utf8(&line[..colon]).expect("tokens are ASCII"), value));
            }
            _ => faults.push(HeadError::FieldName),
        }
    }
    Head { start_line: lines[0], fields, faults, len }
}

impl<'b> Head<'b> {
    /// The values of all fields of this name.
    pub fn values(&self, name: &str) -> Vec<&'b [u8]> {
        let of_name = self.fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        of_name.map(|(_, value)| *value).collect()
    }

    /// Whether `Connection` is a list of tokens that names `Upgrade`.
    pub fn connection_names_upgrade(&self) -> bool {
        let options = elements(&self.values("Connection"));
        options.iter().all(|option| is_token(option))
            && options.iter().any(|option| option.eq_ignore_ascii_case(b"upgrade"))
    }
}

/// Checks that a decoder that gets one byte after the other says at some point what it says of the whole, and that
/// it says nothing before.
pub fn check_pieces<T: PartialEq + std::fmt::Debug>(
    bytes: &[u8],
    mut decode: impl FnMut(&[u8]) -> Option<T>,
    whole: &Option<T>,
) {
    let first = (0..=bytes.len()).find_map(|len| decode(&bytes[..len]));
    assert_eq!(first, *whole, "byte by byte");
}

/// Checks that httparse has the same fields, and took as many bytes.
pub fn check_same_fields(theirs: httparse::Result<usize>, fields: &[httparse::Header<'_>], head: &Head<'_>) {
    assert_eq!(theirs, Ok(httparse::Status::Complete(head.len)));
    let theirs: Vec<_> = fields.iter().map(|field| (field.name, field.value)).collect();
    assert_eq!(theirs, head.fields);
}
