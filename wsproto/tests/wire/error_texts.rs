//! What the errors of one frame say: the rule with its section, and the numbers a log needs.

use wsproto::error::BufferTooSmall;
use wsproto::wire::frame::{EncodeError, FrameError};
use wsproto::wire::{
    CloseCode, CloseFrameError, CloseReasonTooLong, HeaderError, MAX_CLOSE_REASON, Utf8Validator,
};

#[test]
fn a_peers_fault_is_told_with_the_section_of_the_rule() {
    let rules = [
        (HeaderError::ReservedOpcode { bits: 3 }.to_string(), "reserved opcode (RFC 6455 section 5.2)"),
        (HeaderError::FragmentedControl.to_string(), "fragmented control frame (RFC 6455 section 5.5)"),
        (HeaderError::ControlTooLong.to_string(), "control frame over 125 bytes (RFC 6455 section 5.5)"),
        (
            HeaderError::NonMinimalLength.to_string(),
            "payload length not in its shortest form (RFC 6455 section 5.2)",
        ),
        (HeaderError::LengthOver63Bits.to_string(), "payload length over 63 bits (RFC 6455 section 5.2)"),
        (CloseFrameError::CodeCutShort.to_string(), "Close frame of one byte (RFC 6455 section 5.5.1)"),
        (
            CloseFrameError::ForbiddenCode { code: 1005 }.to_string(),
            "close code that may not be sent (RFC 6455 section 7.4)",
        ),
        (CloseFrameError::ReasonNotUtf8.to_string(), "close reason is not UTF-8 (RFC 6455 section 8.1)"),
        (CloseFrameError::TooLong.to_string(), "Close frame over 125 bytes (RFC 6455 section 5.5)"),
        (
            FrameError::from(HeaderError::FragmentedControl).to_string(),
            "fragmented control frame (RFC 6455 section 5.5)",
        ),
    ];
    for (said, rule) in rules {
        assert_eq!(said, rule);
        assert!(rule.len() <= MAX_CLOSE_REASON, "no Close frame can carry it: {rule}");
    }
}

#[test]
fn a_size_is_told_with_its_number() {
    assert_eq!(
        BufferTooSmall { needed: 7 }.to_string(),
        "the output buffer is too small: 7 bytes are needed"
    );
    assert_eq!(
        EncodeError::from(BufferTooSmall { needed: 7 }).to_string(),
        BufferTooSmall { needed: 7 }.to_string()
    );
    assert_eq!(
        EncodeError::LengthMismatch { header: 5, payload: 6 }.to_string(),
        "the header announces 5 bytes, the payload has 6"
    );
    assert_eq!(
        FrameError::PayloadTooBig { len: 1 << 40 }.to_string(),
        "a payload of 1099511627776 bytes is over the limit"
    );
    assert_eq!(CloseReasonTooLong { len: 124 }.to_string(), "a close reason of 124 bytes: 123 are the most");
    assert_eq!(
        Utf8Validator::new().validate(b"ab\xFF").unwrap_err().to_string(),
        "not UTF-8: the byte at offset 2 is impossible"
    );
}

#[test]
fn a_close_code_is_told_as_its_number() {
    assert_eq!(CloseCode::GOING_AWAY.to_string(), "1001");
    assert_eq!(format!("{:>6}", CloseCode::GOING_AWAY), "  1001", "it takes a number's width");
    assert_eq!(u16::from(CloseCode::GOING_AWAY), 1001);
}
