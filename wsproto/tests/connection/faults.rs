//! What well-known libraries have been seen to take, or to fail at. Each fault is refused here, with its close code.

use wsproto::connection::{Client, Limits, Receiver, Server};
use wsproto::error::ProtocolError;
use wsproto::wire::{CloseCode, CloseFrameError, HeaderError};

use crate::common::{
    BINARY, CLIENT, CLOSE, CONTINUATION, Entry, FIN, Log, PING, PONG, SERVER, TEXT, binary, receive, text,
};

fn server(frames: &[Vec<u8>]) -> Log {
    receive(&mut Receiver::<Server>::new(Limits::new()), frames.iter().map(|frame| &frame[..]))
}

fn client(frames: &[Vec<u8>]) -> Log {
    receive(&mut Receiver::<Client>::new(Limits::new()), frames.iter().map(|frame| &frame[..]))
}

#[track_caller]
fn assert_fails(log: &Log, error: ProtocolError, code: CloseCode) {
    assert_eq!(log.error, Some(error));
    assert_eq!(error.close_code(), code);
}

// ---- text: [RFC 6455 §5.6, §8.1] ----

#[test]
fn a_character_split_over_fragments_and_ended_by_an_empty_one_fails() {
    let log = server(&[CLIENT.frame(TEXT, b"caf\xC3"), CLIENT.frame(FIN | CONTINUATION, b"")]);
    assert_fails(&log, ProtocolError::NotUtf8, CloseCode::INVALID_PAYLOAD);
}

#[test]
fn a_character_split_over_fragments_with_empty_ones_between_is_joined() {
    let log = server(&[
        CLIENT.frame(TEXT, b"caf\xC3"),
        CLIENT.frame(CONTINUATION, b""),
        CLIENT.frame(CONTINUATION, b"\xA9"),
        CLIENT.frame(FIN | CONTINUATION, b""),
    ]);
    assert_eq!(log, Log { entries: vec![text("café")], error: None });
}

#[test]
fn the_validator_starts_anew_with_each_message() {
    // A binary message may end in what would be half a character; the next text has nothing to do with it.
    let log = server(&[CLIENT.frame(FIN | BINARY, b"\xC3"), CLIENT.frame(FIN | TEXT, b"ok")]);
    assert_eq!(log, Log { entries: vec![binary(b"\xC3"), text("ok")], error: None });
    let log = server(&[CLIENT.frame(FIN | TEXT, "é".as_bytes()), CLIENT.frame(FIN | TEXT, b"\xA9")]);
    assert_eq!(log.entries, [text("é")]);
    assert_fails(&log, ProtocolError::NotUtf8, CloseCode::INVALID_PAYLOAD);
}

#[test]
fn bad_utf8_in_a_frame_that_has_not_ended_fails_at_once() {
    let announced = CLIENT.header(TEXT, 1000);
    let start = CLIENT.frame(FIN, b"abc\xFF")[6..].to_vec();
    let log = server(&[announced, start]);
    assert_eq!(log.entries, [crate::common::partial_text(b"abc")]);
    assert_fails(&log, ProtocolError::NotUtf8, CloseCode::INVALID_PAYLOAD);
}

#[test]
fn overlong_surrogate_and_out_of_range_text_fails() {
    for bytes in
        [&b"\xC0\xAF"[..], b"\xE0\x80\x80", b"\xED\xA0\x80", b"\xF4\x90\x80\x80", b"\xF8\x88\x80\x80\x80"]
    {
        assert_fails(
            &server(&[CLIENT.frame(FIN | TEXT, bytes)]),
            ProtocolError::NotUtf8,
            CloseCode::INVALID_PAYLOAD,
        );
    }
}

// ---- fragments: [RFC 6455 §5.4] ----

#[test]
fn a_message_begun_inside_a_fragmented_one_fails() {
    for first in [TEXT, BINARY] {
        for second in [TEXT, BINARY, FIN | TEXT, FIN | BINARY] {
            let log = server(&[CLIENT.frame(first, b"a"), CLIENT.frame(second, b"b")]);
            assert_fails(&log, ProtocolError::UnfinishedMessage, CloseCode::PROTOCOL_ERROR);
        }
    }
}

#[test]
fn a_continuation_of_nothing_fails() {
    for first in [CONTINUATION, FIN | CONTINUATION] {
        let log = server(&[CLIENT.frame(FIN | TEXT, b"whole"), CLIENT.frame(first, b"")]);
        assert_eq!(log.entries, [text("whole")]);
        assert_fails(&log, ProtocolError::UnexpectedContinuation, CloseCode::PROTOCOL_ERROR);
    }
}

#[test]
fn control_frames_between_fragments_do_not_disturb_them() {
    let log = server(&[
        CLIENT.frame(TEXT, b"caf\xC3"),
        CLIENT.frame(FIN | PING, b"\xA9"),
        CLIENT.frame(FIN | PONG, b"\xFF"),
        CLIENT.frame(FIN | CONTINUATION, b"\xA9"),
    ]);
    let entries = vec![text("café"), Entry::Ping(b"\xA9".into()), Entry::Pong(b"\xFF".into())];
    assert_eq!(log, Log { entries, error: None });
}

#[test]
fn a_close_frame_inside_a_fragmented_message_is_taken() {
    let log = server(&[CLIENT.frame(TEXT, b"unfinished"), CLIENT.frame(FIN | CLOSE, b"")]);
    assert_eq!(log.entries, [crate::common::partial_text(b"unfinished"), Entry::Close(None)]);
    assert_eq!(log.error, None);
}

// ---- masking: [RFC 6455 §5.1] ----

#[test]
fn an_unmasked_frame_from_a_client_fails() {
    for first in [FIN | TEXT, FIN | PING, FIN | CLOSE] {
        let log = server(&[SERVER.frame(first, b"")]);
        assert_fails(&log, ProtocolError::UnmaskedFrame, CloseCode::PROTOCOL_ERROR);
    }
}

#[test]
fn a_masked_frame_from_a_server_fails() {
    for first in [FIN | TEXT, FIN | PING, FIN | CLOSE] {
        let log = client(&[CLIENT.frame(first, b"")]);
        assert_fails(&log, ProtocolError::MaskedFrame, CloseCode::PROTOCOL_ERROR);
    }
}

// ---- headers: [RFC 6455 §5.2, §5.5] ----

#[test]
fn lengths_not_in_their_shortest_form_fail() {
    for header in [&[0x82, 0xFE, 0, 125][..], &[0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]] {
        let error = ProtocolError::Header(HeaderError::NonMinimalLength);
        assert_fails(&server(&[header.to_vec()]), error, CloseCode::PROTOCOL_ERROR);
    }
}

#[test]
fn a_length_of_2_to_the_63_fails() {
    let log = server(&[vec![0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0]]);
    let error = ProtocolError::Header(HeaderError::LengthOver63Bits);
    assert_fails(&log, error, CloseCode::PROTOCOL_ERROR);
}

#[test]
fn two_to_the_62_announced_with_nothing_following_fails_at_once() {
    let log = server(&[CLIENT.header(FIN | BINARY, 1 << 62)]);
    assert_fails(&log, ProtocolError::FrameTooBig { len: 1 << 62 }, CloseCode::MESSAGE_TOO_BIG);
}

#[test]
fn a_126_byte_ping_fails_from_its_header_alone() {
    let log = server(&[CLIENT.header(FIN | PING, 126)[..2].to_vec()]);
    let error = ProtocolError::Header(HeaderError::ControlTooLong);
    assert_fails(&log, error, CloseCode::PROTOCOL_ERROR);
}

#[test]
fn a_control_frame_without_fin_fails() {
    for opcode in [PING, PONG, CLOSE] {
        let error = ProtocolError::Header(HeaderError::FragmentedControl);
        assert_fails(&server(&[CLIENT.frame(opcode, b"")]), error, CloseCode::PROTOCOL_ERROR);
    }
}

#[test]
fn reserved_bits_fail_on_every_frame() {
    for rsv in [0x10, 0x20, 0x40, 0x70] {
        for first in [FIN | TEXT, BINARY, FIN | PING, FIN | CLOSE] {
            let log = server(&[CLIENT.frame(rsv | first, b"")]);
            assert_fails(&log, ProtocolError::ReservedBits, CloseCode::PROTOCOL_ERROR);
        }
    }
}

#[test]
fn reserved_opcodes_fail() {
    for bits in (0x3..=0x7).chain(0xB..=0xF) {
        let error = ProtocolError::Header(HeaderError::ReservedOpcode { bits });
        assert_fails(&server(&[CLIENT.frame(FIN | bits, b"")]), error, CloseCode::PROTOCOL_ERROR);
    }
}

// ---- Close frames: [RFC 6455 §5.5.1, §7.4] ----

#[test]
fn a_close_frame_of_one_byte_fails() {
    let error = ProtocolError::Close(CloseFrameError::CodeCutShort);
    assert_fails(&server(&[CLIENT.frame(FIN | CLOSE, b"\x03")]), error, CloseCode::PROTOCOL_ERROR);
}

#[test]
fn close_codes_that_may_not_be_sent_fail() {
    for code in [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535_u16] {
        let error = ProtocolError::Close(CloseFrameError::ForbiddenCode { code });
        let log = server(&[CLIENT.frame(FIN | CLOSE, &code.to_be_bytes())]);
        assert_fails(&log, error, CloseCode::PROTOCOL_ERROR);
    }
}

#[test]
fn a_close_reason_that_is_not_utf8_fails() {
    let error = ProtocolError::Close(CloseFrameError::ReasonNotUtf8);
    let log = server(&[CLIENT.frame(FIN | CLOSE, b"\x03\xE8\xC3")]);
    assert_fails(&log, error, CloseCode::INVALID_PAYLOAD);
}

#[test]
fn data_after_a_close_frame_is_not_looked_at() {
    let log = server(&[
        CLIENT.frame(FIN | CLOSE, b"\x03\xE8"),
        CLIENT.frame(FIN | TEXT, b"late"),
        vec![0xFF; 1000],
    ]);
    assert_eq!(log, Log { entries: vec![Entry::Close(Some((1000, String::new())))], error: None });
}

// ---- limits ----

#[test]
fn empty_continuations_without_end_fail() {
    let mut frames = vec![CLIENT.frame(TEXT, b"")];
    frames.resize(1025, CLIENT.frame(CONTINUATION, b""));
    let log = server(&frames);
    assert_fails(&log, ProtocolError::TooManyFragments, CloseCode::POLICY_VIOLATION);
    frames.pop();
    frames[1023] = CLIENT.frame(FIN | CONTINUATION, b"");
    assert_eq!(server(&frames), Log { entries: vec![text("")], error: None }, "1,024 are allowed");
}
