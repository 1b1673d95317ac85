use core::convert::Infallible;

use bare_metal::{Trouble, repeat, serve};
use embedded_io::{ErrorKind, ErrorType, Read, Write};
use wsproto_embedded::rand_core::{TryCryptoRng, TryRng};
use wsproto_embedded::{Error, ProtocolError};

/// What the peer sends, what is to be sent to it, byte by byte, and how it has to end.
struct Conversation {
    is_server: bool,
    received: &'static [u8],
    expected: &'static [u8],
    end: Result<(), Trouble<ErrorKind>>,
}

const ECHO: Conversation = Conversation {
    is_server: true,
    received: b"GET /echo HTTP/1.1\r\n\
        Host: 192.0.2.1\r\n\
        Upgrade: websocket\r\n\
        Connection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Version: 13\r\n\r\n\
        \x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\
        \x01\x83\x37\xfa\x21\x3d\x7f\x9f\x4d\
        \x89\x82\x01\x02\x03\x04\x69\x6b\
        \x00\x80\x37\xfa\x21\x3d\
        \x80\x82\x37\xfa\x21\x3d\x5b\x95\
        \x82\x83\x00\x00\x00\x00\x00\xff\x80\
        \x88\x82\x01\x02\x03\x04\x02\xea",
    expected: b"HTTP/1.1 101 Switching Protocols\r\n\
        Upgrade: websocket\r\n\
        Connection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\
        \x81\x05Hello\
        \x8a\x02hi\
        \x81\x05Hello\
        \x82\x03\x00\xff\x80\
        \x88\x02\x03\xe8",
    end: Ok(()),
};

/// A frame that is not masked: the Close frame says 1002.
const UNMASKED: Conversation = Conversation {
    is_server: true,
    received: b"GET /echo HTTP/1.1\r\n\
        Host: 192.0.2.1\r\n\
        Upgrade: websocket\r\n\
        Connection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Version: 13\r\n\r\n\
        \x81\x05Hello",
    expected: b"HTTP/1.1 101 Switching Protocols\r\n\
        Upgrade: websocket\r\n\
        Connection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\
        \x88\x02\x03\xea",
    end: Err(Trouble::Open(Error::Protocol(ProtocolError::UnmaskedFrame))),
};

/// A client, whose masking keys are zeros.
const CLIENT: Conversation = Conversation {
    is_server: false,
    received: b"HTTP/1.1 101 Switching Protocols\r\n\
        Upgrade: websocket\r\n\
        Connection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\
        \x81\x05Hello\x01\x03Hel\x89\x02hi\x80\x02lo\x88\x02\x03\xe8",
    expected: b"GET /chat HTTP/1.1\r\n\
        Host: example.com\r\n\
        Upgrade: websocket\r\n\
        Connection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Version: 13\r\n\r\n\
        \x81\x85\0\0\0\0Hello\x8a\x82\0\0\0\0hi\x81\x85\0\0\0\0Hello\x88\x82\0\0\0\0\x03\xe8",
    end: Ok(()),
};

/// How many bytes each read gives at most.
const PIECES: [usize; 5] = [1, 2, 7, 64, 1024];

/// How many conversations [`run`] has.
#[cfg(not(target_os = "none"))]
pub const CONVERSATIONS: usize = 3 * PIECES.len();

/// Has each conversation, in pieces of each size.
pub fn run() -> Result<(), ()> {
    for conversation in [ECHO, UNMASKED, CLIENT] {
        for piece in PIECES {
            let mut peer = Peer { to_send: conversation.received, piece, expected: conversation.expected };
            let end = if conversation.is_server { server(&mut peer) } else { client(&mut peer) };
            if end != conversation.end || !peer.expected.is_empty() {
                return Err(());
            }
        }
    }
    Ok(())
}

/// Apart, so that the stack holds one of them at a time.
#[inline(never)]
fn server(peer: &mut Peer) -> Result<(), Trouble<ErrorKind>> {
    serve(&mut [0; 1024], peer)
}

#[inline(never)]
fn client(peer: &mut Peer) -> Result<(), Trouble<ErrorKind>> {
    repeat(&mut [0; 1024], peer, OfTheRfc)
}

/// The nonce of the RFC's example, and keys of zeros.
struct OfTheRfc;

impl TryRng for OfTheRfc {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        for (to, from) in dst.iter_mut().zip(b"the sample nonce") {
            *to = *from;
        }
        Ok(())
    }
}

impl TryCryptoRng for OfTheRfc {}

/// The transport, and the peer at its other end.
struct Peer {
    to_send: &'static [u8],
    piece: usize,
    /// What is still to be sent to it.
    expected: &'static [u8],
}

impl Read for Peer {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        let piece = self.piece.min(buffer.len());
        let Ok(n) = self.to_send.read(&mut buffer[..piece]);
        Ok(n)
    }
}

impl Write for Peer {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.expected = self.expected.strip_prefix(bytes).ok_or(ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

impl ErrorType for Peer {
    type Error = ErrorKind;
}
