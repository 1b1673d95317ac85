//! What the errors of a connection say, to a log and to the peer, whose Close frame carries the rule.

use wsproto::error::{AbnormalClosure, BufferTooSmall, Misuse, ProtocolError, SendError};
use wsproto::wire::{CloseCode, CloseFrame, CloseFrameError, HeaderError};

/// Each error, its close code, and its rule in words.
fn faults() -> Vec<(ProtocolError, CloseCode, &'static str)> {
    use ProtocolError as E;
    vec![
        (
            E::from(HeaderError::NonMinimalLength),
            CloseCode::PROTOCOL_ERROR,
            "payload length not in its shortest form (RFC 6455 section 5.2)",
        ),
        (
            E::ReservedBits,
            CloseCode::PROTOCOL_ERROR,
            "reserved bit without an extension (RFC 6455 section 5.2)",
        ),
        (
            E::UnmaskedFrame,
            CloseCode::PROTOCOL_ERROR,
            "client frame that is not masked (RFC 6455 section 5.1)",
        ),
        (E::MaskedFrame, CloseCode::PROTOCOL_ERROR, "server frame that is masked (RFC 6455 section 5.1)"),
        (
            E::UnexpectedContinuation,
            CloseCode::PROTOCOL_ERROR,
            "continuation without a message (RFC 6455 section 5.4)",
        ),
        (
            E::UnfinishedMessage,
            CloseCode::PROTOCOL_ERROR,
            "new message inside a fragmented one (RFC 6455 section 5.4)",
        ),
        (
            E::from(CloseFrameError::CodeCutShort),
            CloseCode::PROTOCOL_ERROR,
            "Close frame of one byte (RFC 6455 section 5.5.1)",
        ),
        (
            E::from(CloseFrameError::ReasonNotUtf8),
            CloseCode::INVALID_PAYLOAD,
            "close reason is not UTF-8 (RFC 6455 section 8.1)",
        ),
        (E::NotUtf8, CloseCode::INVALID_PAYLOAD, "text that is not UTF-8 (RFC 6455 section 8.1)"),
        (
            E::UnexpectedCompression,
            CloseCode::PROTOCOL_ERROR,
            "compression bit beyond a message's first frame (RFC 7692 section 6)",
        ),
        (
            E::InvalidDeflate,
            CloseCode::INVALID_PAYLOAD,
            "compressed message that is not DEFLATE (RFC 7692 section 7.2.2)",
        ),
        (
            E::UnfinishedDeflate,
            CloseCode::INVALID_PAYLOAD,
            "compressed message that is cut short (RFC 7692 section 7.2.1)",
        ),
        (E::FrameTooBig { len: 9 }, CloseCode::MESSAGE_TOO_BIG, "frame over the size limit"),
        (E::MessageTooBig { len: 9 }, CloseCode::MESSAGE_TOO_BIG, "message over the size limit"),
        (E::TooManyFragments, CloseCode::POLICY_VIOLATION, "message in too many fragments"),
        (E::TooManyControlFrames, CloseCode::POLICY_VIOLATION, "too many control frames inside a message"),
    ]
}

#[test]
fn the_close_frame_of_an_error_carries_its_code_and_its_rule() {
    for (error, code, rule) in faults() {
        let close = error.close_frame();
        assert_eq!((close.code(), close.reason()), (code, rule), "{error:?}");
        assert_eq!(CloseFrame::new(code, rule), Ok(close), "not too long for a Close frame");
    }
}

#[test]
fn a_log_reads_the_rule_and_how_much_was_announced() {
    for (error, _, rule) in faults() {
        let said = match error {
            ProtocolError::FrameTooBig { .. } | ProtocolError::MessageTooBig { .. } => {
                format!("{rule}: 9 bytes")
            }
            _ => rule.to_owned(),
        };
        assert_eq!(error.to_string(), said);
    }
}

#[test]
fn a_misuse_says_what_to_do_instead() {
    let said = [
        (Misuse::CloseSent, "a Close frame was sent: nothing may follow it"),
        (Misuse::NotOpen, "the peer has closed or failed: send a Close frame, nothing new"),
        (Misuse::MessageUnderWay, "a fragmented message is under way: send its last fragment first"),
        (Misuse::ControlTooLong { len: 126 }, "a Ping or Pong of 126 bytes: 125 are the most"),
        (Misuse::NotUtf8, "the text is not UTF-8: send it as binary"),
        (Misuse::NotAgreed, "the peer did not agree on such compression: send the message as it is"),
    ];
    for (misuse, text) in said {
        assert_eq!(misuse.to_string(), text);
        assert_eq!(SendError::from(misuse).to_string(), text);
    }
    let too_small = BufferTooSmall { needed: 131 };
    assert_eq!(SendError::from(too_small).to_string(), too_small.to_string());
}

#[test]
fn an_abnormal_closure_says_whether_a_message_was_cut_short() {
    let ended = "the transport ended without a Close frame";
    assert_eq!(AbnormalClosure { inside_message: false }.to_string(), ended);
    assert_eq!(AbnormalClosure { inside_message: true }.to_string(), format!("{ended}, inside a message"));
}
