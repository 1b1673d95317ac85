use core::fmt;

/// Tells what a frame's payload is ([RFC 6455 §5.2]).
///
/// The ten reserved opcodes have no value of this type, so they can neither be received nor sent.
///
/// [RFC 6455 §5.2]: https://www.rfc-editor.org/rfc/rfc6455#section-5.2
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u8)]
pub enum Opcode {
    /// `0x0`: another fragment of the message under way.
    Continuation = 0x0,
    /// `0x1`: a text message, or its first fragment.
    Text = 0x1,
    /// `0x2`: a binary message, or its first fragment.
    Binary = 0x2,
    /// `0x8`: closes the connection.
    Close = 0x8,
    /// `0x9`: asks for a Pong.
    Ping = 0x9,
    /// `0xA`: answers a Ping, or stands alone as a heartbeat.
    Pong = 0xA,
}

impl Opcode {
    /// Returns the opcode of these four bits, or `None` if they are reserved or `bits` is over 15.
    ///
    /// ```
    /// use wsproto::wire::Opcode;
    /// assert_eq!(Opcode::from_bits(0x9), Some(Opcode::Ping));
    /// assert_eq!(Opcode::from_bits(0x3), None);
    /// ```
    pub const fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            0x0 => Some(Self::Continuation),
            0x1 => Some(Self::Text),
            0x2 => Some(Self::Binary),
            0x8 => Some(Self::Close),
            0x9 => Some(Self::Ping),
            0xA => Some(Self::Pong),
            _ => None,
        }
    }

    /// Returns the four bits of the opcode on the wire.
    pub const fn bits(self) -> u8 {
        self as u8
    }

    /// Tells whether this is Close, Ping or Pong ([RFC 6455 §5.5]: the opcodes whose most significant bit is 1).
    ///
    /// [RFC 6455 §5.5]: https://www.rfc-editor.org/rfc/rfc6455#section-5.5
    pub const fn is_control(self) -> bool {
        self.bits() & 0x8 != 0
    }
}

impl From<Opcode> for u8 {
    fn from(opcode: Opcode) -> Self {
        opcode.bits()
    }
}

/// Writes the RFC's name of the opcode: `text`, `ping`.
impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Continuation => "continuation",
            Self::Text => "text",
            Self::Binary => "binary",
            Self::Close => "close",
            Self::Ping => "ping",
            Self::Pong => "pong",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Opcode;

    #[test]
    fn bits_and_opcodes_are_each_others_inverse() {
        for bits in 0..=u8::MAX {
            match Opcode::from_bits(bits) {
                Some(opcode) => assert_eq!(opcode.bits(), bits),
                None => assert!(matches!(bits, 0x3..=0x7 | 0xB..)),
            }
        }
    }

    #[test]
    fn the_top_bit_marks_control_frames() {
        assert!([Opcode::Close, Opcode::Ping, Opcode::Pong].iter().all(|o| o.is_control()));
        assert!(![Opcode::Continuation, Opcode::Text, Opcode::Binary].iter().any(|o| o.is_control()));
    }
}
