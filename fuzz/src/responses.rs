//! The server's answers, held against httparse and a naive reading of [RFC 6455 §4.1].

use tungstenite::handshake::derive_accept_key;
use wsproto::handshake::{
    Accepted, ClientHandshake, HeadError, Offer, Response, ResponseDecoder, ResponseError, ResponseHead,
};

use crate::deflate;
use crate::http::{Head, LIMITS, LineFault, begins, check_pieces, check_same_fields, read_head, read_line};
use crate::lists::{Extension, read_extensions};
use crate::requests::own;

const SUBPROTOCOLS: &[&str] = &["chat", "superchat"];
const EXTENSIONS: [&str; 2] = ["permessage-deflate", "mux"];
const OFFER: Offer<'_> = Offer {
    subprotocols: SUBPROTOCOLS,
    extensions: Some("permessage-deflate; client_max_window_bits, mux; max-channels=4"),
    ..Offer::new("server.example.com", "/chat")
};

/// Checks what is decided of `bytes`, the answer to the request of [RFC 6455 §1.3], whole and byte by byte.
pub fn check(bytes: &[u8]) {
    let handshake = ClientHandshake::new(OFFER, *b"the sample nonce").expect("a valid request");
    let ours = ResponseDecoder::with_limits(handshake, LIMITS).decode(bytes);
    let mut in_pieces = ResponseDecoder::with_limits(handshake, LIMITS);
    let decided = |result: Result<Option<ResponseHead>, ResponseError>, bytes: &[u8]| {
        let shown = |head: ResponseHead| format!("{} {:?}", head.end(), head.response(bytes));
        result.map(|decoded| decoded.map(shown)).transpose()
    };
    check_pieces(bytes, |bytes| decided(in_pieces.decode(bytes), bytes), &decided(ours, bytes));

    let (naive, start) = read_final_head(bytes);
    let mut fields = [httparse::EMPTY_HEADER; LIMITS.fields];
    let mut theirs = httparse::Response::new(&mut fields);
    // httparse knows no version above 1.1.
    let mut with_version = bytes[start..].to_vec();
    let line = with_version.iter().take_while(|byte| b"\r\n".contains(byte)).count();
    if let Some(minor @ b'2'..=b'9') = with_version.get_mut(line + 7) {
        *minor = b'1';
    }
    let parsed = theirs.parse(&with_version);
    match (ours, naive) {
        (Ok(None), Ok(None)) => assert!(!matches!(parsed, Ok(httparse::Status::Complete(_)))),
        (Err(ours), Err(naive)) => assert_eq!(ours, naive),
        (ours, Ok(Some(head))) => {
            if let Ok(Some(found)) = ours {
                check_same_fields(parsed, theirs.headers, &head);
                assert_eq!(found.end(), start + head.len);
            }
            check_decision(ours.map(|found| found.map(|found| found.response(bytes))), &head);
        }
        (ours, naive) => panic!("{ours:?}, and naively {naive:?}"),
    }
}

/// Reads up to the head that is not interim [RFC 9110 §15.2], and tells where it begins. All heads together have the limits.
fn read_final_head(bytes: &[u8]) -> (Result<Option<Head<'_>>, ResponseError>, usize) {
    let (mut start, mut limits) = (0, LIMITS);
    loop {
        let rest = &bytes[start..];
        let head = match read_line(rest, limits.bytes, is_status_line) {
            Ok(_) => read_head(rest, limits).map_err(ResponseError::Head),
            Err(LineFault::BareLineFeed) => Err(ResponseError::Head(HeadError::BareLineFeed)),
            Err(LineFault::Malformed) => Err(ResponseError::StatusLine),
        };
        match head {
            Ok(Some(head)) if head.faults.is_empty() && is_interim(&head) => {
                limits =
                    limits.with_bytes(limits.bytes - head.len).with_fields(limits.fields - head.fields.len());
                start += head.len;
            }
            head => return (head, start),
        }
    }
}

fn is_interim(head: &Head<'_>) -> bool {
    let status = StatusLine::read(head.start_line).status;
    status < 200 && status != 101
}

/// Whether a status line can begin so [RFC 9112 §4]; with the space before an empty reason left out, which some do.
fn is_status_line(line: &[u8]) -> bool {
    let (before, behind) = line.split_at(line.len().min(12));
    let is_first_digit = before.get(9).is_none_or(|digit| *digit != b'0');
    let is_text = |byte: &u8| !byte.is_ascii_control() || *byte == b'\t';
    let reason = behind.strip_suffix(b"\r\n").or(behind.strip_suffix(b"\r")).unwrap_or(behind);
    begins(before, b"HTTP/1.0 000")
        && is_first_digit
        && (reason.is_empty() || reason[0] == b' ')
        && reason.iter().all(is_text)
}

fn check_decision(ours: Result<Option<Response<'_>>, ResponseError>, head: &Head<'_>) {
    let line = StatusLine::read(head.start_line);
    let mut faults: Vec<_> = head.faults.iter().map(|fault| ResponseError::Head(*fault)).collect();
    if faults.is_empty() && line.status == 101 {
        faults = upgrade_faults(&line, head);
    }
    // Which of several faults is told is not for us to say.
    let Ok(Some(response)) = ours else {
        let error = ours.expect_err("whole, and at fault");
        return assert!(faults.contains(&error), "{error:?} is none of {faults:?}");
    };
    assert!(faults.is_empty(), "not refused for one of {faults:?}");
    match response {
        Response::WebSocket(accepted) if line.status == 101 => check_accepted(&accepted, head),
        Response::Http(response) if line.status != 101 => {
            assert_eq!(response.status(), line.status);
            assert_eq!(response.reason().as_bytes(), if line.reason.is_ascii() { line.reason } else { b"" });
            assert_eq!(response.headers().collect::<Vec<_>>(), head.fields);
        }
        other => panic!("told apart wrongly: {other:?}"),
    }
}

fn check_accepted(ours: &Accepted<'_>, head: &Head<'_>) {
    let subprotocol = head.values("Sec-WebSocket-Protocol").first().copied();
    assert_eq!(ours.subprotocol().map(str::as_bytes), subprotocol);
    let extensions = read_extensions(&head.values("Sec-WebSocket-Extensions")).unwrap_or_default();
    assert_eq!(ours.extensions().map(own).collect::<Vec<_>>(), extensions);
    assert_eq!(deflate::verify(&offered(), &extensions), Ok(ours.deflate()));
    assert_eq!(ours.http().headers().collect::<Vec<_>>(), head.fields);
}

struct StatusLine<'b> {
    is_http_1_0: bool,
    status: u16,
    reason: &'b [u8],
}

impl<'b> StatusLine<'b> {
    /// The line is known to be well.
    fn read(line: &'b [u8]) -> Self {
        let status = str::from_utf8(&line[9..12]).ok().and_then(|digits| digits.parse().ok());
        Self {
            is_http_1_0: line[7] == b'0',
            status: status.expect("three digits"),
            reason: line.get(13..).unwrap_or_default(),
        }
    }
}

fn offered() -> Vec<Extension> {
    read_extensions(&[OFFER.extensions.unwrap_or_default().as_bytes()]).expect("a list")
}

/// What is wrong with an answer of 101, rule by rule.
fn upgrade_faults(line: &StatusLine<'_>, head: &Head<'_>) -> Vec<ResponseError> {
    let mut faults = Vec::new();
    let mut check = |is_well: bool, fault| faults.extend((!is_well).then_some(fault));
    check(!line.is_http_1_0, ResponseError::HttpVersionTooLow);
    let is_websocket = |values: &[&[u8]]| values.len() == 1 && values[0].eq_ignore_ascii_case(b"websocket");
    check(is_websocket(&head.values("Upgrade")), ResponseError::Upgrade);
    check(head.connection_names_upgrade(), ResponseError::Connection);

    let accepts = head.values("Sec-WebSocket-Accept");
    let accept = derive_accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
    check(!accepts.is_empty(), ResponseError::MissingAccept);
    check(accepts.len() < 2, ResponseError::RepeatedAccept);
    check(accepts.iter().all(|value| *value == accept.as_bytes()), ResponseError::WrongAccept);

    let extensions = head.values("Sec-WebSocket-Extensions");
    let list = read_extensions(&extensions);
    let mut names = list.iter().flatten().map(|(name, _)| name.as_str());
    check(extensions.len() < 2, ResponseError::RepeatedExtensions);
    check(extensions.is_empty() || list.is_some(), ResponseError::MalformedExtensions);
    check(names.all(|name| EXTENSIONS.contains(&name)), ResponseError::UnexpectedExtension);
    for fault in deflate::verify(&offered(), list.as_deref().unwrap_or_default()).err().into_iter().flatten()
    {
        check(false, ResponseError::Deflate(fault));
    }

    let subprotocols = head.values("Sec-WebSocket-Protocol");
    let is_offered = |value: &&[u8]| SUBPROTOCOLS.iter().any(|name| name.as_bytes() == *value);
    check(subprotocols.len() < 2, ResponseError::RepeatedSubprotocol);
    check(subprotocols.iter().all(is_offered), ResponseError::UnexpectedSubprotocol);
    faults
}
