//! What a peer can make us spend is limited, at the first header that goes over it.

use wsproto::connection::{Limits, Receiver, Server};
use wsproto::error::ProtocolError;
use wsproto::wire::CloseCode;

use crate::common::{BINARY, CLIENT, CONTINUATION, Entry, FIN, PING, PONG, receive};

fn error_of(config: Limits, frames: &[Vec<u8>]) -> Option<ProtocolError> {
    receive(&mut Receiver::<Server>::new(config), frames.iter().map(|frame| &frame[..])).error
}

#[test]
fn a_frame_over_its_limit_fails_from_its_header() {
    let config = Limits::new().with_max_frame_payload(1000);
    assert_eq!(error_of(config, &[CLIENT.header(FIN | BINARY, 1000)]), None);
    let error = error_of(config, &[CLIENT.header(FIN | BINARY, 1001)]);
    assert_eq!(error, Some(ProtocolError::FrameTooBig { len: 1001 }));
    assert_eq!(error.unwrap().close_code(), CloseCode::MESSAGE_TOO_BIG);
}

#[test]
fn a_message_over_its_limit_fails_from_the_header_that_takes_it_there() {
    let config = Limits::new().with_max_message_size(1000);
    let fragments = |last| [CLIENT.frame(BINARY, &[0; 600]), CLIENT.header(FIN | CONTINUATION, last)];
    assert_eq!(error_of(config, &fragments(400)), None);
    let error = error_of(config, &fragments(401));
    assert_eq!(error, Some(ProtocolError::MessageTooBig { len: 1001 }));
    assert_eq!(error.unwrap().close_code(), CloseCode::MESSAGE_TOO_BIG);
}

#[test]
fn announced_lengths_do_not_wrap_around() {
    let config = Limits::new().with_max_frame_payload(u64::MAX).with_max_message_size(1 << 63);
    let mut receiver = Receiver::<Server>::new(config);
    let mut header = CLIENT.header(FIN | BINARY, u64::MAX >> 1);
    assert_eq!(receiver.receive(&mut header).unwrap().consumed, header.len());
}

#[test]
fn fragments_are_counted_per_message() {
    let config = Limits::new().with_max_fragments(2);
    let message = [CLIENT.frame(BINARY, b"a"), CLIENT.frame(FIN | CONTINUATION, b"b")].concat();
    assert_eq!(error_of(config, &[message.repeat(3)]), None, "the count starts anew");
    let three = [CLIENT.frame(BINARY, b""), CLIENT.frame(CONTINUATION, b""), CLIENT.frame(FIN, b"")];
    let error = error_of(config, &three);
    assert_eq!(error, Some(ProtocolError::TooManyFragments));
    assert_eq!(error.unwrap().close_code(), CloseCode::POLICY_VIOLATION);
    assert_eq!(error_of(Limits::new().with_max_fragments(0), &[CLIENT.frame(FIN | BINARY, b"")]), None);
}

#[test]
fn control_frames_are_counted_between_two_fragments() {
    let config = Limits::new().with_max_control_frames(2);
    let pings = |n| CLIENT.frame(FIN | PING, b"").repeat(n);
    let begin = CLIENT.frame(BINARY, b"a");
    let go_on = CLIENT.frame(CONTINUATION, b"b");
    assert_eq!(error_of(config, &[begin.clone(), pings(2), go_on, pings(2)]), None);
    let error = error_of(config, &[begin.clone(), pings(2), CLIENT.header(FIN | PONG, 5)]);
    assert_eq!(error, Some(ProtocolError::TooManyControlFrames), "from the header alone");
    assert_eq!(error.unwrap().close_code(), CloseCode::POLICY_VIOLATION);
}

#[test]
fn heartbeats_of_an_idle_connection_are_not_limited() {
    let mut receiver = Receiver::<Server>::new(Limits::new());
    let pings = CLIENT.frame(FIN | PING, b"").repeat(10_000);
    let log = receive(&mut receiver, pings.chunks(4096));
    assert_eq!(log.error, None);
    assert_eq!(log.entries, vec![Entry::Ping(Vec::new()); 10_000]);
}
