//! The server's answers, held against httparse and a naive reading of [RFC 6455 §4.1].

use tungstenite::handshake::derive_accept_key;
use wsproto::handshake::{
    ClientHandshake, ClientRequest, Response, ResponseDecoder, ResponseError, Upgraded,
};

use crate::deflate;
use crate::http::{Head, LIMITS, check_pieces, check_same_fields, read_head};
use crate::lists::{Extension, read_extensions};
use crate::requests::own;

const SUBPROTOCOLS: &[&str] = &["chat", "superchat"];
const EXTENSIONS: [&str; 2] = ["permessage-deflate", "mux"];
const OFFER: ClientRequest<'_> = ClientRequest {
    subprotocols: SUBPROTOCOLS,
    extensions: Some("permessage-deflate; client_max_window_bits, mux; max-channels=4"),
    ..ClientRequest::new("server.example.com", "/chat")
};

/// Checks what is decided of `bytes`, the answer to the request of [RFC 6455 §1.3], whole and byte by byte.
pub fn check(bytes: &[u8]) {
    let handshake = ClientHandshake::new(OFFER, *b"the sample nonce").expect("a valid request");
    let ours = ResponseDecoder::with_limits(handshake, LIMITS).decode(bytes);
    let mut in_pieces = ResponseDecoder::with_limits(handshake, LIMITS);
    let decided = |result: Result<Option<(Response<'_>, usize)>, ResponseError>| {
        result.map(|decoded| decoded.map(|(response, len)| format!("{len} {response:?}"))).transpose()
    };
    check_pieces(bytes, |bytes| decided(in_pieces.decode(bytes)), &decided(ours));

    let mut fields = [httparse::EMPTY_HEADER; LIMITS.fields];
    let mut theirs = httparse::Response::new(&mut fields);
    let parsed = theirs.parse(bytes);
    match (ours, read_head(bytes)) {
        (Ok(None), Ok(None)) => assert!(!matches!(parsed, Ok(httparse::Status::Complete(_)))),
        (Err(ResponseError::Head(ours)), Err(naive)) => assert_eq!(ours, naive),
        (ours, Ok(Some(head))) => {
            if ours.is_ok() {
                check_same_fields(parsed, theirs.headers, &head);
            }
            check_decision(ours, &head);
        }
        (ours, naive) => panic!("{ours:?}, and naively {naive:?}"),
    }
}

fn check_decision(ours: Result<Option<(Response<'_>, usize)>, ResponseError>, head: &Head<'_>) {
    let line = StatusLine::read(head.start_line);
    let mut faults: Vec<_> = head.faults.iter().map(|fault| ResponseError::Head(*fault)).collect();
    match &line {
        None => faults.push(ResponseError::StatusLine),
        Some(line) if faults.is_empty() && line.status == 101 => faults = upgrade_faults(line, head),
        Some(_) => {}
    }
    // Which of several faults is told is not for us to say.
    let (Ok(Some((response, len))), Some(line)) = (ours, line) else {
        let error = ours.expect_err("whole, and at fault");
        return assert!(faults.contains(&error), "{error:?} is none of {faults:?}");
    };
    assert!(faults.is_empty(), "not refused for one of {faults:?}");
    assert_eq!(len, head.len);
    match response {
        Response::Upgraded(upgraded) if line.status == 101 => check_upgraded(&upgraded, head),
        Response::Http(response) if line.status != 101 => {
            assert_eq!(response.status(), line.status);
            assert_eq!(response.reason().as_bytes(), if line.reason.is_ascii() { line.reason } else { b"" });
            assert_eq!(response.headers().collect::<Vec<_>>(), head.fields);
        }
        other => panic!("told apart wrongly: {other:?}"),
    }
}

fn check_upgraded(ours: &Upgraded<'_>, head: &Head<'_>) {
    let subprotocol = head.values("Sec-WebSocket-Protocol").first().copied();
    assert_eq!(ours.subprotocol().map(str::as_bytes), subprotocol);
    let extensions = read_extensions(&head.values("Sec-WebSocket-Extensions")).unwrap_or_default();
    assert_eq!(ours.extensions().map(own).collect::<Vec<_>>(), extensions);
    assert_eq!(deflate::verify(&offered(), &extensions), Ok(ours.deflate()));
    assert_eq!(ours.headers().collect::<Vec<_>>(), head.fields);
}

struct StatusLine<'b> {
    is_http_1_0: bool,
    status: u16,
    reason: &'b [u8],
}

impl<'b> StatusLine<'b> {
    /// [RFC 9112 §4]; with the space before an empty reason left out, which some do.
    fn read(line: &'b [u8]) -> Option<Self> {
        let (version, rest) = line.split_at_checked(9)?;
        let (status, reason) = rest.split_at_checked(3)?;
        let is_text = reason.iter().all(|byte| !byte.is_ascii_control() || *byte == b'\t');
        let is_well =
            status.iter().all(u8::is_ascii_digit) && (reason.is_empty() || reason[0] == b' ') && is_text;
        let is_http_1_0 = version == b"HTTP/1.0 ";
        (is_well && (is_http_1_0 || version == b"HTTP/1.1 ")).then(|| Self {
            is_http_1_0,
            status: str::from_utf8(status).ok().and_then(|digits| digits.parse().ok()).expect("three digits"),
            reason: reason.get(1..).unwrap_or_default(),
        })
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
