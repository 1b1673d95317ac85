//! Opcodes and close codes to numbers, and how they print.

use wsproto::connection::MessageKind;
use wsproto::wire::{CloseCode, CloseFrame, Opcode};

#[test]
fn and_back() {
    assert_eq!(u8::from(Opcode::Ping), 9);
    assert_eq!(u16::from(CloseCode::NORMAL), 1000);
}

#[test]
fn a_code_alone_is_a_close_frame() {
    let alone = CloseFrame::new(CloseCode::GOING_AWAY, "").unwrap();
    assert_eq!(CloseFrame::from(CloseCode::GOING_AWAY), alone);
    assert_eq!(CloseFrame::of_code(CloseCode::GOING_AWAY), alone);
}

#[test]
fn a_message_begins_with_the_opcode_of_its_kind() {
    assert_eq!(Opcode::from(MessageKind::Text), Opcode::Text);
    assert_eq!(Opcode::from(MessageKind::Binary), Opcode::Binary);
}

#[test]
fn values_print_as_the_rfc_has_them() {
    let opcodes =
        [Opcode::Continuation, Opcode::Text, Opcode::Binary, Opcode::Close, Opcode::Ping, Opcode::Pong];
    let said = opcodes.map(|opcode| opcode.to_string()).join(" ");
    assert_eq!(said, "continuation text binary close ping pong");
    assert_eq!(format!("{:>6}", Opcode::Ping), "  ping");
    let close = |reason| CloseFrame::new(CloseCode::GOING_AWAY, reason).unwrap().to_string();
    assert_eq!((close("bye"), close("")), ("1001: bye".to_owned(), "1001".to_owned()));
}
