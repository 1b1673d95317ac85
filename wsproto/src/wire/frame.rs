//! Decodes and encodes one whole frame over byte slices, in one call.
//!
//! The rules that hold between frames (fragments, the closing handshake, which end has to mask) belong to
//! [`connection`](crate::connection). Text is not checked here, since a frame may end inside a character; see
//! [`Utf8Validator`](super::Utf8Validator).

use core::fmt;

use super::{BufferTooSmall, FrameHeader, HeaderError, IS_SMALL, move_down, part_mut};

/// Holds a decoded frame: its header, and its payload unmasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'b> {
    /// The header, as it was on the wire.
    pub header: FrameHeader,
    /// The payload, unmasked.
    pub payload: &'b [u8],
}

/// Decodes the frame at the start of `bytes`, unmasks its payload in place, and returns it with its length in bytes.
///
/// Returns `Ok(None)` while the frame is incomplete; `bytes` is then unchanged.
///
/// # Errors
///
/// [`FrameError`] as soon as the header is invalid, or announces more than `max_payload` bytes: close the connection.
///
/// # Examples
///
/// ```
/// use wsproto::wire::{Opcode, frame};
///
/// // A masked "Hello" ([RFC 6455 §5.7]).
/// let mut bytes = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
/// let (frame, taken) = frame::decode(&mut bytes, 125)?.expect("it is complete");
/// assert_eq!(frame.header.opcode(), Opcode::Text);
/// assert_eq!(frame.payload, b"Hello");
/// assert_eq!(taken, 11);
/// # Ok::<(), frame::FrameError>(())
/// ```
pub fn decode(bytes: &mut [u8], max_payload: usize) -> Result<Option<(Frame<'_>, usize)>, FrameError> {
    let Some((header, header_len)) = FrameHeader::decode(bytes)? else {
        return Ok(None);
    };
    // Compared as announced: a length that does not fit into `usize` is over any limit.
    let payload_len = usize::try_from(header.payload_len())
        .ok()
        .filter(|len| *len <= max_payload)
        .ok_or(FrameError::PayloadTooBig { len: header.payload_len() })?;
    let payload = bytes.get_mut(header_len..).and_then(|payload| payload.get_mut(..payload_len));
    let Some(payload) = payload else {
        return Ok(None);
    };
    if let Some(key) = header.masking_key() {
        key.apply(payload);
    }
    Ok(Some((Frame { header, payload }, header_len.saturating_add(payload_len))))
}

/// Writes a frame to the start of `dst`, masking the payload on the way if the header has a key, and returns the
/// frame's length in bytes.
///
/// # Errors
///
/// [`EncodeError`] if `payload` is not as long as the header says, or if `dst` is too small; `dst` is then unchanged.
///
/// # Examples
///
/// ```
/// use wsproto::wire::{FrameHeader, Opcode, frame};
///
/// // An unmasked "Hello" ([RFC 6455 §5.7]).
/// let header = FrameHeader::new(Opcode::Text, true, 5).expect("a valid frame");
/// let mut dst = [0; 16];
/// let written = frame::encode(header, b"Hello", &mut dst)?;
/// assert_eq!(dst[..written], [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
/// # Ok::<(), frame::EncodeError>(())
/// ```
#[inline]
pub fn encode(header: FrameHeader, payload: &[u8], dst: &mut [u8]) -> Result<usize, EncodeError> {
    if header.payload_len() != payload.len() as u64 {
        return Err(EncodeError::LengthMismatch { header: header.payload_len(), payload: payload.len() });
    }
    Ok(write(header, payload, dst)?)
}

/// Does what [`encode`] does, for a header that was made from the payload.
#[inline]
pub(crate) fn write(header: FrameHeader, payload: &[u8], dst: &mut [u8]) -> Result<usize, BufferTooSmall> {
    let needed = usize::from(header.len()).saturating_add(payload.len());
    let too_small = BufferTooSmall { needed };
    // What servers send most: the fewer steps, the less they take of so short a copy.
    if let (Some(short), false) = (header.shortest(), IS_SMALL) {
        let frame = dst.get_mut(..needed).ok_or(too_small)?;
        let (to_header, to_payload) = frame.split_first_chunk_mut().ok_or(too_small)?;
        *to_header = short;
        to_payload.get_mut(..payload.len()).ok_or(too_small)?.copy_from_slice(payload);
        return Ok(needed);
    }
    let space = dst.get_mut(..needed).and_then(|frame| header.write(frame)).ok_or(too_small)?;
    let to_payload = space.get_mut(..payload.len()).ok_or(too_small)?;
    match header.masking_key() {
        Some(key) => {
            key.apply_into(payload, to_payload)?;
        }
        None => to_payload.copy_from_slice(payload),
    }
    Ok(needed)
}

/// Writes the header of a payload that lies at `offset` of `dst`, closes the gap between them, and masks the payload;
/// returns the frame's length.
pub(crate) fn finish(header: FrameHeader, offset: usize, dst: &mut [u8]) -> usize {
    let encoded = header.encode();
    let len = usize::try_from(header.payload_len()).unwrap_or(usize::MAX);
    let (start, end) = (encoded.len(), encoded.len().saturating_add(len));
    debug_assert!(start <= offset, "the header fits before its payload");
    let gap = offset.saturating_sub(start);
    let moved = part_mut(dst, start..offset.saturating_add(len));
    if (1..=moved.len()).contains(&gap) {
        let end = moved.len();
        move_down(moved, gap..end, 0);
    }
    for (to, from) in dst.iter_mut().zip(encoded.iter()) {
        *to = *from;
    }
    if let (Some(key), Some(payload)) = (header.masking_key(), dst.get_mut(start..end)) {
        key.apply(payload);
    }
    end
}

/// Tells why no frame can be decoded: the peer's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum FrameError {
    /// The header is invalid.
    Header(HeaderError),
    /// The header announces more than the limit.
    PayloadTooBig {
        /// The announced length in bytes.
        len: u64,
    },
}

impl From<HeaderError> for FrameError {
    fn from(error: HeaderError) -> Self {
        Self::Header(error)
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(error) => error.fmt(f),
            Self::PayloadTooBig { len } => write!(f, "a payload of {len} bytes is over the limit"),
        }
    }
}

impl core::error::Error for FrameError {}

/// Tells why a frame was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum EncodeError {
    /// The header announces a length that the payload does not have: the caller's fault.
    LengthMismatch {
        /// The length in the header.
        header: u64,
        /// The length of the payload.
        payload: usize,
    },
    /// The destination is too small: call again with more space.
    BufferTooSmall(BufferTooSmall),
}

impl From<BufferTooSmall> for EncodeError {
    fn from(error: BufferTooSmall) -> Self {
        Self::BufferTooSmall(error)
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LengthMismatch { header, payload } => {
                write!(f, "the header announces {header} bytes, the payload has {payload}")
            }
            Self::BufferTooSmall(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for EncodeError {}
