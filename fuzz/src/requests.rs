//! Opening requests, held against httparse and a naive reading of [RFC 6455 §4.2.1].

use std::collections::HashSet;

use tungstenite::handshake::derive_accept_key;
use wsproto::handshake::extensions::Extension;
use wsproto::handshake::subprotocol::{self, MAX_SUBPROTOCOLS};
use wsproto::handshake::{
    Choice, HeadError, HttpRequest, HttpVersion, Origin, Request, RequestDecoder, RequestError, RequestFault,
    RequestHead, ServerHandshake,
};

use crate::http::{Head, LIMITS, LineFault, begins, check_pieces, check_same_fields, read_head, read_line};
use crate::lists::{self, elements, is_token, read_extensions};

/// Checks what is decided of `bytes`, whole and byte by byte.
pub fn check(bytes: &[u8]) {
    let ours = RequestDecoder::with_limits(LIMITS).decode(bytes);
    let mut in_pieces = RequestDecoder::with_limits(LIMITS);
    let decided = |result: Result<Option<RequestHead>, RequestError>, bytes: &[u8]| {
        let shown = |head: RequestHead| format!("{} {:?}", head.end(), head.request(bytes));
        result.map(|decoded| decoded.map(shown)).transpose()
    };
    check_pieces(bytes, |bytes| decided(in_pieces.decode(bytes), bytes), &decided(ours, bytes));
    let ours = ours.map_err(RequestError::fault);

    let theirs = httparse::Request::new(&mut [httparse::EMPTY_HEADER; LIMITS.fields]).parse(bytes);
    let naive = match read_line(bytes, LIMITS.bytes, is_request_line) {
        Ok(Some(line)) if line[line.len() - 5..][..1] != *b"1" => Err(RequestFault::HttpVersionNotSupported),
        Ok(_) => read_head(bytes, LIMITS).map_err(RequestFault::Head),
        Err(LineFault::BareLineFeed) => Err(RequestFault::Head(HeadError::BareLineFeed)),
        Err(LineFault::Malformed) => Err(RequestFault::RequestLine),
    };
    match (ours, naive) {
        (Ok(None), Ok(None)) => assert!(!matches!(theirs, Ok(httparse::Status::Complete(_)))),
        (Err(ours), Err(naive)) => assert_eq!(ours, naive),
        (ours, Ok(Some(head))) => check_decision(ours, &head, bytes),
        (ours, naive) => panic!("{ours:?}, and naively {naive:?}"),
    }
}

/// Whether a request line can begin so: up to the version, which is of HTTP/1 [RFC 9112 §3].
fn is_request_line(line: &[u8]) -> bool {
    let words: Vec<_> = line.split(|&byte| byte == b' ').collect();
    let is_target = |target: &[u8]| target.iter().all(|byte| byte.is_ascii_graphic() || !byte.is_ascii());
    match words[..] {
        [method] => is_token(method),
        [method, target] => is_token(method) && is_target(target),
        [method, target, version] => {
            is_token(method) && !target.is_empty() && is_target(target) && begins(version, b"HTTP/0.0\r\n")
        }
        _ => false,
    }
}

fn check_decision(ours: Result<Option<RequestHead>, RequestFault>, head: &Head<'_>, bytes: &[u8]) {
    let mut syntax: Vec<_> = head.faults.iter().map(|fault| RequestFault::Head(*fault)).collect();
    let line = RequestLine::read(head.start_line);
    if line.is_none() {
        syntax.push(RequestFault::RequestLine);
    }
    let Some(line) = line.filter(|_| syntax.is_empty()) else { return check_faults(ours, &syntax) };

    let (mut faults, asks) = (request_faults(&line, head), asks_for_websocket(&line, head));
    if asks {
        faults.extend(upgrade_faults(&line, head));
    }
    let Ok(Some(found)) = ours else { return check_faults(ours, &faults) };
    assert!(faults.is_empty(), "not refused for one of {faults:?}");
    assert_eq!(found.end(), head.len);
    let request = found.request(bytes);
    let at_once = Request::decode(bytes).expect("the limits are larger then");
    assert_eq!(format!("{at_once:?}"), format!("{:?}", Some((request, found.end()))));
    check_http(request.http(), &line, head, bytes);
    match request {
        Request::WebSocket(handshake) if asks => check_handshake(&handshake, &line, head),
        Request::Http(_) if !asks => {}
        other => panic!("told apart wrongly: {other:?}"),
    }
}

/// Which of several faults is told is not for us to say.
fn check_faults<T>(ours: Result<T, RequestFault>, faults: &[RequestFault]) {
    match ours {
        Err(error) => assert!(faults.contains(&error), "{error:?} is none of {faults:?}"),
        Ok(_) => panic!("not refused for one of {faults:?}"),
    }
}

fn check_http(ours: &HttpRequest<'_>, line: &RequestLine<'_>, head: &Head<'_>, bytes: &[u8]) {
    assert_eq!((ours.method(), ours.target(), ours.version()), (line.method, line.target, line.version));
    assert_eq!(ours.headers().collect::<Vec<_>>(), head.fields);
    if line.target.starts_with('/') {
        let query = ours.query().map(|query| format!("?{query}"));
        assert_eq!(ours.path().to_owned() + &query.unwrap_or_default(), line.target);
    }
    // httparse knows no version above 1.1.
    let mut bytes = bytes[..head.len].to_vec();
    let ends_line = |at: &[u8]| at.starts_with(b" HTTP/1.") && at.ends_with(b"\r\n");
    let version = bytes.windows(11).position(ends_line).expect("it was understood");
    bytes[version + 8] = b'1';
    let mut fields = [httparse::EMPTY_HEADER; LIMITS.fields];
    let mut theirs = httparse::Request::new(&mut fields);
    let parsed = theirs.parse(&bytes);
    assert_eq!((theirs.method, theirs.path), (Some(line.method), Some(line.target)));
    check_same_fields(parsed, theirs.headers, head);
}

fn check_handshake(ours: &ServerHandshake<'_>, line: &RequestLine<'_>, head: &Head<'_>) {
    let [host] = head.values("Host")[..] else { panic!("one host") };
    assert_eq!(ours.host().as_bytes(), line.authority().map_or(host, str::as_bytes));
    let [key] = head.values("Sec-WebSocket-Key")[..] else { panic!("one key") };
    let answer = ours.accept(Choice::default()).expect("nothing is chosen");
    let accepts = answer.headers().find(|(name, _)| *name == "Sec-WebSocket-Accept");
    assert_eq!(accepts, Some(("Sec-WebSocket-Accept", derive_accept_key(key).as_bytes())));
    let origin = head.values("Origin").first().copied();
    assert_eq!(ours.origin().map(Origin::as_str).map(str::as_bytes), origin);
    let subprotocols = elements(&head.values("Sec-WebSocket-Protocol"));
    assert_eq!(ours.subprotocols().map(str::as_bytes).collect::<Vec<_>>(), subprotocols);
    let extensions = read_extensions(&head.values("Sec-WebSocket-Extensions")).unwrap_or_default();
    assert_eq!(ours.extensions().map(own).collect::<Vec<_>>(), extensions);
}

/// An extension that owns its bytes.
pub fn own(extension: Extension<'_>) -> lists::Extension {
    let params = extension.params();
    let params = params.map(|(name, value)| (name.to_owned(), value.map(|value| value.to_string())));
    (extension.name().to_owned(), params.collect())
}

#[derive(Clone, Copy)]
struct RequestLine<'b> {
    method: &'b str,
    target: &'b str,
    version: HttpVersion,
}

impl<'b> RequestLine<'b> {
    /// [RFC 9112 §3]: three words, one space between them. The line is known to be well, but for letters that are not ASCII.
    fn read(line: &'b [u8]) -> Option<Self> {
        let words: Vec<_> = str::from_utf8(line).ok()?.split(' ').collect();
        let [method, target, version] = words[..] else { panic!("three words") };
        let version = if version == "HTTP/1.0" { HttpVersion::Http10 } else { HttpVersion::Http11 };
        Some(Self { method, target, version })
    }

    /// The authority of a target that is a whole URI.
    fn authority(&self) -> Option<&'b str> {
        let (scheme, rest) = self.target.split_once("://")?;
        let is_http = ["http", "https"].iter().any(|http| scheme.eq_ignore_ascii_case(http));
        is_http.then(|| rest.split(['/', '?']).next().unwrap_or_default())
    }
}

/// What is wrong with any request.
fn request_faults(line: &RequestLine<'_>, head: &Head<'_>) -> Vec<RequestFault> {
    let mut faults = Vec::new();
    let mut check = |is_well: bool, fault| faults.extend((!is_well).then_some(fault));
    let hosts = head.values("Host");
    check(line.target.is_ascii() && !line.target.contains('#'), RequestFault::Target);
    check(hosts.len() < 2, RequestFault::RepeatedHost);
    check(!hosts.is_empty() || line.version == HttpVersion::Http10, RequestFault::MissingHost);
    check(hosts.iter().all(|host| host.is_empty() || is_authority(host)), RequestFault::InvalidHost);
    if line.version == HttpVersion::Http11 {
        let is_protocol = |element: &&[u8]| element.splitn(2, |&byte| byte == b'/').all(is_token);
        check(elements(&head.values("Upgrade")).iter().all(is_protocol), RequestFault::MalformedUpgrade);
    }
    faults
}

fn asks_for_websocket(line: &RequestLine<'_>, head: &Head<'_>) -> bool {
    let is_websocket = |element: &&[u8]| element.eq_ignore_ascii_case(b"websocket");
    line.version == HttpVersion::Http11 && elements(&head.values("Upgrade")).iter().any(is_websocket)
}

/// What is wrong with one that asks for a WebSocket connection, rule by rule [RFC 6455 §4.2.1].
fn upgrade_faults(line: &RequestLine<'_>, head: &Head<'_>) -> Vec<RequestFault> {
    let mut faults = Vec::new();
    let mut check = |is_well: bool, fault| faults.extend((!is_well).then_some(fault));
    check(line.method == "GET", RequestFault::Method);
    check(head.values("Host").iter().all(|host| is_authority(host)), RequestFault::InvalidHost);
    let is_uri = line.authority().is_some_and(|authority| is_authority(authority.as_bytes()));
    check(line.target.starts_with('/') || is_uri, RequestFault::Target);
    check(head.connection_names_upgrade(), RequestFault::Connection);

    let is_zero = |length: &&[u8]| !length.is_empty() && length.iter().all(|digit| *digit == b'0');
    check(head.values("Transfer-Encoding").is_empty(), RequestFault::Body);
    check(head.values("Content-Length").iter().all(is_zero), RequestFault::Body);

    let versions = head.values("Sec-WebSocket-Version");
    check(!versions.is_empty(), RequestFault::MissingVersion);
    check(versions.len() < 2, RequestFault::RepeatedVersion);
    check(versions.iter().all(|version| version == b"13"), RequestFault::UnsupportedVersion);
    let keys = head.values("Sec-WebSocket-Key");
    check(!keys.is_empty(), RequestFault::MissingKey);
    check(keys.len() < 2, RequestFault::RepeatedKey);
    check(keys.iter().all(|key| is_key(key)), RequestFault::InvalidKey);
    let origins = head.values("Origin");
    check(origins.len() < 2, RequestFault::RepeatedOrigin);
    let is_printable = |origin: &&[u8]| origin.iter().all(|byte| (32..127).contains(byte));
    check(origins.iter().all(is_printable), RequestFault::InvalidOrigin);

    faults.extend(subprotocol_faults(&head.values("Sec-WebSocket-Protocol")));
    let extensions = head.values("Sec-WebSocket-Extensions");
    if !extensions.is_empty() && read_extensions(&extensions).is_none() {
        faults.push(RequestFault::MalformedExtensions);
    }
    faults
}

/// Checks what is decided of a request that offers subprotocols in fields of these values, and what may be answered.
pub fn check_subprotocols(preference: &[&str], values: &[&[u8]]) {
    let mut fields: Vec<(&str, &[u8])> = vec![
        ("Host", b"server.example.com"),
        ("Upgrade", b"websocket"),
        ("Connection", b"Upgrade"),
        ("Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", b"13"),
    ];
    fields.extend(values.iter().map(|value| ("Sec-WebSocket-Protocol", *value)));
    let ours = Request::from_parts("GET", "/chat", HttpVersion::Http11, &fields[..]);

    let faults = subprotocol_faults(values);
    let Ok(Request::WebSocket(handshake)) = ours else {
        return check_faults(ours.map_err(RequestError::fault), &faults);
    };
    assert!(faults.is_empty(), "not refused for one of {faults:?}");
    let offered = elements(values);
    assert_eq!(handshake.subprotocols().map(str::as_bytes).collect::<Vec<_>>(), offered);
    let chosen = preference.iter().copied().find(|name| offered.contains(&name.as_bytes()));
    assert_eq!(subprotocol::select(preference, handshake.subprotocols()), chosen);
    for &name in preference {
        let answer = handshake.accept(Choice { subprotocol: Some(name), ..Choice::default() });
        assert_eq!(answer.is_ok(), offered.contains(&name.as_bytes()), "{name:?}");
    }
}

/// What is wrong with an offer of subprotocols.
fn subprotocol_faults(values: &[&[u8]]) -> Vec<RequestFault> {
    let mut faults = Vec::new();
    let mut check = |is_well: bool, fault| faults.extend((!is_well).then_some(fault));
    let names = elements(values);
    let unique: HashSet<_> = names.iter().collect();
    check(names.iter().all(|name| is_token(name)), RequestFault::MalformedSubprotocols);
    check(values.is_empty() || !names.is_empty(), RequestFault::MalformedSubprotocols);
    check(unique.len() == names.len(), RequestFault::RepeatedSubprotocol);
    check(names.len() <= MAX_SUBPROTOCOLS, RequestFault::TooManySubprotocols);
    faults
}

/// A host [RFC 3986 §3.2.2] and maybe a port.
fn is_authority(text: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(text) else { return false };
    let (host, more, port) = match text.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(None) => return false,
        Some(Some((host, port))) => (host, ":", port.strip_prefix(':').or(port.is_empty().then_some(""))),
        None => {
            let (host, port) = text.split_once(':').unwrap_or((text, ""));
            (host, "", Some(port))
        }
    };
    let is_allowed =
        |c: char| c.is_ascii_alphanumeric() || "-._~%!$&'()*+,;=".contains(c) || more.contains(c);
    let is_port = |port: &str| {
        port.chars().all(|c| c.is_ascii_digit()) && (port.is_empty() || port.parse::<u16>().is_ok())
    };
    !host.is_empty() && host.chars().all(is_allowed) && port.is_some_and(is_port)
}

/// The Base64 of 16 bytes [RFC 4648 §4]: 22 characters, the last of which brings two bits, and the padding. Its other
/// bits may be set, as they are in the key that RFC 6455 §4.1 prints.
fn is_key(key: &[u8]) -> bool {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    key.len() == 24 && key[..22].iter().all(is_base64) && key.ends_with(b"==")
}
