//! Messages that a closure appends: what a serialiser writes, without a buffer between.

use wsproto::connection::{Client, Message, MessageKind, SendState, Sender, Server};
use wsproto::error::Misuse;
use wsproto::wire::MaskingKey;

use crate::common::{BINARY, CLIENT, FIN, SERVER, TEXT};

const KEY: MaskingKey = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);

#[test]
fn what_a_closure_appends_is_one_message_at_each_form_of_the_length() {
    for len in [0, 1, 125, 126, 65_535, 65_536] {
        for (kind, opcode) in [(MessageKind::Text, TEXT), (MessageKind::Binary, BINARY)] {
            let payload = vec![b'x'; len];
            let write = |out: &mut Vec<u8>| {
                payload.chunks(1000).for_each(|piece| out.extend(piece));
                out.len()
            };
            let mut out = b"before".to_vec();
            let returned = Sender::new(Server).frame().append_with(kind, &mut out, write);
            assert!(returned.is_ok_and(|filled| filled >= len), "what the closure returned");
            assert!(out == [b"before", &SERVER.frame(FIN | opcode, &payload)[..]].concat(), "{len}");

            let mut out = b"before".to_vec();
            Sender::new(Client::new(|| KEY)).frame().append_with(kind, &mut out, write).unwrap();
            assert!(out == [b"before", &CLIENT.frame(FIN | opcode, &payload)[..]].concat(), "{len}, masked");
        }
    }
}

#[test]
fn a_text_that_is_not_utf_8_is_taken_back() {
    let mut sender = Sender::new(Server);
    let mut out = b"before".to_vec();
    for wrong in [&b"\xFF"[..], b"cut \xC3", b"\xED\xA0\x80"] {
        let refused = sender.frame().append_with(MessageKind::Text, &mut out, |out| out.extend(wrong));
        assert_eq!((refused, &out[..]), (Err(Misuse::NotUtf8), &b"before"[..]));
    }
    assert_eq!(sender.check_message(), Ok(()), "and nothing has changed");
}

/// The frame stands where it began, whatever a closure does to what was there.
#[test]
fn a_closure_that_cuts_the_output_short_sends_an_empty_message() {
    let cuts: [fn(&mut Vec<u8>); 4] = [
        |out| out.clear(),
        |out| out.truncate(3),
        |out| out.truncate(b"before".len() + 5),
        |out| drop(std::mem::take(out)),
    ];
    for cut in cuts {
        let mut out = b"before".to_vec();
        assert_eq!(Sender::new(Server).frame().append_with(MessageKind::Text, &mut out, cut), Ok(()));
        assert_eq!((out.len(), &out[6..]), (8, &[0x81, 0][..]));
        let mut out = b"before".to_vec();
        let mut client = Sender::new(Client::new(|| KEY));
        assert_eq!(client.frame().append_with(MessageKind::Binary, &mut out, cut), Ok(()));
        assert_eq!(out[6..], CLIENT.frame(FIN | BINARY, b""));
    }
}

#[test]
fn nothing_is_written_where_nothing_may_be_sent() {
    let never = |_: &mut Vec<u8>| panic!("not asked for what can't be sent");
    let mut out = b"before".to_vec();
    let mut closed = Sender::new(Server);
    closed.frame().append(Message::Close(None), &mut Vec::new()).unwrap();
    assert_eq!(closed.state(), SendState::CloseSent);
    assert_eq!(closed.frame().append_with(MessageKind::Text, &mut out, never), Err(Misuse::CloseSent));
    let mut without_keys = Sender::new(Client::new(|| None));
    let refused = without_keys.frame().append_with(MessageKind::Text, &mut out, never);
    assert_eq!((refused, &out[..]), (Err(Misuse::NoMaskingKey), &b"before"[..]));
}
