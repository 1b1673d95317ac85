//! Opening requests, held against httparse and a naive reading of [RFC 6455 §4.2.1].

use std::collections::HashSet;

use tungstenite::handshake::derive_accept_key;
use wsproto::handshake::extensions::Extension;
use wsproto::handshake::subprotocol::{self, MAX_SUBPROTOCOLS};
use wsproto::handshake::{
    Answer, HttpRequest, HttpVersion, Origin, Request, RequestDecoder, RequestError, Upgrade,
};

use crate::http::{Head, LIMITS, check_pieces, check_same_fields, read_head};
use crate::lists::{self, elements, is_token, read_extensions};

/// Checks what is decided of `bytes`, whole and byte by byte.
pub fn check(bytes: &[u8]) {
    let ours = RequestDecoder::with_limits(LIMITS).decode(bytes);
    let mut in_pieces = RequestDecoder::with_limits(LIMITS);
    let decided = |result: Result<Option<(Request<'_>, usize)>, RequestError>| {
        result.map(|decoded| decoded.map(|(request, len)| format!("{len} {request:?}"))).transpose()
    };
    check_pieces(bytes, |bytes| decided(in_pieces.decode(bytes)), &decided(ours));

    let theirs = httparse::Request::new(&mut [httparse::EMPTY_HEADER; LIMITS.fields]).parse(bytes);
    let naive = read_head(bytes);
    match (ours, naive) {
        (Ok(None), Ok(None)) => assert!(!matches!(theirs, Ok(httparse::Status::Complete(_)))),
        (Err(RequestError::Head(ours)), Err(naive)) => assert_eq!(ours, naive),
        (ours, Ok(Some(head))) => check_decision(ours, &head, bytes),
        (ours, naive) => panic!("{ours:?}, and naively {naive:?}"),
    }
}

fn check_decision(ours: Result<Option<(Request<'_>, usize)>, RequestError>, head: &Head<'_>, bytes: &[u8]) {
    let line = RequestLine::read(head.start_line);
    let mut syntax: Vec<_> = head.faults.iter().map(|fault| RequestError::Head(*fault)).collect();
    syntax.extend(line.as_ref().err().into_iter().flatten());
    let Some(line) = line.ok().filter(|_| syntax.is_empty()) else { return check_faults(ours, &syntax) };

    let (mut faults, asks) = (request_faults(&line, head), asks_for_websocket(&line, head));
    if asks {
        faults.extend(upgrade_faults(&line, head));
    }
    let Ok(Some((request, len))) = ours else { return check_faults(ours, &faults) };
    assert!(faults.is_empty(), "not refused for one of {faults:?}");
    assert_eq!(len, head.len);
    check_http(request.http(), &line, head, bytes);
    match request {
        Request::Upgrade(upgrade) if asks => check_upgrade(&upgrade, &line, head),
        Request::Http(_) if !asks => {}
        other => panic!("told apart wrongly: {other:?}"),
    }
}

/// Which of several faults is told is not for us to say.
fn check_faults<T>(ours: Result<T, RequestError>, faults: &[RequestError]) {
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

fn check_upgrade(ours: &Upgrade<'_>, line: &RequestLine<'_>, head: &Head<'_>) {
    let [host] = head.values("Host")[..] else { panic!("one host") };
    assert_eq!(ours.host().as_bytes(), line.authority().map_or(host, str::as_bytes));
    let [key] = head.values("Sec-WebSocket-Key")[..] else { panic!("one key") };
    assert_eq!(ours.accept_key()[..], *derive_accept_key(key).as_bytes());
    let origin = head.values("Origin").first().copied();
    assert_eq!(ours.origin().map(Origin::as_str).map(str::as_bytes), origin);
    let subprotocols = elements(&head.values("Sec-WebSocket-Protocol"));
    assert_eq!(ours.subprotocols().map(str::as_bytes).collect::<Vec<_>>(), subprotocols);
    let extensions = read_extensions(&head.values("Sec-WebSocket-Extensions")).unwrap_or_default();
    assert_eq!(ours.extensions().map(own).collect::<Vec<_>>(), extensions);
    assert!(ours.accept(Answer::default()).is_ok());
}

/// An extension that owns its bytes.
pub fn own(extension: Extension<'_>) -> lists::Extension {
    let params = extension.params();
    let params = params.map(|param| (param.name().to_owned(), param.value().map(|value| value.to_string())));
    (extension.name().to_owned(), params.collect())
}

#[derive(Clone, Copy)]
struct RequestLine<'b> {
    method: &'b str,
    target: &'b str,
    version: HttpVersion,
}

impl<'b> RequestLine<'b> {
    /// [RFC 9112 §3]: three words, one space between them.
    fn read(line: &'b [u8]) -> Result<Self, Vec<RequestError>> {
        let words: Vec<_> = line.split(|&byte| byte == b' ').collect();
        let [method, target, version] = words[..] else { return Err(vec![RequestError::RequestLine]) };
        let version = match version {
            b"HTTP/1.0" => Ok(HttpVersion::Http10),
            [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1'..=b'9'] => Ok(HttpVersion::Http11),
            [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => {
                Err(RequestError::HttpVersionNotSupported)
            }
            _ => Err(RequestError::RequestLine),
        };
        let mut faults: Vec<_> = version.err().into_iter().collect();
        if !is_token(method) {
            faults.push(RequestError::RequestLine);
        }
        if target.is_empty() || !target.iter().all(u8::is_ascii_graphic) {
            // Both are true.
            faults.extend([RequestError::RequestLine, RequestError::Target]);
        }
        match (str::from_utf8(method), str::from_utf8(target), version) {
            (Ok(method), Ok(target), Ok(version)) if faults.is_empty() => {
                Ok(Self { method, target, version })
            }
            _ => Err(faults),
        }
    }

    /// The authority of a target that is a whole URI.
    fn authority(&self) -> Option<&'b str> {
        let (scheme, rest) = self.target.split_once("://")?;
        let is_http = ["http", "https"].iter().any(|http| scheme.eq_ignore_ascii_case(http));
        is_http.then(|| rest.split(['/', '?']).next().unwrap_or_default())
    }
}

/// What is wrong with any request.
fn request_faults(line: &RequestLine<'_>, head: &Head<'_>) -> Vec<RequestError> {
    let mut faults = Vec::new();
    let mut check = |is_well: bool, fault| faults.extend((!is_well).then_some(fault));
    let hosts = head.values("Host");
    check(!line.target.contains('#'), RequestError::Target);
    check(hosts.len() < 2, RequestError::RepeatedHost);
    check(!hosts.is_empty() || line.version == HttpVersion::Http10, RequestError::MissingHost);
    check(hosts.iter().all(|host| host.is_empty() || is_authority(host)), RequestError::InvalidHost);
    if line.version == HttpVersion::Http11 {
        let is_protocol = |element: &&[u8]| element.splitn(2, |&byte| byte == b'/').all(is_token);
        check(elements(&head.values("Upgrade")).iter().all(is_protocol), RequestError::MalformedUpgrade);
    }
    faults
}

fn asks_for_websocket(line: &RequestLine<'_>, head: &Head<'_>) -> bool {
    let is_websocket = |element: &&[u8]| element.eq_ignore_ascii_case(b"websocket");
    line.version == HttpVersion::Http11 && elements(&head.values("Upgrade")).iter().any(is_websocket)
}

/// What is wrong with one that asks for a WebSocket connection, rule by rule [RFC 6455 §4.2.1].
fn upgrade_faults(line: &RequestLine<'_>, head: &Head<'_>) -> Vec<RequestError> {
    let mut faults = Vec::new();
    let mut check = |is_well: bool, fault| faults.extend((!is_well).then_some(fault));
    check(line.method == "GET", RequestError::Method);
    check(head.values("Host").iter().all(|host| is_authority(host)), RequestError::InvalidHost);
    let is_uri = line.authority().is_some_and(|authority| is_authority(authority.as_bytes()));
    check(line.target.starts_with('/') || is_uri, RequestError::Target);
    check(head.connection_names_upgrade(), RequestError::Connection);

    let is_zero = |length: &&[u8]| !length.is_empty() && length.iter().all(|digit| *digit == b'0');
    check(head.values("Transfer-Encoding").is_empty(), RequestError::Body);
    check(head.values("Content-Length").iter().all(is_zero), RequestError::Body);

    let versions = head.values("Sec-WebSocket-Version");
    check(!versions.is_empty(), RequestError::MissingVersion);
    check(versions.len() < 2, RequestError::RepeatedVersion);
    check(versions.iter().all(|version| version == b"13"), RequestError::UnsupportedVersion);
    let keys = head.values("Sec-WebSocket-Key");
    check(!keys.is_empty(), RequestError::MissingKey);
    check(keys.len() < 2, RequestError::RepeatedKey);
    check(keys.iter().all(|key| is_key(key)), RequestError::InvalidKey);
    let origins = head.values("Origin");
    check(origins.len() < 2, RequestError::RepeatedOrigin);
    let is_printable = |origin: &&[u8]| origin.iter().all(|byte| (32..127).contains(byte));
    check(origins.iter().all(is_printable), RequestError::InvalidOrigin);

    faults.extend(subprotocol_faults(&head.values("Sec-WebSocket-Protocol")));
    let extensions = head.values("Sec-WebSocket-Extensions");
    if !extensions.is_empty() && read_extensions(&extensions).is_none() {
        faults.push(RequestError::MalformedExtensions);
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
    let Ok(Request::Upgrade(upgrade)) = ours else { return check_faults(ours, &faults) };
    assert!(faults.is_empty(), "not refused for one of {faults:?}");
    let offered = elements(values);
    assert_eq!(upgrade.subprotocols().map(str::as_bytes).collect::<Vec<_>>(), offered);
    let chosen = preference.iter().copied().find(|name| offered.contains(&name.as_bytes()));
    assert_eq!(subprotocol::select(preference, upgrade.subprotocols()), chosen);
    for &name in preference {
        let answer = upgrade.accept(Answer { subprotocol: Some(name), ..Answer::default() });
        assert_eq!(answer.is_ok(), offered.contains(&name.as_bytes()), "{name:?}");
    }
}

/// What is wrong with an offer of subprotocols.
fn subprotocol_faults(values: &[&[u8]]) -> Vec<RequestError> {
    let mut faults = Vec::new();
    let mut check = |is_well: bool, fault| faults.extend((!is_well).then_some(fault));
    let names = elements(values);
    let unique: HashSet<_> = names.iter().collect();
    check(names.iter().all(|name| is_token(name)), RequestError::MalformedSubprotocols);
    check(values.is_empty() || !names.is_empty(), RequestError::MalformedSubprotocols);
    check(unique.len() == names.len(), RequestError::RepeatedSubprotocol);
    check(names.len() <= MAX_SUBPROTOCOLS, RequestError::TooManySubprotocols);
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
