//! Messages larger than the memory, in pieces.

use embassy_futures::block_on;
use embassy_futures::join::join;
use wsproto_embedded::{
    CloseCode, CloseFrame, Connect, Data, Error, Limits, Message, NoClock, Options, ProtocolError, accept,
    accept_with,
};

use crate::transport::{Counter, REQUEST, Script, Then, pipe};

const LARGE: Options<'_> = Options::new().with_limits(
    Limits::new().with_max_frame_payload(1 << 30).with_max_message_size(1 << 30).with_max_fragments(u32::MAX),
);

/// A text "ca", a Ping, the rest of it, whose character is cut: none of it masked by anything but zeros.
const CUT: &[u8] = b"\x01\x83\0\0\0\0ca\xC3\x89\x81\0\0\0\0?\x80\x82\0\0\0\0\xA9!";

fn parts(piece: Data<'_>) -> (&[u8], bool, bool) {
    (piece.payload, piece.is_first, piece.is_last)
}

/// 300,000 bytes go there and back through 512.
#[test]
fn a_message_larger_than_all_memory_is_echoed() {
    for (capacity, piece) in [(64, 7), (4096, usize::MAX)] {
        let (one, other) = pipe(capacity, piece);
        let text = "é€😀z".repeat(30_000);
        let server = async {
            let memory = ([0; 512], [0; 512 + 14]);
            let mut socket = accept_with(one, memory, NoClock, &LARGE).await.unwrap();
            while let Some((piece, mut out)) = socket.read_piece().await.unwrap() {
                assert!(piece.payload.len() <= 512, "{}", piece.payload.len());
                out.send_fragment(piece).await.unwrap();
            }
            assert_eq!(socket.close_code(), Some(CloseCode::NORMAL));
        };
        let client = async {
            let connect = Connect::new("example.com", "/").options(LARGE);
            let memory = ([0; 512], [0; 300]);
            let socket = connect.connect(other.halves(), memory, NoClock, Counter(1)).await.unwrap();
            let mut split = socket.split();
            let (mut reader, mut writer) = split.halves();
            let send = async { writer.send(&*text).await.unwrap() };
            let receive = async {
                let mut echoed = Vec::new();
                loop {
                    let piece = reader.read_piece().await.unwrap().unwrap();
                    assert_eq!(piece.is_first, echoed.is_empty());
                    echoed.extend_from_slice(piece.payload);
                    if piece.is_last {
                        break echoed;
                    }
                }
            };
            assert!(join(send, receive).await.1 == text.as_bytes());
            let mut socket = split.join();
            socket.send(CloseFrame::new(CloseCode::NORMAL, "").unwrap()).await.unwrap();
            assert!(socket.read_piece().await.unwrap().is_none());
        };
        block_on(join(server, client));
    }
}

#[test]
fn a_piece_comes_before_the_rest_and_pings_between_are_answered() {
    let script = Script { piece: REQUEST.len(), ..Script::new(&[REQUEST, CUT], Then::End) };
    let taken = script.taken.clone();
    block_on(async {
        let mut socket = accept(script, [0; 512], NoClock).await.unwrap();
        let (piece, _) = socket.read_piece().await.unwrap().unwrap();
        assert_eq!(parts(piece), (&b"ca\xC3"[..], true, false));
        let (piece, _) = socket.read_piece().await.unwrap().unwrap();
        assert_eq!(parts(piece), (&b"\xA9!"[..], false, true));
        assert!(matches!(socket.read_piece().await, Err(Error::Disconnected(_))));
    });
    assert!(taken.borrow().ends_with(b"\x8A\x01?"));
}

#[test]
fn the_same_over_a_transport_that_blocks() {
    let script = Script::new(&[REQUEST, CUT], Then::End);
    let taken = script.taken.clone();
    let mut socket = wsproto_embedded::blocking::accept(script, [0; 512], NoClock).unwrap();
    let mut text = Vec::new();
    while let Ok(Some((piece, mut out))) = socket.read_piece() {
        text.extend_from_slice(piece.payload);
        out.send_fragment(piece).unwrap();
    }
    assert_eq!(text, "caé!".as_bytes());
    assert!(taken.borrow().ends_with(b"\x01\x03ca\xC3\x8A\x01?\x80\x02\xA9!"));
}

/// Whoever sees the first piece and has no use for the rest goes on to the next message.
#[test]
fn read_drops_the_rest_of_a_message() {
    let rest = [b"\x80\xFE\x03\xE8\0\0\0\0".as_slice(), &[b'b'; 1000], b"\x81\x84\0\0\0\0next"].concat();
    let script = Script::new(&[REQUEST, b"\x01\x81\0\0\0\0a", &rest], Then::End);
    block_on(async {
        let mut socket = accept(script, [0; 512], NoClock).await.unwrap();
        let (piece, _) = socket.read_piece().await.unwrap().unwrap();
        assert_eq!(parts(piece), (&b"a"[..], true, false));
        let (message, _) = socket.read().await.unwrap().unwrap();
        assert_eq!(message, Message::Text("next"));
    });
}

#[test]
fn the_limit_of_a_message_holds_for_its_pieces_together_and_the_memorys_for_whole_ones() {
    let sent = [b"\x02\xFE\x01\x00\0\0\0\0".as_slice(), &[0; 256], b"\x80\xFE\x01\x00\0\0\0\0"].concat();
    let too_big = Err(Error::Protocol(ProtocolError::MessageTooBig { len: 512 }));
    for in_pieces in [false, true] {
        let options = Options::new().with_max_message_size(if in_pieces { 511 } else { 1 << 20 });
        let script = Script::new(&[REQUEST, &sent], Then::Hang);
        let taken = script.taken.clone();
        block_on(async {
            let mut socket = accept_with(script, [0; 512], NoClock, &options).await.unwrap();
            if in_pieces {
                while matches!(socket.read_piece().await, Ok(Some(_))) {}
                assert_eq!(socket.read_piece().await.map(|_| ()), too_big);
            } else {
                assert_eq!(socket.read().await.map(|_| ()), too_big);
            }
        });
        // [RFC 6455 §7.4.1] 1009.
        let is_told = |end: &&[u8]| end[0] == 0x88 && end[2..] == [0x03, 0xF1];
        assert_eq!(taken.borrow().windows(4).filter(is_told).count(), 1);
    }
}
