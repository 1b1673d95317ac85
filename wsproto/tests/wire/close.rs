//! Close codes and the payload of a Close frame ([RFC 6455 §5.5.1], [§7.4]).

use wsproto::error::BufferTooSmall;
use wsproto::wire::{CloseCode, CloseFrame, CloseFrameError, CloseReasonTooLong, MAX_CLOSE_REASON};

#[test]
fn only_codes_that_may_stand_on_the_wire_exist() {
    for code in 0..=u16::MAX {
        // §7.4.2: up to 999 not used; §7.4.1: 1004 reserved, 1005, 1006 and 1015 never sent; the others up to 2999 not
        // defined; §7.4.2: 4999 is the last.
        let may = !matches!(code, 0..=999 | 1004..=1006 | 1015..=2999 | 5000..);
        assert_eq!(CloseCode::new(code).is_some(), may, "{code}");
        let payload = code.to_be_bytes();
        match CloseFrame::decode(&payload) {
            Ok(frame) => assert_eq!(frame.map(|frame| frame.code().get()), may.then_some(code)),
            Err(error) => assert_eq!((error, may), (CloseFrameError::ForbiddenCode { code }, false)),
        }
    }
}

#[test]
fn the_named_codes_have_the_numbers_of_the_registry() {
    let named = [
        (CloseCode::NORMAL, 1000),
        (CloseCode::GOING_AWAY, 1001),
        (CloseCode::PROTOCOL_ERROR, 1002),
        (CloseCode::UNSUPPORTED_DATA, 1003),
        (CloseCode::INVALID_PAYLOAD, 1007),
        (CloseCode::POLICY_VIOLATION, 1008),
        (CloseCode::MESSAGE_TOO_BIG, 1009),
        (CloseCode::MISSING_EXTENSION, 1010),
        (CloseCode::INTERNAL_ERROR, 1011),
        (CloseCode::SERVICE_RESTART, 1012),
        (CloseCode::TRY_AGAIN_LATER, 1013),
        (CloseCode::BAD_GATEWAY, 1014),
    ];
    for (code, number) in named {
        assert_eq!(CloseCode::new(number), Some(code));
    }
}

#[test]
fn a_payload_is_nothing_or_a_code_and_a_reason() {
    assert_eq!(CloseFrame::decode(b""), Ok(None));
    assert_eq!(CloseFrame::decode(b"\x03"), Err(CloseFrameError::CodeCutShort));
    let frame = CloseFrame::decode("\u{3}\u{e8}tschüß".as_bytes());
    assert_eq!(
        frame,
        Err(CloseFrameError::ForbiddenCode { code: 0x03C3 }),
        "the code is two bytes, not a character"
    );
    let frame = CloseFrame::decode(b"\x03\xe8tsch\xc3\xbc\xc3\x9f").unwrap().unwrap();
    assert_eq!((frame.code(), frame.reason()), (CloseCode::NORMAL, "tschüß"));
}

#[test]
fn a_reason_that_is_not_utf8_is_refused() {
    for reason in [&b"\xFF"[..], b"\xC3", b"ok\xED\xA0\x80"] {
        let payload = [&b"\x03\xe8"[..], reason].concat();
        assert_eq!(CloseFrame::decode(&payload), Err(CloseFrameError::ReasonNotUtf8));
    }
}

#[test]
fn a_reason_has_123_bytes_at_the_most() {
    let longest = "x".repeat(MAX_CLOSE_REASON);
    let frame = CloseFrame::new(CloseCode::NORMAL, &longest).unwrap();
    let mut payload = [0; 125];
    assert_eq!(frame.encode(&mut payload), Ok(125));
    assert_eq!(CloseFrame::decode(&payload), Ok(Some(frame)));
    assert!(CloseFrame::decode(&[b'x'; 126]).is_err(), "no control frame carries that");
    let longer = "x".repeat(124);
    assert_eq!(CloseFrame::new(CloseCode::NORMAL, &longer), Err(CloseReasonTooLong { len: 124 }));
}

#[test]
fn too_small_a_slice_is_left_as_it_was() {
    let frame = CloseFrame::new(CloseCode::GOING_AWAY, "bye").unwrap();
    let mut dst = [9; 4];
    assert_eq!(frame.encode(&mut dst), Err(BufferTooSmall { needed: 5 }));
    assert_eq!(dst, [9; 4]);
}
