use bare_metal::{End, serve};
use embedded_io::{ErrorKind, ErrorType, Read, Write};
use wsproto::error::ProtocolError;

/// What a client sends, what the server has to answer, byte by byte, and how it has to end.
struct Conversation {
    received: &'static [u8],
    expected: &'static [u8],
    end: End,
}

const ECHO: Conversation = Conversation {
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
    end: End::Closed,
};

/// A frame that is not masked: the Close frame says 1002, and why.
const UNMASKED: Conversation = Conversation {
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
        \x88\x38\x03\xeaclient frame that is not masked (RFC 6455 section 5.1)",
    end: End::Failed(ProtocolError::UnmaskedFrame),
};

/// How many bytes each read gives at most.
const PIECES: [usize; 5] = [1, 2, 7, 64, 1024];

/// How many conversations [`run`] has.
#[cfg(not(target_os = "none"))]
pub const CONVERSATIONS: usize = 2 * PIECES.len();

/// Has each conversation, in pieces of each size.
pub fn run() -> Result<(), ()> {
    for conversation in [ECHO, UNMASKED] {
        for piece in PIECES {
            let mut client =
                Client { to_send: conversation.received, piece, expected: conversation.expected };
            let end = serve(&mut [0; 1024], &mut client);
            if end != Ok(conversation.end) || !client.expected.is_empty() {
                return Err(());
            }
        }
    }
    Ok(())
}

/// The transport, and the client at its other end.
struct Client {
    to_send: &'static [u8],
    piece: usize,
    /// What the server still has to answer.
    expected: &'static [u8],
}

impl Read for Client {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        let piece = self.piece.min(buffer.len());
        let Ok(n) = self.to_send.read(&mut buffer[..piece]);
        Ok(n)
    }
}

impl Write for Client {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.expected = self.expected.strip_prefix(bytes).ok_or(ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

impl ErrorType for Client {
    type Error = ErrorKind;
}
