//! After the peer's Close frame, its fault or its end nothing new is begun ([RFC 6455 §6.1]), wherever one asks.

use wsproto::connection::{Limits, Message, MessageKind, Reply, SendState, Server};
use wsproto::error::{Misuse, ProtocolError};
use wsproto::session::Session;

use crate::common::{CLIENT, CLOSE, FIN, SERVER, TEXT, fragment};
use crate::given::next;

fn session(bytes: &[u8]) -> Session<Server, [u8; 1024]> {
    let mut session = Session::new(Server, Limits::new(), [0; 1024]);
    assert_eq!(session.push_some(bytes), bytes.len());
    session
}

#[test]
fn nothing_new_while_the_peers_close_frame_is_borrowed() {
    let mut session = session(&CLIENT.frame(FIN | CLOSE, b"\x03\xE8bye"));
    let Some((Message::Close(Some(close)), sender)) = session.next().unwrap() else {
        panic!("a Close frame")
    };
    let refused = Err(Misuse::NotOpen.into());
    assert_eq!(sender.frame().encode("last words", &mut [0; 64]), refused);
    assert_eq!(sender.frame().encode(Message::Ping(b""), &mut [0; 64]), refused);
    assert_eq!(sender.check_message(), Err(Misuse::NotOpen));
    assert_eq!(sender.frame().encode(Message::Close(Some(close)), &mut [0; 64]), Ok(7), "but ours is due");
    assert_eq!(sender.state(), SendState::Done);
    assert_eq!(session.encode_reply(&mut [0; 131]), Ok(0), "and was sent by hand");
    assert!(session.should_close_transport());
}

#[test]
fn nothing_new_after_a_fault_or_the_end() {
    let mut failed = session(&SERVER.frame(FIN | TEXT, b""));
    assert_eq!(failed.frame().encode("it is not looked at yet", &mut [0; 64]), Ok(25));
    assert_eq!(next(&mut failed), Err(ProtocolError::UnmaskedFrame));
    let mut gone = session(b"");
    gone.receive_eof().unwrap_err();
    for mut session in [failed, gone] {
        let refused = Err(Misuse::NotOpen.into());
        assert_eq!(session.frame().encode("new", &mut [0; 64]), refused);
        assert_eq!(session.frame().encode(Message::Pong(b""), &mut [0; 64]), refused);
        assert_eq!(session.sender().check_message(), Err(Misuse::NotOpen));
    }
}

#[test]
fn a_fragmented_message_may_still_be_finished_after_the_peers_close_frame() {
    let mut session = session(&CLIENT.frame(FIN | CLOSE, b""));
    let mut dst = [0; 64];
    session.frame().encode_fragment(fragment(MessageKind::Text, b"a long ", false), &mut dst).unwrap();
    let Some((Message::Close(None), sender)) = session.next().unwrap() else { panic!("a Close frame") };
    assert_eq!(sender.frame().encode_fragment(fragment(MessageKind::Text, b"story", true), &mut dst), Ok(7));
    let more = fragment(MessageKind::Text, b"and another", true);
    assert_eq!(session.frame().encode_fragment(more, &mut dst), Err(Misuse::NotOpen.into()));
    assert_eq!(session.encode_reply(&mut dst), Ok(2), "our Close frame comes last");
}

/// Two tasks: the one that writes learns of the peer with the reply alone.
#[test]
fn the_reply_tells_the_other_task() {
    let closes: [(&[u8], &[u8]); 2] =
        [(&CLIENT.frame(FIN | CLOSE, b"\x03\xE8"), b"\x88\x02\x03\xE8"), (&[0x81, 0], &[0x88])];
    for (bytes, sent) in closes {
        let (mut incoming, mut sender) = session(bytes).split();
        let mut reply = Reply::new();
        let _ = incoming.next(&mut reply);
        assert_eq!(sender.check_message(), Ok(()), "it knows nothing yet");
        let mut dst = [0; 131];
        sender.encode_reply(reply.take(), &mut dst).unwrap();
        assert!(dst.starts_with(sent));
        assert_eq!(sender.frame().encode("new", &mut dst), Err(Misuse::CloseSent.into()));
        assert_eq!(sender.frame().encode(Message::Pong(b""), &mut dst), Err(Misuse::CloseSent.into()));
    }
    let (mut incoming, mut sender) = session(b"").split();
    let mut reply = Reply::new();
    incoming.receive_eof().unwrap_err();
    reply.tell_eof();
    assert_eq!(sender.encode_reply(reply.take(), &mut [0; 131]), Ok(0));
    assert_eq!(sender.frame().encode("new", &mut [0; 131]), Err(Misuse::NotOpen.into()));
    assert_eq!(
        Session::join(incoming, sender).frame().encode("new", &mut [0; 131]),
        Err(Misuse::NotOpen.into())
    );
}

#[cfg(feature = "alloc")]
#[test]
fn a_reply_that_is_appended_tells_the_other_task_too() {
    let bytes = [CLIENT.frame(FIN | crate::common::PING, b"?"), CLIENT.frame(FIN | CLOSE, b"")].concat();
    let (mut incoming, mut sender) = session(&bytes).split();
    let (mut reply, mut out) = (Reply::new(), Vec::new());
    assert_eq!(incoming.next(&mut reply), Ok(Some(Message::Ping(b"?"))));
    sender.append_reply(reply.take(), &mut out);
    assert_eq!(sender.check_message(), Ok(()), "a Pong says nothing of that kind");
    assert_eq!(incoming.next(&mut reply), Ok(Some(Message::Close(None))));
    sender.append_reply(reply.take(), &mut out);
    assert_eq!(out, b"\x8a\x01?\x88\x00");
    assert_eq!(sender.frame().append("new", &mut out), Err(Misuse::CloseSent));
    sender.append_reply(reply.take(), &mut out);
    assert_eq!(out, b"\x8a\x01?\x88\x00", "nothing is due any more");
}

#[test]
fn halves_that_are_joined_know_what_each_of_them_knew() {
    let (mut incoming, sender) = session(&CLIENT.frame(FIN | CLOSE, b"")).split();
    assert_eq!(incoming.next(&mut Reply::new()), Ok(Some(Message::Close(None))));
    let mut session = Session::join(incoming, sender);
    assert_eq!(session.frame().encode("new", &mut [0; 16]), Err(Misuse::NotOpen.into()));
}
