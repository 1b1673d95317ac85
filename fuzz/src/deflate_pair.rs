//! Two ends that compress, in one process: whatever was agreed on and however messages are sent, they arrive, in order.

use arbitrary::Arbitrary;
use flate2::{Decompress, FlushDecompress};
use wsproto::connection::{
    Fragment, FrameEncoder, Limits, MessageKind, Reply, Role, Server, encode_shared_message,
};
use wsproto::deflate::{Compressor, Level, Parameters, Policy, WindowBits};
use wsproto::session::Session;

use crate::CLIENT;
use crate::incoming::take;
use crate::messages::Owned;

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
    let limits = Limits::new().with_max_fragments(u32::MAX);
    let mut client = Session::new(CLIENT, limits, Vec::new()).with_deflate(agreed, policy);
    let mut server = Session::new(Server, limits, Vec::new()).with_deflate(agreed, policy);
    let mut shared = Compressor::new(level, WindowBits::MAX);
    let (mut to_client, mut to_server) = (Vec::new(), Vec::new());
    for (text, how) in &conversation.messages {
        if let How::Forgotten = how {
            client.shrink();
            server.shrink();
        }
        for fragment in fragments(text, how) {
            send(text, fragment, how, client.frame(), &mut shared, &mut to_server);
        }
        if let How::ToMany(bits) = how {
            let (bits, mut out) = (window(*bits), vec![0; text.len() + 10]);
            let n = encode_shared_message(MessageKind::Text, text.as_bytes(), bits, &mut shared, &mut out);
            if server.sender().begin_shared_message(bits).is_ok() {
                to_client.extend_from_slice(&out[..n.expect("as much space as without")]);
                continue;
            }
            assert!(bits > agreed.server_max_window_bits);
        }
        for fragment in fragments(text, how) {
            send(text, fragment, how, server.frame(), &mut shared, &mut to_client);
        }
    }
    let read = usize::from(conversation.read).max(1);
    read_back(conversation, level, read);
    receive(server, &to_server, read, &conversation.messages);
    receive(client, &to_client, read, &conversation.messages);
}

/// The frames of a message.
fn fragments<'a>(text: &'a str, how: &How) -> Vec<Fragment<'a>> {
    let size = match how {
        How::Fragments(size) => usize::from(*size).max(1),
        _ => usize::MAX,
    };
    let fragment = |payload| Fragment { kind: MessageKind::Text, payload, is_last: false };
    let mut fragments: Vec<_> = text.as_bytes().chunks(size).map(fragment).collect();
    if fragments.is_empty() {
        fragments.push(fragment(b""));
    }
    fragments.last_mut().expect("not empty").is_last = true;
    fragments
}

/// Writes one frame of a message, of which that is all but for `How::Fragments`.
fn send(
    text: &str,
    fragment: Fragment<'_>,
    how: &How,
    frame: FrameEncoder<'_>,
    shared: &mut Compressor,
    wire: &mut Vec<u8>,
) {
    let mut encode = |frame: FrameEncoder<'_>, space| {
        let mut dst = vec![0; space];
        let len = frame.encode(text, &mut dst).expect("as much space as without");
        wire.extend_from_slice(&dst[..len]);
        Ok(())
    };
    let sent = match how {
        How::Whole | How::Forgotten => frame.append(text, wire),
        How::Binary => frame.append_with(MessageKind::Binary, wire, |out| out.extend(text.as_bytes())),
        How::ByShared => frame.with_compressor(shared).append(text, wire),
        How::Uncompressed => frame.uncompressed().append(text, wire),
        How::Fragments(_) => frame.append_fragment(fragment, wire),
        How::ToMany(_) => encode(frame, Compressor::bound(text.len()) + 14),
        How::Tight(more) => encode(frame, text.len() + 14 + usize::from(*more)),
    };
    sent.expect("the connection is open");
}

/// Takes all, each message in another way.
fn receive<R: Role>(session: Session<R, Vec<u8>>, wire: &[u8], read: usize, messages: &[(&str, How)]) {
    let (mut incoming, _) = session.split();
    let (mut expected, mut reply) = (messages.iter(), Reply::new());
    for (choice, piece) in (0..=3).cycle().zip(wire.chunks(read)) {
        incoming.push(piece);
        while let Some(came) =
            take(&mut incoming, &mut reply, choice).expect("what the other end sends is valid")
        {
            let (text, how) = expected.next().expect("no more than was sent");
            let sent = match how {
                How::Binary => Owned::Binary(text.as_bytes().to_vec()),
                _ => Owned::Text((*text).to_owned()),
            };
            assert_eq!(came, sent, "sent {how:?}");
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
