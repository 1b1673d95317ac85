//! Messages piece by piece: what comes is what was sent, the buffer stays small, and what is left of a message can be skipped.

use wsproto::connection::{Event, Limits, Message, MessageKind, Reply, Server};
use wsproto::error::ProtocolError;
use wsproto::session::{Incoming, Next, Session};

use crate::common::{BINARY, CLIENT, CONTINUATION, FIN, PING, TEXT};

fn incoming(limits: Limits) -> Incoming<Server, Vec<u8>> {
    Session::new(Server, limits, Vec::new()).split().0
}

/// The next piece, which there is: its bytes, whether it is the first, whether it is the last.
fn piece(incoming: &mut Incoming<Server, Vec<u8>>) -> (Vec<u8>, bool, bool) {
    match incoming.next_piece(&mut Reply::new()) {
        Ok(Some(Event::Data(piece))) => (piece.payload.to_vec(), piece.is_first, piece.is_last),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_larger_than_all_memory_passes_through_a_small_buffer() {
    let len = 1 << 27;
    let mut incoming = incoming(Limits::new().with_max_message_size(1 << 40).with_max_frame_payload(1 << 40));
    incoming.push(&CLIENT.header(FIN | BINARY, len));
    let (mut reply, mut left) = (Reply::new(), len);
    let chunk = vec![0; 1 << 16];
    while left > 0 {
        incoming.push(&chunk);
        while let Some(event) = incoming.next_piece(&mut reply).unwrap() {
            let Event::Data(piece) = event else { panic!("{event:?}") };
            left -= piece.payload.len() as u64;
            assert_eq!((piece.is_first, piece.is_last), (left == len - (1 << 16), left == 0));
        }
        assert!(incoming.capacity() <= 1 << 18, "{}", incoming.capacity());
    }
}

#[test]
fn control_frames_come_between_pieces_and_empty_fragments_do_not() {
    let mut incoming = incoming(Limits::new());
    for frame in [
        CLIENT.frame(TEXT, b""),
        CLIENT.frame(CONTINUATION, b"Hel"),
        CLIENT.frame(FIN | PING, b"?"),
        CLIENT.frame(CONTINUATION, b""),
        CLIENT.frame(CONTINUATION, b"lo"),
        CLIENT.frame(FIN | CONTINUATION, b""),
        CLIENT.frame(FIN | TEXT, b""),
    ] {
        incoming.push(&frame);
    }
    let mut reply = Reply::new();
    assert_eq!(piece(&mut incoming), (b"Hel".into(), true, false));
    assert_eq!(incoming.peek_piece(), Some(Next::Ping));
    assert_eq!(incoming.next_piece(&mut reply), Ok(Some(Event::Ping(b"?"))));
    assert!(reply.take().is_due());
    assert_eq!(piece(&mut incoming), (b"lo".into(), false, false));
    assert_eq!(piece(&mut incoming), (b"".into(), false, true));
    assert_eq!(piece(&mut incoming), (b"".into(), true, true));
    assert_eq!(incoming.next_piece(&mut reply), Ok(None));
}

#[test]
fn what_was_joined_already_is_the_first_piece() {
    let mut incoming = incoming(Limits::new());
    incoming.push(&CLIENT.frame(TEXT, b"He"));
    incoming.push(&CLIENT.frame(CONTINUATION, b"l"));
    assert_eq!(incoming.next(&mut Reply::new()), Ok(None));
    incoming.push(&CLIENT.frame(FIN | CONTINUATION, b"lo"));
    assert_eq!(piece(&mut incoming), (b"Hello".into(), true, true));
}

#[test]
fn what_was_looked_at_as_a_piece_can_be_taken_as_part_of_the_message() {
    let mut incoming = incoming(Limits::new());
    incoming.push(&CLIENT.frame(TEXT, b"Hel"));
    assert_eq!(incoming.peek_piece(), Some(Next::Message(MessageKind::Text)));
    assert_eq!(incoming.peek(), None);
    incoming.push(&CLIENT.frame(FIN | CONTINUATION, b"lo"));
    assert_eq!(incoming.peek_piece(), Some(Next::Message(MessageKind::Text)));
    assert_eq!(incoming.next(&mut Reply::new()), Ok(Some(Message::Text("Hello"))));
}

#[test]
fn what_is_left_of_a_message_is_dropped_where_the_next_message_is_asked_for() {
    for peeked in [false, true] {
        let mut incoming = incoming(Limits::new());
        let mut reply = Reply::new();
        // It ends inside a character.
        incoming.push(&CLIENT.frame(TEXT, b"caf\xC3"));
        assert_eq!(piece(&mut incoming), (b"caf\xC3".into(), true, false));
        assert_eq!(incoming.next(&mut reply), Ok(None));
        incoming.push(&CLIENT.frame(CONTINUATION, b"\xA9"));
        if peeked {
            assert_eq!(incoming.peek_piece(), Some(Next::Message(MessageKind::Text)));
        }
        assert_eq!(incoming.peek(), None);
        incoming.push(&CLIENT.frame(FIN | PING, b"?"));
        assert_eq!(incoming.next(&mut reply), Ok(Some(Message::Ping(b"?"))));
        incoming.push(&CLIENT.frame(FIN | CONTINUATION, b"!"));
        if peeked {
            assert_eq!(incoming.peek_piece(), Some(Next::Message(MessageKind::Text)));
        }
        incoming.push(&CLIENT.frame(FIN | BINARY, b"next"));
        assert_eq!(incoming.next(&mut reply), Ok(Some(Message::Binary(b"next"))));
        assert_eq!(incoming.next(&mut reply), Ok(None));
        assert_eq!(incoming.kept(), 0);
    }
}

#[test]
fn the_limit_of_a_message_holds_for_its_pieces_together() {
    let mut incoming = incoming(Limits::new().with_max_message_size(5));
    incoming.push(&CLIENT.frame(BINARY, b"Hel"));
    assert_eq!(piece(&mut incoming), (b"Hel".into(), true, false));
    incoming.push(&CLIENT.frame(CONTINUATION, b"lo!"));
    let error = ProtocolError::MessageTooBig { len: 6 };
    assert_eq!(incoming.next_piece(&mut Reply::new()), Err(error));
}

/// What a fixed buffer holds limits those messages alone that are to be joined in it.
#[test]
fn a_message_larger_than_a_fixed_buffer_comes_in_pieces_and_not_whole() {
    let limits = Limits::new().with_max_message_size(10_000);
    let fixed = || Session::new(Server, limits, [0; 300]).split().0;
    for frames in [
        vec![CLIENT.frame(FIN | BINARY, &[7; 10_000])],
        vec![CLIENT.frame(BINARY, &[7; 100]), CLIENT.frame(FIN | CONTINUATION, &[7; 9_900])],
    ] {
        let (mut incoming, mut reply, mut len) = (fixed(), Reply::new(), 0);
        let mut rest = &frames.concat()[..];
        while !rest.is_empty() {
            rest = &rest[incoming.push_some(rest)..];
            while let Some(event) = incoming.next_piece(&mut reply).unwrap() {
                let Event::Data(piece) = event else { panic!("{event:?}") };
                len += piece.payload.len();
                assert_eq!(piece.is_last, len == 10_000);
            }
        }
        assert_eq!(len, 10_000);

        for was_peeked in [false, true] {
            let (mut incoming, stream) = (fixed(), frames.concat());
            let header = stream.len() - 9_900;
            assert!(incoming.push_some(&stream[..header.min(200)]) > 0);
            if was_peeked {
                assert_eq!(incoming.peek_piece(), Some(Next::Message(MessageKind::Binary)));
            }
            let error = ProtocolError::MessageTooBig { len: 10_000 };
            assert_eq!(incoming.next(&mut reply), Err(error), "{was_peeked}");
            assert_eq!(incoming.next_piece(&mut reply), Err(error), "{was_peeked}");
        }
    }
    for (len, fits) in [(300 - 131, true), (300 - 130, false)] {
        let mut incoming = fixed();
        assert_eq!(incoming.push_some(&CLIENT.frame(FIN | BINARY, &vec![7; len])), len + 8);
        assert_eq!(incoming.next(&mut Reply::new()).is_ok(), fits, "{len} bytes, all of them there");
    }
}

#[cfg(feature = "deflate")]
mod compressed {
    use proptest::prelude::*;

    use wsproto::MaskingKey;
    use wsproto::connection::{Client, Sender};
    use wsproto::deflate::{Parameters, Policy};

    use super::*;

    fn incoming(limits: Limits) -> Incoming<Server, Vec<u8>> {
        Session::new(Server, limits, Vec::new()).with_deflate(Parameters::default(), Policy::new()).split().0
    }

    fn wire(messages: &[&[u8]]) -> Vec<u8> {
        let client = Client::new(|| MaskingKey::new([1, 2, 3, 4]));
        let mut sender = Sender::new(client).with_deflate(Parameters::default(), Policy::new());
        let mut wire = Vec::new();
        for message in messages {
            sender.frame().append(*message, &mut wire).unwrap();
        }
        wire
    }

    /// A few thousand bytes become a megabyte, which does not all lie in memory.
    #[test]
    fn a_bomb_comes_in_pieces_of_64_kib() {
        let bomb = vec![7; 1 << 20];
        let (mut incoming, wire) = (incoming(Limits::new()), wire(&[&bomb, b"next"]));
        assert!(wire.len() < 1 << 15, "{}", wire.len());
        incoming.push(&wire);
        let (mut came, mut last) = (0, false);
        while !last {
            // In the middle too, and what is not decompressed yet is kept.
            if came == 10 << 16 {
                assert!(incoming.kept() > 0);
                assert!(incoming.reclaim().is_some());
                incoming.shrink();
            }
            let (bytes, is_first, is_last) = piece(&mut incoming);
            assert!(bytes.len() <= 1 << 16 && bytes.iter().all(|&byte| byte == 7));
            assert_eq!(is_first, came == 0);
            assert!(incoming.capacity() < 1 << 18, "{}", incoming.capacity());
            came += bytes.len();
            last = is_last;
        }
        assert_eq!(came, bomb.len());
        assert_eq!(piece(&mut incoming), (b"next".into(), true, true));
    }

    #[test]
    fn what_is_left_of_a_bomb_is_dropped_but_not_its_window_nor_its_limit() {
        let bomb = vec![7; 1 << 20];
        for limit in [1 << 20, (1 << 20) - 1] {
            let mut incoming = incoming(Limits::new().with_max_message_size(limit));
            let mut reply = Reply::new();
            // The second refers to the first.
            incoming.push(&wire(&[&bomb, &bomb[..3000]]));
            let (bytes, ..) = piece(&mut incoming);
            assert_eq!(bytes.len(), 1 << 16);
            let error = ProtocolError::MessageTooBig { len: 1 << 20 };
            let next = if limit == 1 << 20 { Ok(Some(Message::Binary(&bomb[..3000]))) } else { Err(error) };
            assert_eq!(incoming.next(&mut reply), next);
            assert!(incoming.capacity() < 1 << 18, "{}", incoming.capacity());
        }
    }

    #[test]
    fn what_was_looked_at_as_a_piece_can_be_taken_as_part_of_the_message() {
        let bomb = vec![7; 1 << 20];
        let (mut incoming, wire) = (incoming(Limits::new()), wire(&[&bomb]));
        let mut reply = Reply::new();
        incoming.push(&wire[..wire.len() - 1]);
        assert_eq!(incoming.peek_piece(), Some(Next::Message(MessageKind::Binary)));
        assert_eq!(incoming.next(&mut reply), Ok(None));
        incoming.push(&wire[wire.len() - 1..]);
        assert_eq!(incoming.next(&mut reply), Ok(Some(Message::Binary(&bomb))));
    }

    proptest! {
        #[test]
        fn whatever_is_sent_comes(
            messages in proptest::collection::vec((any::<u8>(), 0..200_000_usize), 1..4),
            read in 1..70_000_usize,
        ) {
            let messages: Vec<_> = messages.iter().map(|&(byte, len)| vec![byte; len]).collect();
            let wire = wire(&messages.iter().map(|message| &message[..]).collect::<Vec<_>>());
            let (mut incoming, mut came, mut under_way) = (incoming(Limits::new()), Vec::new(), Vec::new());
            for read in wire.chunks(read) {
                incoming.push(read);
                while let Some(event) = incoming.next_piece(&mut Reply::new()).unwrap() {
                    let Event::Data(piece) = event else { panic!("{event:?}") };
                    under_way.extend_from_slice(piece.payload);
                    if piece.is_last {
                        came.push(std::mem::take(&mut under_way));
                    }
                }
                incoming.shrink();
            }
            prop_assert_eq!(came, messages);
        }
    }
}
