use core::fmt;

use super::IS_SMALL;
use super::part::part;

#[cfg(not(feature = "simd"))]
use core::str::from_utf8 as check;
// The one whose errors tell where they are, as those of `core` do. It costs no more.
#[cfg(feature = "simd")]
use simdutf8::compat::from_utf8 as check;

/// Validates text that arrives in pieces, however it was cut, and fails at the first byte that can't be UTF-8
/// ([RFC 6455 §8.1], [RFC 3629 §4]).
///
/// Its state takes three bytes: what may follow the character under way. Overlong forms, surrogates and code points
/// above U+10FFFF are refused.
///
/// # Examples
///
/// ```
/// use wsproto::wire::Utf8Validator;
///
/// let mut utf8 = Utf8Validator::new();
/// let (first, second) = "κόσμε".as_bytes().split_at(3);
/// assert!(utf8.validate(first).is_ok());
/// assert!(!utf8.is_complete(), "cut inside a character");
/// assert!(utf8.validate(second).is_ok());
/// assert!(utf8.is_complete());
/// ```
///
/// [RFC 6455 §8.1]: https://www.rfc-editor.org/rfc/rfc6455#section-8.1
/// [RFC 3629 §4]: https://www.rfc-editor.org/rfc/rfc3629#section-4
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Utf8Validator {
    /// How many bytes the character under way still needs.
    missing: u8,
    /// The range of its next byte. Only the second byte's is ever narrower than `0x80..=0xBF`.
    lowest: u8,
    highest: u8,
}

/// Returns `bytes` as text if they are UTF-8.
#[inline]
pub(crate) fn from_utf8(bytes: &[u8]) -> Option<&str> {
    check(bytes).ok()
}

/// Tells that a text can't be UTF-8, whatever follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Utf8Error {
    /// How many bytes of the piece precede the first impossible one.
    pub valid_up_to: usize,
}

impl Utf8Validator {
    /// Starts between two characters.
    pub const fn new() -> Self {
        Self { missing: 0, lowest: 0x80, highest: 0xBF }
    }

    /// Tells whether the text so far ends with a whole character, as a message has to ([RFC 6455 §8.1]).
    ///
    /// [RFC 6455 §8.1]: https://www.rfc-editor.org/rfc/rfc6455#section-8.1
    pub const fn is_complete(&self) -> bool {
        self.missing == 0
    }

    /// Validates the next piece, which may have any length, including 0.
    ///
    /// # Errors
    ///
    /// [`Utf8Error`], with the place of the first impossible byte in `piece`. The validator then stands right before
    /// that byte: given it again, it fails again.
    #[inline]
    pub fn validate(&mut self, piece: &[u8]) -> Result<(), Utf8Error> {
        if IS_SMALL {
            return self.step_through(piece);
        }
        let finished = self.finish_character(piece)?;
        let rest = part(piece, finished..);
        let Err(error) = check(rest) else {
            return Ok(());
        };
        // What `from_utf8` calls an error may be a character that the cut went through: its bytes decide.
        let valid = finished.saturating_add(error.valid_up_to());
        self.step_through(part(piece, valid..))
            .map_err(|tail| Utf8Error { valid_up_to: valid.saturating_add(tail.valid_up_to) })
    }

    /// Consumes the bytes that the character under way still needs, and returns how many these were.
    #[inline]
    fn finish_character(&mut self, piece: &[u8]) -> Result<usize, Utf8Error> {
        if self.is_complete() {
            return Ok(0);
        }
        let mut taken = 0_usize;
        for &byte in piece {
            if self.is_complete() {
                break;
            }
            self.step(byte).ok_or(Utf8Error { valid_up_to: taken })?;
            taken = taken.saturating_add(1);
        }
        Ok(taken)
    }

    #[cold]
    fn step_through(&mut self, tail: &[u8]) -> Result<(), Utf8Error> {
        for (at, &byte) in tail.iter().enumerate() {
            self.step(byte).ok_or(Utf8Error { valid_up_to: at })?;
        }
        Ok(())
    }

    /// Consumes one byte by the table of [RFC 3629 §4]. Returns `None`, and changes nothing, if it can't follow.
    fn step(&mut self, byte: u8) -> Option<()> {
        let (missing, lowest, highest) = match (self.missing, byte) {
            (0, 0x00..=0x7F) => (0, 0x80, 0xBF),
            (0, 0xC2..=0xDF) => (1, 0x80, 0xBF),
            (0, 0xE0) => (2, 0xA0, 0xBF), // no overlong form
            (0, 0xED) => (2, 0x80, 0x9F), // no surrogate
            (0, 0xE1..=0xEF) => (2, 0x80, 0xBF),
            (0, 0xF0) => (3, 0x90, 0xBF), // no overlong form
            (0, 0xF1..=0xF3) => (3, 0x80, 0xBF),
            (0, 0xF4) => (3, 0x80, 0x8F), // not above U+10FFFF
            (1.., _) if (self.lowest..=self.highest).contains(&byte) => {
                (self.missing.saturating_sub(1), 0x80, 0xBF)
            }
            _ => return None,
        };
        *self = Self { missing, lowest, highest };
        Some(())
    }
}

impl Default for Utf8Validator {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Utf8Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not UTF-8: the byte at offset {} is impossible", self.valid_up_to)
    }
}

impl core::error::Error for Utf8Error {}
