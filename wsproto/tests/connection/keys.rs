//! A client's masking keys: a fresh one for each frame, and no frame without ([RFC 6455 §5.3]).

use std::cell::Cell;

use wsproto::connection::{
    Client, Connection, ConnectionState, Event, Limits, MaskingKeys, Message, MessageKind, SendState, Sender,
};
use wsproto::error::{Misuse, SendError};
use wsproto::wire::{CloseCode, MaskingKey};

use crate::common::{CLIENT, FIN, SERVER, TEXT, fragment};

/// Counts up; every key but those of the first 2³² frames was given before.
fn counting(asked: &Cell<u32>) -> Client<impl MaskingKeys> {
    Client::new(|| {
        asked.set(asked.get() + 1);
        MaskingKey::new(asked.get().to_be_bytes())
    })
}

/// The key in a frame of less than 126 bytes.
fn key_of(frame: &[u8]) -> u32 {
    assert!((0x80..0xFE).contains(&frame[1]), "masked, and short");
    u32::from_be_bytes(frame[2..6].try_into().unwrap())
}

/// [RFC 6455 §5.3]: "When preparing a masked frame, the client MUST pick a fresh masking key".
#[test]
fn each_frame_has_a_key_of_its_own() {
    let asked = Cell::new(0);
    let mut sender = Sender::new(counting(&asked));
    let mut dst = [0; 131];
    let mut n = 0;
    let mut check = |frame: &[u8]| {
        n += 1;
        assert_eq!(
            (key_of(frame), asked.get()),
            (n, n),
            "the {n}th frame has the {n}th key, and no other was drawn"
        );
    };
    for message in [Message::Text("a"), Message::Binary(b"b"), Message::Ping(b"c"), Message::Pong(b"d")] {
        sender.frame().encode(message, &mut dst).unwrap();
        check(&dst);
        check(&sender.frame().header(message).unwrap());
    }
    sender.frame().encode_fmt(format_args!("e"), &mut dst).unwrap();
    check(&dst);
    sender.frame().encode_fragment(fragment(MessageKind::Text, b"f", false), &mut dst).unwrap();
    check(&dst);
    check(&sender.frame().fragment_header(fragment(MessageKind::Text, b"g", true)).unwrap());
    #[cfg(feature = "alloc")]
    {
        let mut append = |write: &dyn Fn(&mut Sender<_>, &mut Vec<u8>)| {
            let mut out = Vec::new();
            write(&mut sender, &mut out);
            check(&out);
        };
        append(&|sender, out| sender.frame().append("h", out).unwrap());
        append(&|sender, out| {
            sender.frame().append_with(MessageKind::Text, out, |out| out.push(b'i')).unwrap();
        });
        append(&|sender, out| {
            sender.frame().append_fragment(fragment(MessageKind::Binary, b"j", true), out).unwrap();
        });
        append(&|sender, out| sender.append_reply(&Event::Ping(b"k"), out));
    }
    sender.encode_reply(&Event::Ping(b"l"), &mut dst).unwrap();
    check(&dst);
    sender.encode_reply(&Event::Close(None), &mut dst).unwrap();
    check(&dst);
}

#[test]
fn a_reply_that_is_not_due_draws_no_key() {
    let asked = Cell::new(0);
    let mut sender = Sender::new(counting(&asked));
    assert_eq!(sender.encode_reply(&Event::Pong(b""), &mut [0; 131]), Ok(0));
    assert_eq!(asked.get(), 0);
}

#[test]
fn a_key_whose_frame_did_not_fit_is_not_used_again() {
    let asked = Cell::new(0);
    let mut sender = Sender::new(counting(&asked));
    let mut dst = [0; 11];
    assert!(matches!(sender.frame().encode("Hello", &mut dst[..10]), Err(SendError::BufferTooSmall(_))));
    assert_eq!(sender.frame().encode("Hello", &mut dst), Ok(11));
    assert_eq!(key_of(&dst), 2, "the first was drawn for the frame that was refused");
}

#[test]
fn a_source_may_give_a_key_an_option_or_be_one_of_the_programs_own() {
    struct Fixed;
    impl MaskingKeys for Fixed {
        fn next_key(&mut self) -> Option<MaskingKey> {
            Some(KEY)
        }
    }
    const KEY: MaskingKey = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);
    fn hello(keys: impl MaskingKeys) -> Vec<u8> {
        let mut dst = [0; 11];
        Sender::new(Client::new(keys)).frame().encode("Hello", &mut dst).unwrap();
        dst.into()
    }
    let frame = CLIENT.frame(FIN | TEXT, b"Hello");
    assert_eq!([hello(|| KEY), hello(|| Some(KEY)), hello(Fixed)], [&frame[..]; 3]);
}

/// No frame goes out unmasked, or with a key that is none: it is refused, and nothing has changed.
#[test]
fn without_a_key_nothing_is_written_and_nothing_changes() {
    let has_keys = Cell::new(false);
    let keys = || has_keys.get().then_some(MaskingKey::new([1, 2, 3, 4]));
    let mut sender = Sender::new(Client::new(keys));
    let mut dst = [0xEE; 64];
    let no_key = Misuse::NoMaskingKey;
    for message in [Message::Text("x"), Message::Binary(b"x"), Message::Ping(b""), CloseCode::NORMAL.into()] {
        assert_eq!(sender.frame().encode(message, &mut dst), Err(no_key.into()));
        assert_eq!(sender.frame().header(message), Err(no_key));
        #[cfg(feature = "alloc")]
        {
            let mut out = b"before".to_vec();
            assert_eq!(sender.frame().append(message, &mut out), Err(no_key));
            assert_eq!(out, b"before");
        }
    }
    let first = fragment(MessageKind::Text, b"caf\xC3", false);
    assert_eq!(sender.frame().encode_fmt(format_args!("x"), &mut dst), Err(no_key.into()));
    assert_eq!(sender.frame().encode_fragment(first, &mut dst), Err(no_key.into()));
    assert_eq!(sender.frame().fragment_header(first), Err(no_key));
    assert_eq!(dst, [0xEE; 64]);
    assert_eq!((sender.state(), sender.check_message()), (SendState::Open, Ok(())));

    has_keys.set(true);
    assert!(sender.frame().encode_fragment(first, &mut dst).is_ok(), "the first fragment is still the first");
    assert_eq!(dst[0], TEXT);
}

#[test]
fn without_a_key_no_reply_is_written_and_the_transport_is_to_be_closed() {
    let mut dst = [0xEE; 131];
    let new = || Connection::new(Client::new(|| None), Limits::new());
    let mut client = new();
    assert_eq!(client.encode_reply(&Event::Ping(b"?"), &mut dst), Ok(0));
    assert_eq!(client.state(), ConnectionState::Open);

    let error = client.receive(&mut CLIENT.frame(FIN | TEXT, b"masked")).unwrap_err();
    assert_eq!(client.encode_reply(error, &mut dst), Ok(0));
    assert!(client.should_close_transport(), "nothing else can tell the server");

    let mut client = new();
    let mut close = SERVER.frame(FIN | crate::common::CLOSE, b"\x03\xE8");
    let event = client.receive(&mut close).unwrap().event.unwrap();
    assert_eq!(client.encode_reply(&event, &mut dst), Ok(0));
    assert_eq!(client.state(), ConnectionState::Closed);
    #[cfg(feature = "alloc")]
    {
        let mut out = Vec::new();
        new().append_reply(&event, &mut out);
        assert_eq!(out, b"");
    }
    assert_eq!(dst, [0xEE; 131]);
}

#[cfg(feature = "getrandom")]
#[test]
fn random_keys_differ_and_none_is_zero() {
    use wsproto::connection::RandomKeys;

    let mut keys = RandomKeys::new();
    // More than two draws of the system's. Of 300 random keys two are equal once in 96,000 runs, of 150 pairs never.
    let drawn: Vec<u32> = std::iter::repeat_with(|| u32::from_be_bytes(keys.next_key().unwrap().to_bytes()))
        .take(300)
        .collect();
    let mut pairs: Vec<&[u32]> = drawn.chunks(2).collect();
    pairs.sort_unstable();
    pairs.dedup();
    assert_eq!(pairs.len(), 150, "no two pairs of keys are equal");
    assert!(drawn.windows(2).all(|keys| keys[0] != keys[1] && keys != [0, 0]), "{drawn:x?}");
    assert_eq!(format!("{keys:?}"), "RandomKeys { left: 84, .. }", "no key is shown");

    let mut sender = Sender::new(Client::new(keys));
    let header = sender.frame().header("x").unwrap();
    assert!(!drawn.contains(&u32::from_be_bytes(header.masking_key().unwrap().to_bytes())));
}
