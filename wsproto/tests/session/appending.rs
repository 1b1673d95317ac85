//! What a session replies, appended to what is to be written.

use wsproto::wire::MaskingKey;
use wsproto::{Client, Limits, Message, Server, Session};

const KEY: MaskingKey = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);

#[test]
fn a_session_appends_the_reply_that_is_due_once() {
    let mut server = Session::new(Server, Limits::new(), [0; 256]);
    let mut client = Session::new(Client::new(|| KEY), Limits::new(), [0; 256]);
    let (mut to_client, mut to_server) = (Vec::new(), Vec::new());
    client.frame().append(Message::Ping(b"there?"), &mut to_server).unwrap();
    assert_eq!(server.push_some(&to_server), to_server.len());
    server.next().unwrap();
    server.append_reply(&mut to_client);
    server.append_reply(&mut to_client);
    assert_eq!(to_client, b"\x8a\x06there?");

    server.frame().append(Message::Close(None), &mut to_client).unwrap();
    assert_eq!(client.push_some(&to_client), to_client.len());
    while client.next().unwrap().is_some() {}
    to_server.clear();
    client.append_reply(&mut to_server);
    assert_eq!(to_server, [&[0x88, 0x80][..], &KEY.to_bytes()].concat());
    assert!(!client.is_reply_due());
}
