//! Two ends that compress, in one process: whatever was agreed on and however messages are sent, they arrive, in order.

use arbitrary::Arbitrary;
use flate2::{Decompress, FlushDecompress};
use wsproto::connection::{Client, Config, FrameEncoder, MessageKind, Role, Server, encode_shared_message};
use wsproto::deflate::{Compressor, Level, Parameters, Policy, WindowBits};
use wsproto::error::SendError;
use wsproto::session::{Message, Session};
use wsproto::wire::MaskingKey;

#[derive(Debug, Arbitrary)]
pub struct Conversation<'a> {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    windows: [u8; 2],
    level: u8,
    threshold: u8,
    send_takeover: bool,
    /// How many bytes are read at once.
    read: u8,
    messages: Vec<(&'a str, How)>,
}

#[derive(Debug, Arbitrary)]
enum How {
    Whole,
    Binary,
    /// By a compressor that others use too.
    ByShared,
    Uncompressed,
    Fragments(u8),
    /// One message to many: the server's only.
    ToMany(u8),
    /// With so little space that it may not fit.
    Tight(u8),
    /// What is remembered is given back first.
    Forgotten,
}

pub fn check(conversation: &Conversation<'_>) {
    let window = |bits| WindowBits::new(8 + bits % 8).expect("8 to 15");
    let agreed = Parameters {
        server_no_context_takeover: conversation.server_no_context_takeover,
        client_no_context_takeover: conversation.client_no_context_takeover,
        server_max_window_bits: window(conversation.windows[0]),
        client_max_window_bits: window(conversation.windows[1]),
    };
    let level = Level::new(conversation.level % 10).expect("0 to 9");
    let policy = Policy::new()
        .with_level(level)
        .with_threshold(conversation.threshold.into())
        .with_send_takeover(conversation.send_takeover);
    let config = Config::new().with_max_fragments(u32::MAX);
    let mut client = Session::<Client, _>::new(config, Vec::new()).with_deflate(agreed, policy);
    let mut server = Session::<Server, _>::new(config, Vec::new()).with_deflate(agreed, policy);
    let mut shared = Compressor::new(level, WindowBits::MAX);
    let (mut to_client, mut to_server) = (Vec::new(), Vec::new());
    let key = MaskingKey::new([1, 2, 3, 4]);
    for (text, how) in &conversation.messages {
        if let How::Forgotten = how {
            client.sender.shrink();
            server.sender.shrink();
        }
        for piece in pieces(text, how) {
            send(&piece, how, client.frame(key), &mut shared, &mut to_server);
        }
        if let How::ToMany(bits) = how {
            let (bits, mut out) = (window(*bits), vec![0; text.len() + 10]);
            let n = encode_shared_message(MessageKind::Text, text.as_bytes(), bits, &mut shared, &mut out);
            if server.sender.begin_shared_message(bits).is_ok() {
                to_client.extend_from_slice(&out[..n.expect("as much space as without")]);
                continue;
            }
            assert!(bits > agreed.server_max_window_bits);
        }
        for piece in pieces(text, how) {
            send(&piece, how, server.frame(), &mut shared, &mut to_client);
        }
    }
    let read = usize::from(conversation.read).max(1);
    read_back(conversation, level, read);
    receive(&mut server, &to_server, read, &conversation.messages);
    receive(&mut client, &to_client, read, &conversation.messages);
}

/// One frame's part of a message.
struct Piece<'a> {
    text: &'a str,
    bytes: &'a [u8],
    is_last: bool,
}

fn pieces<'a>(text: &'a str, how: &How) -> Vec<Piece<'a>> {
    let size = match how {
        How::Fragments(size) => usize::from(*size).max(1),
        _ => usize::MAX,
    };
    let mut pieces: Vec<_> =
        text.as_bytes().chunks(size).map(|bytes| Piece { text, bytes, is_last: false }).collect();
    if pieces.is_empty() {
        pieces.push(Piece { text, bytes: b"", is_last: false });
    }
    pieces.last_mut().expect("not empty").is_last = true;
    pieces
}

fn send(piece: &Piece<'_>, how: &How, frame: FrameEncoder<'_>, shared: &mut Compressor, wire: &mut Vec<u8>) {
    let least = piece.bytes.len() + 14;
    let size = match how {
        How::Tight(more) => least + usize::from(*more),
        _ => Compressor::bound(piece.bytes.len()) + 14,
    };
    let mut out = vec![0; size];
    let encoded: Result<usize, SendError> = match how {
        How::Binary => frame.encode_binary(piece.bytes, &mut out),
        How::ByShared => frame.with_compressor(shared).encode_text(piece.text, &mut out),
        How::Uncompressed => frame.uncompressed().encode_text(piece.text, &mut out),
        How::Fragments(_) => frame.encode_fragment(MessageKind::Text, piece.bytes, piece.is_last, &mut out),
        How::Whole | How::ToMany(_) | How::Tight(_) | How::Forgotten => {
            frame.encode_text(piece.text, &mut out)
        }
    };
    wire.extend_from_slice(&out[..encoded.expect("as much space as without")]);
}

fn receive<R: Role>(session: &mut Session<R, Vec<u8>>, wire: &[u8], read: usize, messages: &[(&str, How)]) {
    let mut expected = messages.iter();
    for mut piece in wire.chunks(read) {
        while !piece.is_empty() {
            let pushed = session.push(piece);
            piece = &piece[pushed..];
            while let Some(message) = session.next().expect("what the other end sends is valid") {
                let (text, how) = expected.next().expect("no more than was sent");
                let is_same = match message {
                    Message::Text(came) => !matches!(how, How::Binary) && came == *text,
                    Message::Binary(came) => matches!(how, How::Binary) && came == text.as_bytes(),
                    _ => false,
                };
                assert!(is_same, "{text:?}, sent {how:?}, came as {message:?}");
            }
        }
    }
    assert_eq!(expected.count(), 0, "all came");
}

/// What the compressor writes, with a window as small as that of the server, is read by zlib-rs with one as small.
fn read_back(conversation: &Conversation<'_>, level: Level, piece: usize) {
    let bits = 8 + conversation.windows[0] % 8;
    let mut compressor = Compressor::new(level, WindowBits::new(bits).expect("8 to 15"));
    let mut other = Decompress::new_with_window_bits(false, bits.max(9));
    for (text, how) in &conversation.messages {
        if let How::Forgotten = how {
            compressor.forget();
            other.reset(false);
        }
        let mut plain = vec![0; text.len() + 1];
        let (mut at, mut pieces) = (0, text.as_bytes().chunks(piece).peekable());
        loop {
            let piece = pieces.next().unwrap_or_default();
            let is_last = pieces.peek().is_none();
            let mut payload = vec![0; Compressor::bound(piece.len())];
            let compressed = compressor.compress(piece, is_last, &mut payload).expect("space enough");
            assert_eq!((compressed.consumed, compressed.is_done), (piece.len(), is_last));
            payload.truncate(compressed.written);
            if is_last {
                payload.extend([0x00, 0x00, 0xFF, 0xFF]);
            }
            let before = (other.total_in(), other.total_out());
            other.decompress(&payload, &mut plain[at..], FlushDecompress::Sync).expect("DEFLATE");
            assert_eq!(other.total_in() - before.0, payload.len() as u64);
            at += usize::try_from(other.total_out() - before.1).expect("small");
            if is_last {
                break;
            }
        }
        assert_eq!(&plain[..at], text.as_bytes());
    }
}
