//! The closing handshake ([RFC 6455 §7]): who says what, and who closes the transport.

use wsproto::connection::{
    Client, Connection, ConnectionState, Event, Limits, Message, MessageKind, ReceiveState, Receiver,
    SendState, Sender, Server, should_close_transport,
};
use wsproto::error::{AbnormalClosure, Misuse, SendError};
use wsproto::wire::{CloseCode, CloseFrame, MaskingKey};

use crate::common::{CLIENT, CLOSE, FIN, PING, SERVER, TEXT, fragment};

const KEY: MaskingKey = MaskingKey::new([0; 4]);

fn server() -> Connection<Server> {
    Connection::new(Server, Limits::new())
}

fn client() -> Connection<Client> {
    Connection::new(Client::new(|| KEY), Limits::new())
}

fn normal() -> CloseFrame<'static> {
    CloseFrame::new(CloseCode::NORMAL, "").unwrap()
}

/// Gives one frame to a server and returns its reply.
fn server_replies(server: &mut Connection<Server>, mut frame: Vec<u8>) -> Vec<u8> {
    let mut out = [0; 131];
    let event = server.receive(&mut frame).unwrap().event.unwrap();
    let n = server.encode_reply(&event, &mut out).unwrap();
    out[..n].to_vec()
}

#[test]
fn a_server_answers_a_close_frame_and_closes_the_transport() {
    let mut server = server();
    let mut bytes = CLIENT.frame(FIN | CLOSE, b"\x0F\xA0reason");
    let received = server.receive(&mut bytes).unwrap();
    assert_eq!(server.state(), ConnectionState::CloseReceived);
    assert!(!server.should_close_transport(), "our Close frame is due first");
    let mut out = [0; 131];
    let n = server.encode_reply(&received.event.unwrap(), &mut out).unwrap();
    assert_eq!(out[..n], [0x88, 2, 0x0F, 0xA0], "the same code (§5.5.1)");
    assert_eq!(server.state(), ConnectionState::Closed);
    assert!(server.should_close_transport(), "at once (§7.1.1)");
}

#[test]
fn a_close_frame_without_a_code_is_answered_without_one() {
    assert_eq!(server_replies(&mut server(), CLIENT.frame(FIN | CLOSE, b"")), [0x88, 0]);
}

#[test]
fn a_client_waits_for_the_server_to_close_the_transport() {
    let mut client = client();
    let mut out = [0; 131];
    client.frame().encode(Message::Close(Some(normal())), &mut out).unwrap();
    assert_eq!(client.state(), ConnectionState::CloseSent);
    assert!(!client.should_close_transport());
    let mut bytes = SERVER.frame(FIN | CLOSE, b"\x03\xE8");
    let event = client.receive(&mut bytes).unwrap().event;
    assert!(matches!(event, Some(Event::Close(Some(_)))));
    assert_eq!(client.state(), ConnectionState::Closed);
    assert!(!client.should_close_transport(), "the server does (§7.1.1)");
    assert_eq!(client.receive_eof(), Ok(()));
    assert!(client.should_close_transport());
}

#[test]
fn the_answer_to_our_close_frame_is_not_answered() {
    let mut server = server();
    server.frame().encode(Message::Close(Some(normal())), &mut [0; 131]).unwrap();
    assert!(!server.should_close_transport(), "the client's Close frame is awaited");
    assert_eq!(server_replies(&mut server, CLIENT.frame(FIN | CLOSE, b"\x03\xE8")), b"");
    assert!(server.should_close_transport());
}

#[test]
fn no_data_and_no_second_close_frame_after_ours() {
    let mut server = server();
    let mut out = [0; 131];
    server.frame().encode(Message::Close(None), &mut out).unwrap();
    let refused = Err(SendError::Misuse(Misuse::CloseSent));
    assert_eq!(server.frame().encode("late", &mut out), refused);
    assert_eq!(server.frame().encode(b"late", &mut out), refused);
    assert_eq!(server.frame().encode(Message::Close(None), &mut out), refused);
    assert_eq!(
        server.frame().encode_fragment(fragment(MessageKind::Text, b"late", false), &mut out),
        refused
    );
    assert_eq!(server.frame().header(b"late").unwrap_err(), Misuse::CloseSent);
    assert_eq!(server.frame().header("late").unwrap_err(), Misuse::CloseSent);
    assert_eq!(
        server.frame().fragment_header(fragment(MessageKind::Text, b"", true)).unwrap_err(),
        Misuse::CloseSent
    );
}

#[test]
fn no_new_message_once_the_peer_has_closed_failed_or_gone() {
    let mut closed = server();
    let _ = closed.receive(&mut CLIENT.frame(FIN | CLOSE, b"")).unwrap();
    let mut failed = server();
    failed.receive(&mut SERVER.frame(FIN | TEXT, b"unmasked")).unwrap_err();
    let mut gone = server();
    gone.receive_eof().unwrap_err();
    let mut out = [0; 131];
    for server in [&mut closed, &mut failed, &mut gone] {
        let refused = Err(SendError::Misuse(Misuse::NotOpen));
        assert_eq!(server.frame().encode("new", &mut out), refused, "§6.1");
        assert_eq!(server.frame().encode(b"new", &mut out), refused);
        assert_eq!(
            server.frame().encode_fragment(fragment(MessageKind::Binary, b"new", false), &mut out),
            refused
        );
        assert_eq!(server.frame().encode(Message::Ping(b""), &mut out), refused);
        assert_eq!(server.encode_reply(&Event::Ping(b""), &mut out), Ok(0), "§5.5.2");
        assert_eq!(server.frame().encode(Message::Close(None), &mut out), Ok(2));
        assert_eq!(server.state(), ConnectionState::Closed);
    }
}

#[test]
fn a_message_under_way_may_be_finished_before_the_answer_to_a_close_frame() {
    let mut server = server();
    let mut out = [0; 131];
    server.frame().encode_fragment(fragment(MessageKind::Text, b"a long ", false), &mut out).unwrap();
    let mut bytes = CLIENT.frame(FIN | CLOSE, b"");
    let event = server.receive(&mut bytes).unwrap().event.unwrap();
    assert!(
        server.frame().encode_fragment(fragment(MessageKind::Text, b"story", true), &mut out).is_ok(),
        "§5.5.1"
    );
    let refused = Err(SendError::Misuse(Misuse::NotOpen));
    assert_eq!(server.frame().encode_fragment(fragment(MessageKind::Text, b"more", true), &mut out), refused);
    assert_eq!(server.encode_reply(&event, &mut out), Ok(2));
}

#[test]
fn a_ping_is_answered_until_the_peers_close_frame_has_come() {
    let mut server = server();
    server.frame().encode(Message::Close(None), &mut [0; 131]).unwrap();
    assert_eq!(server_replies(&mut server, CLIENT.frame(FIN | PING, b"?")), [0x8A, 1, b'?'], "§5.5.2");
    assert_eq!(server_replies(&mut server, CLIENT.frame(FIN | CLOSE, b"")), b"");
    let mut out = [0; 131];
    assert_eq!(server.encode_reply(&Event::Ping(b"?"), &mut out), Ok(0), "§5.5.2: unless it came");
    assert_eq!(
        server.frame().encode(Message::Ping(b""), &mut out),
        Err(SendError::Misuse(Misuse::CloseSent))
    );
}

#[test]
fn messages_are_received_until_the_peers_close_frame() {
    let mut server = server();
    server.frame().encode(Message::Close(None), &mut [0; 131]).unwrap();
    let mut bytes = CLIENT.frame(FIN | TEXT, b"on its way");
    assert!(matches!(server.receive(&mut bytes).unwrap().event, Some(Event::Data(_))));
}

#[test]
fn after_an_error_the_close_frame_tells_why_and_either_end_closes_the_transport() {
    let mut server = server();
    let error = server.receive(&mut SERVER.frame(FIN | TEXT, b"unmasked")).unwrap_err();
    assert_eq!(server.state(), ConnectionState::Failed);
    assert!(!server.should_close_transport(), "the Close frame is due first (§7.1.7)");
    let mut out = [0; 131];
    let n = server.encode_reply(error, &mut out).unwrap();
    assert_eq!(out[..4], [0x88, u8::try_from(n).unwrap() - 2, 0x03, 0xEA]);
    assert_eq!(
        core::str::from_utf8(&out[4..n]),
        Ok("client frame that is not masked (RFC 6455 section 5.1)")
    );
    assert!(server.should_close_transport());
    assert_eq!(server.encode_reply(error, &mut out), Ok(0), "once");
    let (_, mut sender) = server.split();
    let refused = Err(SendError::Misuse(Misuse::CloseSent));
    assert_eq!(sender.frame().encode(Message::Pong(b""), &mut out), refused, "nothing follows");

    let mut client = client();
    let error = client.receive(&mut CLIENT.frame(FIN | TEXT, b"masked")).unwrap_err();
    client.encode_reply(error, &mut out).unwrap();
    assert!(client.should_close_transport(), "no waiting for a peer that has failed");
}

#[test]
fn the_end_of_the_transport_is_clean_only_after_a_close_frame() {
    let mut clean = server();
    server_replies(&mut clean, CLIENT.frame(FIN | CLOSE, b""));
    assert_eq!((clean.receive_eof(), clean.receive_eof()), (Ok(()), Ok(())));

    let mut between = server();
    let closure = Err(AbnormalClosure { inside_message: false });
    assert_eq!((between.receive_eof(), between.receive_eof()), (closure, closure));
    assert_eq!(between.state(), ConnectionState::Closed);
    assert!(between.should_close_transport());

    let mut failed = server();
    failed.receive(&mut SERVER.frame(FIN | TEXT, b"")).unwrap_err();
    assert_eq!(failed.receive_eof(), closure);

    let mut close_inside_message = server();
    let _ = close_inside_message.receive(&mut CLIENT.frame(TEXT, b"a fragment")).unwrap();
    let _ = close_inside_message.receive(&mut CLIENT.frame(FIN | CLOSE, b"")).unwrap();
    assert_eq!(close_inside_message.receive_eof(), Ok(()));

    let mut inside = server();
    let _ = inside.receive(&mut CLIENT.frame(TEXT, b"a fragment")).unwrap();
    assert_eq!(inside.receive_eof(), Err(AbnormalClosure { inside_message: true }));
    let mut bytes = CLIENT.frame(FIN, b"more");
    let received = inside.receive(&mut bytes).unwrap();
    assert_eq!((received.consumed, received.event), (10, None), "nothing comes after the end");
}

#[test]
fn halves_apart_tell_the_same_as_together() {
    let receive =
        [ReceiveState::Open, ReceiveState::CloseReceived, ReceiveState::Failed, ReceiveState::Ended];
    let send = [SendState::Open, SendState::CloseSent, SendState::Done];
    for receive in receive {
        for send in send {
            let state = ConnectionState::of(receive, send);
            let by_server = should_close_transport::<Server>(receive, send);
            let by_client = should_close_transport::<Client>(receive, send);
            assert!(!by_client || by_server, "a server never waits longer than a client");
            assert!(!by_server || state == ConnectionState::Closed, "nothing is due any more");
        }
    }
    let (receiver, sender): (Receiver<Server>, Sender<Server>) = server().split();
    assert_eq!(ConnectionState::of(receiver.state(), sender.state()), ConnectionState::Open);
    assert_eq!(Connection::join(receiver, sender).state(), ConnectionState::Open);
}
