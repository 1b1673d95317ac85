use core::fmt;
use core::ops::Deref;

use super::{MaskingKey, Opcode, part::part};

/// Bounds a frame header, in bytes: 2, a 64-bit length of 8, a masking key of 4 ([RFC 6455 §5.2]).
///
/// [RFC 6455 §5.2]: https://www.rfc-editor.org/rfc/rfc6455#section-5.2
pub const MAX_HEADER_LEN: usize = 14;

/// Limits the payload of a control frame, in bytes ([RFC 6455 §5.5]).
///
/// [RFC 6455 §5.5]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5
pub const MAX_CONTROL_PAYLOAD: usize = 125;

/// Bounds a control frame, in bytes: 2, a masking key of 4, a payload of 125. Every reply fits into as many.
pub const MAX_CONTROL_FRAME: usize = 2 + 4 + MAX_CONTROL_PAYLOAD;

const FIN: u8 = 0x80;
const MASK: u8 = 0x80;
/// Stand in place of a length, which follows in 16 bits or in 64.
const LENGTH_16: u8 = 126;
const LENGTH_64: u8 = 127;

/// Describes a frame without its payload ([RFC 6455 §5.2]).
///
/// Every value of this type can be sent: its opcode is not reserved, its length fits into 63 bits, and a control frame
/// is whole and has a payload of at most 125 bytes.
///
/// # Examples
///
/// ```
/// use wsproto::wire::{FrameHeader, Opcode};
///
/// // The header of a 256-byte binary message ([RFC 6455 §5.7]).
/// let header = FrameHeader::new(Opcode::Binary, true, 256).expect("a valid frame");
/// assert_eq!(&*header.encode(), [0x82, 0x7E, 0x01, 0x00]);
/// assert_eq!(FrameHeader::decode(&[0x82, 0x7E, 0x01, 0x00]), Ok(Some((header, 4))));
/// assert_eq!(FrameHeader::decode(&[0x82, 0x7E, 0x01]), Ok(None), "incomplete");
/// ```
///
/// [RFC 6455 §5.2]: https://www.rfc-editor.org/rfc/rfc6455#section-5.2
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameHeader {
    payload_len: u64,
    masking_key: Option<MaskingKey>,
    opcode: Opcode,
    rsv: Rsv,
    fin: bool,
}

impl FrameHeader {
    /// Makes the header of an unmasked frame without RSV bits, with a payload of `payload_len` bytes.
    ///
    /// Returns `None` if there can be no such frame: a control frame without FIN or over 125 bytes, or any frame of
    /// 2⁶³ bytes or more.
    pub const fn new(opcode: Opcode, fin: bool, payload_len: u64) -> Option<Self> {
        let control = opcode.is_control();
        if payload_len >> 63 != 0 || control && (!fin || payload_len > MAX_CONTROL_PAYLOAD as u64) {
            return None;
        }
        Some(Self { payload_len, masking_key: None, opcode, rsv: Rsv::NONE, fin })
    }

    /// Does what [`new`](Self::new) does, for a control payload that was checked; no slice reaches 2⁶³ bytes.
    pub(crate) const fn of(opcode: Opcode, fin: bool, payload_len: usize) -> Self {
        Self { payload_len: payload_len as u64, masking_key: None, opcode, rsv: Rsv::NONE, fin }
    }

    /// Sets the masking key, or removes it.
    #[must_use]
    pub const fn with_masking_key(self, masking_key: Option<MaskingKey>) -> Self {
        Self { masking_key, ..self }
    }

    /// Sets the RSV bits, which only a negotiated extension may use.
    #[must_use]
    pub const fn with_rsv(self, rsv: Rsv) -> Self {
        Self { rsv, ..self }
    }

    /// Tells whether this is the last frame of its message.
    pub const fn fin(&self) -> bool {
        self.fin
    }

    /// Returns the three reserved bits.
    pub const fn rsv(&self) -> Rsv {
        self.rsv
    }

    /// Returns the opcode: the type of the payload.
    pub const fn opcode(&self) -> Opcode {
        self.opcode
    }

    /// Returns the key with which the payload is masked, or `None` if it is not.
    pub const fn masking_key(&self) -> Option<MaskingKey> {
        self.masking_key
    }

    /// Returns the payload's length in bytes, as announced. A peer can announce 2⁶³ − 1 and send nothing.
    pub const fn payload_len(&self) -> u64 {
        self.payload_len
    }

    /// Decodes the header at the start of `bytes`, and returns it with its length in bytes (2 to 14).
    ///
    /// Returns `Ok(None)` while more bytes are needed.
    ///
    /// # Errors
    ///
    /// [`HeaderError`] as soon as no further bytes can make the header valid. RSV bits are not judged here: whether
    /// they are allowed depends on the negotiated extensions.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, HeaderError> {
        let [first, bytes @ ..] = bytes else {
            return Ok(None);
        };
        let fin = first & FIN != 0;
        let rsv = Rsv::of(*first);
        let Some(opcode) = Opcode::from_bits(first & 0x0F) else {
            return Err(HeaderError::ReservedOpcode { bits: first & 0x0F });
        };
        // [RFC 6455 §5.5]: all control frames MUST NOT be fragmented.
        if opcode.is_control() && !fin {
            return Err(HeaderError::FragmentedControl);
        }
        Self::decode_behind_first(fin, rsv, opcode, bytes)
    }

    /// Decodes what follows the header's first byte, which has said that much.
    #[inline]
    pub(crate) fn decode_behind_first(
        fin: bool,
        rsv: Rsv,
        opcode: Opcode,
        bytes: &[u8],
    ) -> Result<Option<(Self, usize)>, HeaderError> {
        let [second, bytes @ ..] = bytes else {
            return Ok(None);
        };
        let Some((payload_len, length_len, bytes)) = decode_length(second & !MASK, bytes, opcode)? else {
            return Ok(None);
        };

        let masked = second & MASK != 0;
        let (masking_key, key_len) = match bytes.first_chunk() {
            Some(key) if masked => (Some(MaskingKey::new(*key)), 4),
            None if masked => return Ok(None),
            _ => (None, 0),
        };
        let header = Self { payload_len, masking_key, opcode, rsv, fin };
        Ok(Some((header, length_len.saturating_add(key_len))))
    }

    /// Encodes the header in its shortest form ([RFC 6455 §5.2]: the minimal number of bytes MUST be used).
    ///
    /// [RFC 6455 §5.2]: https://www.rfc-editor.org/rfc/rfc6455#section-5.2
    #[inline]
    pub const fn encode(&self) -> EncodedHeader {
        let first = self.first_byte();
        let (mask, [k0, k1, k2, k3]) = match self.masking_key {
            Some(key) => (MASK, key.to_bytes()),
            None => (0, [0; 4]),
        };
        let [l0, l1, l2, l3, l4, l5, l6, l7] = self.payload_len.to_be_bytes();
        let bytes = match self.payload_len {
            0..=125 => [first, mask | l7, k0, k1, k2, k3, 0, 0, 0, 0, 0, 0, 0, 0],
            126..=0xFFFF => [first, mask | LENGTH_16, l6, l7, k0, k1, k2, k3, 0, 0, 0, 0, 0, 0],
            _ => [first, mask | LENGTH_64, l0, l1, l2, l3, l4, l5, l6, l7, k0, k1, k2, k3],
        };
        EncodedHeader { bytes, len: self.len() }
    }

    const fn first_byte(&self) -> u8 {
        (self.fin as u8) << 7 | self.rsv.0 << 4 | self.opcode.bits()
    }

    /// Returns the encoded header's length in bytes, 2 to 14.
    #[inline]
    pub(crate) const fn len(&self) -> u8 {
        match (self.payload_len, self.masking_key) {
            (0..=125, None) => 2,
            (0..=125, Some(_)) => 6,
            (126..=0xFFFF, None) => 4,
            (126..=0xFFFF, Some(_)) => 8,
            (_, None) => 10,
            (_, Some(_)) => 14,
        }
    }

    /// Returns the two bytes that this is, if it is unmasked and its payload has at most 125 bytes.
    #[inline]
    pub(crate) const fn shortest(&self) -> Option<[u8; 2]> {
        match (self.payload_len.to_le_bytes(), self.masking_key) {
            ([len @ 0..=125, 0, 0, 0, 0, 0, 0, 0], None) => Some([self.first_byte(), len]),
            _ => None,
        }
    }

    /// Writes what [`encode`](Self::encode) returns to the start of `dst`, and returns the space behind it, or `None`
    /// if it does not fit. Making the header in place takes less time than copying it.
    #[inline]
    pub(crate) fn write<'d>(&self, dst: &'d mut [u8]) -> Option<&'d mut [u8]> {
        let first = self.first_byte();
        let mask = if self.masking_key.is_some() { MASK } else { 0 };
        let [l0, l1, l2, l3, l4, l5, l6, l7] = self.payload_len.to_be_bytes();
        let space = match self.payload_len {
            0..=125 => put([first, mask | l7], dst),
            126..=0xFFFF => put([first, mask | LENGTH_16, l6, l7], dst),
            _ => put([first, mask | LENGTH_64, l0, l1, l2, l3, l4, l5, l6, l7], dst),
        };
        match self.masking_key {
            Some(key) => put(key.to_bytes(), space?),
            None => space,
        }
    }
}

/// Writes `bytes` to the start of `dst` and returns the space behind them. A fixed length compiles to a store or two,
/// an unknown one to a call.
#[inline]
fn put<const N: usize>(bytes: [u8; N], dst: &mut [u8]) -> Option<&mut [u8]> {
    let (to, space) = dst.split_first_chunk_mut()?;
    *to = bytes;
    Some(space)
}

/// Holds the payload length, the length of the header so far, and the bytes behind it; `None` if incomplete.
type Length<'b> = Option<(u64, usize, &'b [u8])>;

#[inline]
fn decode_length(code: u8, bytes: &[u8], opcode: Opcode) -> Result<Length<'_>, HeaderError> {
    // [RFC 6455 §5.5]: all control frames MUST have a payload length of 125 bytes or less.
    if opcode.is_control() && usize::from(code) > MAX_CONTROL_PAYLOAD {
        return Err(HeaderError::ControlTooLong);
    }
    // [RFC 6455 §5.2]: in all cases, the minimal number of bytes MUST be used to encode the length.
    match code {
        LENGTH_16 => {
            let Some((length, bytes)) = bytes.split_first_chunk() else {
                return Ok(None);
            };
            match u16::from_be_bytes(*length) {
                0..=125 => Err(HeaderError::NonMinimalLength),
                length => Ok(Some((length.into(), 4, bytes))),
            }
        }
        LENGTH_64 => {
            // [RFC 6455 §5.2]: the most significant bit MUST be 0.
            if bytes.first().is_some_and(|byte| byte & 0x80 != 0) {
                return Err(HeaderError::LengthOver63Bits);
            }
            let Some((length, bytes)) = bytes.split_first_chunk() else {
                return Ok(None);
            };
            match u64::from_be_bytes(*length) {
                0..=0xFFFF => Err(HeaderError::NonMinimalLength),
                length => Ok(Some((length, 10, bytes))),
            }
        }
        length => Ok(Some((length.into(), 2, bytes))),
    }
}

/// Holds a header as bytes, 2 to 14 of them, ready to be written before its payload. Derefs to `[u8]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub struct EncodedHeader {
    bytes: [u8; MAX_HEADER_LEN],
    len: u8,
}

impl EncodedHeader {
    /// Returns the masking key that the header carries, its last 4 bytes, or `None` for a server's header. A program
    /// that writes a payload behind a client's header masks it with this key ([RFC 6455 §5.3]).
    ///
    /// # Examples
    ///
    /// ```
    /// use wsproto::connection::{Client, Sender};
    /// use wsproto::MaskingKey;
    ///
    /// let keys = || MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);
    /// let mut payload = *b"Hello";
    /// let header = Sender::new(Client::new(keys)).frame().header("Hello")?;
    /// if let Some(key) = header.masking_key() {
    ///     key.apply(&mut payload);
    /// }
    /// assert_eq!([&*header, &payload].concat(), b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    /// # Ok::<(), wsproto::Misuse>(())
    /// ```
    ///
    /// [RFC 6455 §5.3]: https://www.rfc-editor.org/rfc/rfc6455#section-5.3
    pub fn masking_key(&self) -> Option<MaskingKey> {
        let is_masked = self.get(1).is_some_and(|second| second & MASK != 0);
        let key = self.last_chunk().filter(|_| is_masked)?;
        Some(MaskingKey::new(*key))
    }
}

impl Deref for EncodedHeader {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        part(&self.bytes, ..usize::from(self.len))
    }
}

impl AsRef<[u8]> for EncodedHeader {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// Holds the three reserved bits of a frame ([RFC 6455 §5.2]): zero, unless a negotiated extension gives them a
/// meaning.
///
/// [RFC 6455 §5.2]: https://www.rfc-editor.org/rfc/rfc6455#section-5.2
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rsv(u8);

impl Rsv {
    /// No bit set.
    pub const NONE: Self = Self(0b000);
    /// The first bit, which permessage-deflate uses ([RFC 7692 §6]).
    ///
    /// [RFC 7692 §6]: https://www.rfc-editor.org/rfc/rfc7692#section-6
    pub const RSV1: Self = Self(0b100);
    /// The second bit.
    pub const RSV2: Self = Self(0b010);
    /// The third bit.
    pub const RSV3: Self = Self(0b001);

    /// Returns the bits that are set in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Tells whether all bits of `other` are set in this value too.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    const fn of(first_byte: u8) -> Self {
        Self(first_byte >> 4 & 0b111)
    }
}

/// Tells why bytes can't be a frame header: the peer's fault, answered with the close code 1002.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum HeaderError {
    /// The opcode is reserved: 3–7 or 11–15 ([RFC 6455 §5.2]).
    ///
    /// [RFC 6455 §5.2]: https://www.rfc-editor.org/rfc/rfc6455#section-5.2
    ReservedOpcode {
        /// The four bits.
        bits: u8,
    },
    /// A control frame has no FIN ([RFC 6455 §5.5]).
    ///
    /// [RFC 6455 §5.5]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5
    FragmentedControl,
    /// A control frame announces more than 125 bytes ([RFC 6455 §5.5]).
    ///
    /// [RFC 6455 §5.5]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5
    ControlTooLong,
    /// The length would have fitted into fewer bytes ([RFC 6455 §5.2]).
    ///
    /// [RFC 6455 §5.2]: https://www.rfc-editor.org/rfc/rfc6455#section-5.2
    NonMinimalLength,
    /// The length is 2⁶³ or more ([RFC 6455 §5.2]).
    ///
    /// [RFC 6455 §5.2]: https://www.rfc-editor.org/rfc/rfc6455#section-5.2
    LengthOver63Bits,
}

impl HeaderError {
    pub(crate) const fn rule(self) -> &'static str {
        match self {
            Self::ReservedOpcode { .. } => "reserved opcode (RFC 6455 section 5.2)",
            Self::FragmentedControl => "fragmented control frame (RFC 6455 section 5.5)",
            Self::ControlTooLong => "control frame over 125 bytes (RFC 6455 section 5.5)",
            Self::NonMinimalLength => "payload length not in its shortest form (RFC 6455 section 5.2)",
            Self::LengthOver63Bits => "payload length over 63 bits (RFC 6455 section 5.2)",
        }
    }
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rule())
    }
}

impl core::error::Error for HeaderError {}
