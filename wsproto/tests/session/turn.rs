//! A turn: takes all that came, answers it, and leaves what is due in the output, also when it fails.

use wsproto::connection::{Client, ConnectionState, Limits, Message, Server};
use wsproto::error::{Misuse, ProtocolError};
use wsproto::session::{Session, TurnError};
use wsproto::wire::MaskingKey;

use crate::common::{BINARY, CLIENT, CLOSE, FIN, PING, Peer, SERVER, TEXT};
use crate::given::next;

fn server(frames: &[Vec<u8>]) -> Session<Server, Vec<u8>> {
    let mut session = Session::new(Server, Limits::new(), Vec::new());
    session.push(&frames.concat());
    session
}

/// Echoes what is data.
fn echo<R: wsproto::connection::Role>(
    message: Message<'_>,
    sender: &mut wsproto::connection::Sender<R>,
    out: &mut Vec<u8>,
) -> Result<(), Misuse> {
    if message.is_data() { sender.frame().append(message, out) } else { Ok(()) }
}

#[test]
fn a_turn_takes_all_and_answers_each_ping_in_its_place() {
    let mut session = server(&[
        CLIENT.frame(FIN | PING, b"1"),
        CLIENT.frame(FIN | TEXT, b"one"),
        CLIENT.frame(FIN | PING, b"2"),
        CLIENT.frame(FIN | TEXT, b"two"),
    ]);
    let mut out = b"before".to_vec();
    assert_eq!(session.turn(&mut out, echo), Ok(()));
    let known = b"before\x8a\x011\x81\x03one\x8a\x012\x81\x03two";
    assert_eq!(out, known);
    assert_eq!(session.turn(&mut out, |message, _, _| panic!("{message:?}")), Ok(()));
    assert_eq!(out, known, "nothing twice");
}

#[test]
fn behind_a_good_message_a_fault_is_told_and_returned() {
    let mut session = server(&[
        CLIENT.frame(FIN | TEXT, b"good"),
        SERVER.frame(FIN | TEXT, b"bad"),
        CLIENT.frame(FIN | TEXT, b"x"),
    ]);
    let mut out = Vec::new();
    let outcome = session.turn(&mut out, echo);
    assert_eq!(outcome, Err(TurnError::Protocol(ProtocolError::UnmaskedFrame)));
    let (echoed, close) = out.split_at(6);
    assert_eq!(echoed, b"\x81\x04good");
    assert_eq!((close[0], &close[2..4]), (FIN | CLOSE, &1002_u16.to_be_bytes()[..]));
    assert_eq!(usize::from(close[1]), close.len() - 2, "and nothing behind it");
    assert!(session.should_close_transport());
    out.clear();
    assert_eq!(session.turn(&mut out, echo), outcome, "again");
    assert_eq!(out, b"", "told once");
}

#[test]
fn a_client_masks_what_a_turn_appends() {
    let mut n = 0;
    let keys = || {
        n += 1;
        MaskingKey::new([n; 4])
    };
    let mut session = Session::new(Client::new(keys), Limits::new(), Vec::new());
    session.push(&[SERVER.frame(FIN | PING, b"\x02"), SERVER.frame(FIN | TEXT, b"\x01\x01")].concat());
    let mut out = Vec::new();
    assert_eq!(session.turn(&mut out, echo), Ok(()));
    assert_eq!(out, b"\x8a\x81\x01\x01\x01\x01\x03\x81\x82\x02\x02\x02\x02\x03\x03");
}

#[test]
fn after_a_misuse_the_reply_is_appended_and_the_rest_waits() {
    let mut session = server(&[
        CLIENT.frame(FIN | PING, b"?"),
        CLIENT.frame(FIN | TEXT, b"one"),
        CLIENT.frame(FIN | TEXT, b"two"),
        CLIENT.frame(FIN | PING, b"late"),
    ]);
    let (mut out, mut calls) = (Vec::new(), 0);
    let outcome = session.turn(&mut out, |message, sender, out| {
        calls += 1;
        match message {
            Message::Text("one") => sender.frame().append(Message::Ping(&[0; 126]), out),
            _ => Ok(()),
        }
    });
    assert_eq!(outcome, Err(TurnError::Misuse(Misuse::ControlTooLong { len: 126 })));
    assert_eq!((calls, &out[..]), (2, &b"\x8a\x01?"[..]), "the Pong of the first Ping");
    assert_eq!(session.state(), ConnectionState::Open);
    out.clear();
    assert_eq!(session.turn(&mut out, echo), Ok(()), "the message that was shown is not shown again");
    assert_eq!(out, b"\x81\x03two\x8a\x04late");
}

#[test]
fn a_ping_is_answered_even_if_the_closure_fails_at_it() {
    let mut session = server(&[CLIENT.frame(FIN | PING, b"?")]);
    let mut out = Vec::new();
    let outcome = session.turn(&mut out, |_, _, _| Err(Misuse::NotUtf8));
    assert_eq!((outcome, &out[..]), (Err(TurnError::Misuse(Misuse::NotUtf8)), &b"\x8a\x01?"[..]));
}

#[test]
fn a_turn_that_met_the_peers_close_frame_answers_it_even_if_the_closure_did_not_know() {
    let mut session = server(&[CLIENT.frame(FIN | CLOSE, b"\x03\xE8"), CLIENT.frame(FIN | TEXT, b"late")]);
    let mut out = Vec::new();
    let outcome = session.turn(&mut out, |message, sender, out| {
        assert!(matches!(message, Message::Close(Some(_))));
        sender.frame().append("goodbye", out)
    });
    assert_eq!(outcome, Err(TurnError::Misuse(Misuse::NotOpen)));
    assert_eq!(out, b"\x88\x02\x03\xE8");
    assert!(session.should_close_transport());
    assert_eq!(next(&mut session), Ok(None));
}

#[test]
fn a_turn_over_an_array_does_the_same() {
    let mut session = Session::new(Server, Limits::new(), [0; 200]);
    let mut out = Vec::new();
    let frame = CLIENT.frame(FIN | TEXT, b"hi");
    assert_eq!(session.push_some(&frame), frame.len());
    assert_eq!(session.turn(&mut out, echo), Ok(()));
    assert_eq!(out, b"\x81\x02hi");
}

#[test]
fn a_turn_over_the_callers_memory_hands_messages_out_where_they_lie() {
    let mut session = Session::new(Server, Limits::new(), Vec::new());
    let mut received = [CLIENT.frame(FIN | TEXT, b"one"), CLIENT.frame(FIN | TEXT, b"two")].concat();
    let places = received.as_ptr_range();
    let (mut out, mut came) = (Vec::new(), 0);
    let outcome = session.turn_over(&mut received, &mut out, |message, sender, out| {
        let Message::Text(text) = message else { panic!("{message:?}") };
        assert!(places.contains(&text.as_ptr()), "not copied");
        came += 1;
        echo(message, sender, out)
    });
    assert_eq!((outcome, came, session.capacity()), (Ok(()), 2, 0));
    assert_eq!(out, b"\x81\x03one\x81\x03two");
}

#[test]
fn a_turn_over_keeps_what_is_not_whole_and_goes_on_with_it() {
    let mut session = Session::new(Server, Limits::new(), Vec::new());
    let frames = [CLIENT.frame(FIN | TEXT, b"one"), CLIENT.frame(FIN | TEXT, b"two")].concat();
    let (mut first, mut second) = (frames[..12].to_vec(), frames[12..].to_vec());
    let mut out = Vec::new();
    assert_eq!(session.turn_over(&mut first, &mut out, echo), Ok(()));
    assert_eq!(out, b"\x81\x03one");
    assert_eq!(session.turn_over(&mut second, &mut out, echo), Ok(()));
    assert_eq!(out, b"\x81\x03one\x81\x03two");
    session.shrink();
    assert_eq!(session.capacity(), 0);
}

#[test]
fn a_turn_over_sees_no_message_in_the_rest_of_a_header() {
    // Behind its first byte this binary frame looks like an empty text.
    let frame = Peer { key: Some([0x80, 1, 2, 3]) }.frame(FIN | BINARY, b"?");
    let (first, rest) = frame.split_at(1);
    assert_eq!(rest[..2], CLIENT.frame(FIN | TEXT, b"")[..2]);
    let mut session = Session::new(Server, Limits::new(), Vec::new());
    let mut out = Vec::new();
    assert_eq!(session.turn_over(&mut first.to_vec(), &mut out, echo), Ok(()));
    assert_eq!(session.turn_over(&mut rest.to_vec(), &mut out, echo), Ok(()));
    assert_eq!(out, b"\x82\x01?");
}

#[test]
fn after_a_misuse_a_turn_over_keeps_the_rest_for_the_next() {
    let mut session = Session::new(Server, Limits::new(), Vec::new());
    let mut received = [
        CLIENT.frame(FIN | TEXT, b"one"),
        CLIENT.frame(FIN | TEXT, b"two"),
        CLIENT.frame(FIN | PING, b"?"),
        CLIENT.frame(FIN | TEXT, b"three")[..8].to_vec(),
    ]
    .concat();
    let mut out = Vec::new();
    let outcome = session.turn_over(&mut received, &mut out, |_, _, _| Err(Misuse::NotUtf8));
    assert_eq!((outcome, out.len()), (Err(TurnError::Misuse(Misuse::NotUtf8)), 0));
    let mut rest = CLIENT.frame(FIN | TEXT, b"three")[8..].to_vec();
    assert_eq!(session.turn_over(&mut rest, &mut out, echo), Ok(()));
    assert_eq!(out, b"\x81\x03two\x8a\x01?\x81\x05three");
}

#[test]
fn a_text_that_fails_in_the_callers_memory_is_told_once() {
    let mut session = Session::new(Server, Limits::new(), Vec::new());
    let mut received = [CLIENT.frame(FIN | TEXT, b"\xFF"), CLIENT.frame(FIN | TEXT, b"late")].concat();
    let mut out = Vec::new();
    let outcome = session.turn_over(&mut received, &mut out, |message, _, _| panic!("{message:?}"));
    assert_eq!(outcome, Err(TurnError::Protocol(ProtocolError::NotUtf8)));
    assert_eq!((out[0], &out[2..4]), (FIN | CLOSE, &1007_u16.to_be_bytes()[..]));
    let len = out.len();
    assert_eq!(session.turn_over(&mut CLIENT.frame(FIN | TEXT, b"x"), &mut out, echo), outcome);
    assert_eq!(out.len(), len);
}

#[test]
fn a_turns_error_reads_as_what_it_is_made_of() {
    let (protocol, misuse) = (ProtocolError::NotUtf8, Misuse::NotOpen);
    assert_eq!(TurnError::from(protocol).to_string(), protocol.to_string());
    assert_eq!(TurnError::from(misuse).to_string(), misuse.to_string());
}
