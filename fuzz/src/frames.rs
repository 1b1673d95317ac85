//! Frames, text and Close frames, read from the RFC's figures.

use wsproto::wire::{CloseFrameError, FrameHeader, Rsv, Utf8Validator};

/// A frame that is whole, and how many bytes it took.
#[derive(Debug, PartialEq)]
pub struct Frame {
    pub fin: bool,
    pub rsv: u8,
    pub opcode: u8,
    pub key: Option<[u8; 4]>,
    pub payload: Vec<u8>,
    pub len: usize,
}

impl Frame {
    /// The same of what was decoded.
    pub fn of(header: &FrameHeader, payload: &[u8], len: usize) -> Self {
        let bit = |rsv, bit| if header.rsv().contains(rsv) { bit } else { 0 };
        Self {
            fin: header.fin(),
            rsv: bit(Rsv::RSV1, 4) + bit(Rsv::RSV2, 2) + bit(Rsv::RSV3, 1),
            opcode: header.opcode().bits(),
            key: header.masking_key().map(|key| key.to_bytes()),
            payload: payload.to_vec(),
            len,
        }
    }
}

/// Some rule is broken, by the bytes that are there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Broken;

/// Reads a frame of at most `max_payload` bytes [RFC 6455 §5.2]; `None` if it is not whole.
pub fn read_frame(bytes: &[u8], max_payload: u64) -> Result<Option<Frame>, Broken> {
    let Some(&first) = bytes.first() else { return Ok(None) };
    let (fin, rsv, opcode) = (first >= 0x80, first / 16 % 8, first % 16);
    if ![0, 1, 2, 8, 9, 10].contains(&opcode) || opcode >= 8 && !fin {
        return Err(Broken);
    }
    let Some(&second) = bytes.get(1) else { return Ok(None) };
    let (masked, code) = (second >= 0x80, second % 128);
    if opcode >= 8 && code > 125 {
        return Err(Broken);
    }
    let (key_at, shortest) = [(2, 0), (4, 126), (10, 65_536)][usize::from(code.max(125) - 125)];
    if code == 127 && bytes.get(2).is_some_and(|&byte| byte >= 0x80) {
        return Err(Broken);
    }
    let Some(length) = bytes.get(2..key_at) else { return Ok(None) };
    let length = match length {
        [] => u64::from(code),
        _ => length.iter().fold(0, |length, &byte| length * 256 + u64::from(byte)),
    };
    if length < shortest {
        return Err(Broken);
    }
    let payload_at = key_at + if masked { 4 } else { 0 };
    let Some(key) = bytes.get(key_at..payload_at) else { return Ok(None) };
    if length > max_payload {
        return Err(Broken);
    }
    let len = payload_at + length as usize;
    let Some(payload) = bytes.get(payload_at..len) else { return Ok(None) };
    let key: Option<[u8; 4]> = key.try_into().ok();
    let payload =
        payload.iter().enumerate().map(|(i, byte)| byte ^ key.map_or(0, |key| key[i % 4])).collect();
    Ok(Some(Frame { fin, rsv, opcode, key, payload, len }))
}

/// Reads the payload of a Close frame [RFC 6455 §5.5.1, §7.4].
pub fn read_close(payload: &[u8]) -> Result<Option<(u16, &str)>, CloseFrameError> {
    match payload {
        _ if payload.len() > 125 => Err(CloseFrameError::TooLong),
        [] => Ok(None),
        [_] => Err(CloseFrameError::CodeCutShort),
        [high, low, reason @ ..] => {
            let code = u16::from(*high) * 256 + u16::from(*low);
            let may_be_sent = (1000..5000).contains(&code)
                && !(1004..=1006).contains(&code) // reserved; "no code"; "abnormal": not to be sent
                && !(1015..=2999).contains(&code); // TLS failed: not to be sent; not assigned
            match str::from_utf8(reason) {
                _ if !may_be_sent => Err(CloseFrameError::ForbiddenCode { code }),
                Ok(reason) => Ok(Some((code, reason))),
                Err(_) => Err(CloseFrameError::ReasonNotUtf8),
            }
        }
    }
}

/// What [`core::str`] says of text that may go on: whether it is whole, or where its first impossible byte is.
pub fn read_text(bytes: &[u8]) -> Result<bool, usize> {
    let is_possible = |len: &usize| match str::from_utf8(&bytes[..*len]) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    match (1..=bytes.len()).find(|len| !is_possible(len)) {
        Some(len) => Err(len - 1),
        None => Ok(str::from_utf8(bytes).is_ok()),
    }
}

/// The same from the validator, which gets the text in pieces.
pub fn validate_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<bool, usize> {
    let (mut validator, mut before) = (Utf8Validator::new(), 0);
    for piece in pieces {
        validator.validate(piece).map_err(|error| before + error.valid_up_to)?;
        before += piece.len();
    }
    Ok(validator.is_complete())
}
