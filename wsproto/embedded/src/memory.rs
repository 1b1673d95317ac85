use core::ops::Range;

use wsproto::session::Buffer;

/// The memory of a connection: `[u8; N]` or `&mut [u8; N]`, or a pair of these.
///
/// The first takes what is received: the head of the opening handshake, which has to be shorter than it, then messages of
/// up to `N - 131` bytes. The second takes what is sent, frame by frame; a message that does not fit goes in fragments.
/// Without a second one that is 131 bytes, the least. Either is at least as long, which is checked at compile time.
pub trait Memory {
    /// To receive into.
    type In: Buffer + AsMut<[u8]>;
    /// To send from.
    type Out: AsRef<[u8]> + AsMut<[u8]>;

    /// Returns both.
    fn into_buffers(self) -> (Self::In, Self::Out);
}

/// The length of the longest control frame.
pub(crate) const LEAST: usize = 131;

impl<const N: usize> Memory for [u8; N] {
    type In = Self;
    type Out = [u8; LEAST];

    fn into_buffers(self) -> (Self::In, Self::Out) {
        (self, [0; LEAST])
    }
}

impl<'b, const N: usize> Memory for &'b mut [u8; N] {
    type In = &'b mut [u8; N];
    type Out = [u8; LEAST];

    fn into_buffers(self) -> (Self::In, Self::Out) {
        (self, [0; LEAST])
    }
}

impl<I: Buffer + AsMut<[u8]>, const N: usize> Memory for (I, [u8; N]) {
    type In = I;
    type Out = [u8; N];

    fn into_buffers(self) -> (Self::In, Self::Out) {
        const { assert!(N >= LEAST, "a control frame must fit") };
        self
    }
}

impl<'b, I: Buffer + AsMut<[u8]>, const N: usize> Memory for (I, &'b mut [u8; N]) {
    type In = I;
    type Out = &'b mut [u8; N];

    fn into_buffers(self) -> (Self::In, Self::Out) {
        const { assert!(N >= LEAST, "a control frame must fit") };
        self
    }
}

/// Moves what came behind a head to the front, and returns how many bytes it is. By hand: `memmove` is 700 bytes of code.
pub(crate) fn move_to_front(bytes: &mut [u8], from: Range<usize>) -> usize {
    let len = from.len();
    for (to, from) in from.enumerate() {
        let byte = bytes.get(from).copied();
        if let (Some(byte), Some(place)) = (byte, bytes.get_mut(to)) {
            *place = byte;
        }
    }
    len
}
