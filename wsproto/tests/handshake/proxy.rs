//! A tunnel through an HTTP proxy is asked for, and its answer read, as RFC 9110 §9.3.6 has it.

use proptest::prelude::*;
use wsproto::error::BufferTooSmall;
use wsproto::handshake::{
    HandshakeMisuse, HeadError, HeadLimits, ProxyAnswer, ProxyConnect, ProxyDecoder, ResponseError,
};

fn written(connect: ProxyConnect<'_>) -> String {
    let mut dst = [0; 512];
    let len = connect.encode(&mut dst).unwrap();
    String::from_utf8(dst[..len].to_vec()).unwrap()
}

/// The status (200 for each that opens the tunnel) and how many bytes it took.
fn decoded(buf: &[u8]) -> Result<Option<(u16, usize)>, ResponseError> {
    status_of(&mut ProxyDecoder::new(), buf)
}

fn status_of(decoder: &mut ProxyDecoder, buf: &[u8]) -> Result<Option<(u16, usize)>, ResponseError> {
    Ok(decoder.decode(buf)?.map(|(answer, taken)| match answer {
        ProxyAnswer::Open => (200, taken),
        ProxyAnswer::Refused(response) => (response.status(), taken),
    }))
}

#[test]
fn the_request_names_host_and_port_in_target_and_field() {
    let plain = ProxyConnect::new("a.example", 443, &[]).unwrap();
    assert_eq!(written(plain), "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n");
    for host in ["::1", "[::1]"] {
        let address = ProxyConnect::new(host, 80, &[]).unwrap();
        assert_eq!(written(address), "CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\n\r\n");
    }
    let secret = [("Proxy-Authorization", &b"Basic YTpi"[..]), ("User-Agent", b"a")];
    assert_eq!(
        written(ProxyConnect::new("127.0.0.1", 65535, &secret).unwrap()),
        "CONNECT 127.0.0.1:65535 HTTP/1.1\r\nHost: 127.0.0.1:65535\r\n\
         Proxy-Authorization: Basic YTpi\r\nUser-Agent: a\r\n\r\n"
    );
}

#[test]
fn the_request_is_written_whole_or_not_at_all() {
    let connect = ProxyConnect::new("a", 1, &[]).unwrap();
    let needed = written(connect).len();
    let mut dst = vec![b'_'; needed - 1];
    assert_eq!(connect.encode(&mut dst), Err(BufferTooSmall { needed }));
    assert!(dst.iter().all(|&byte| byte == b'_'));
}

#[test]
#[cfg(feature = "alloc")]
fn the_request_is_appended() {
    let connect = ProxyConnect::new("a", 1, &[("B", b"c")]).unwrap();
    let mut out = b"before".to_vec();
    connect.append(&mut out);
    assert_eq!(out, format!("before{}", written(connect)).into_bytes());
}

#[test]
fn nothing_that_ends_a_line_gets_into_the_request() {
    for host in [
        "",
        "a b",
        "a\r\nb: c",
        "a/b",
        "a@b",
        "a:80",
        "[a]",
        "[::1",
        "[]",
        "b\u{fc}cher",
        "a%20",
        "a?b",
        "a#b",
    ] {
        assert_eq!(ProxyConnect::new(host, 80, &[]), Err(HandshakeMisuse::Host), "{host:?}");
    }
    assert_eq!(ProxyConnect::new("a", 0, &[]), Err(HandshakeMisuse::Host));
    let field = |name, value: &[u8]| ProxyConnect::new("a", 80, &[(name, value)]).map(|_| ()).unwrap_err();
    assert_eq!(field("A\r\nB", b"c"), HandshakeMisuse::FieldName);
    assert_eq!(field("", b"c"), HandshakeMisuse::FieldName);
    for value in [&b"a\r\nb: c"[..], b"a\n", b"\r", b"\0"] {
        assert_eq!(field("Proxy-Authorization", value), HandshakeMisuse::FieldValue);
    }
    for own in ["host", "Content-Length", "transfer-encoding", "Connection", "Upgrade", "Sec-WebSocket-Key"] {
        assert_eq!(field(own, b"x"), HandshakeMisuse::ReservedField, "{own}");
    }
}

#[test]
fn any_2xx_opens_the_tunnel_and_takes_its_head_alone() {
    for head in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.0 200 Connection established\r\nProxy-Agent: a\r\n\r\n",
        "HTTP/1.1 200\r\n\r\n",
        "HTTP/1.1 299 \r\n\r\n",
        // Neither means anything here: what follows is the server's.
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    ] {
        let bytes = [head.as_bytes(), b"\x16\x03\x01 of the server"].concat();
        assert_eq!(decoded(&bytes), Ok(Some((200, head.len()))), "{head}");
        assert_eq!(decoded(head.as_bytes()), Ok(Some((200, head.len()))), "{head}");
    }
}

#[test]
fn any_other_final_status_is_a_refusal_whose_fields_can_be_read() {
    let head = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"a\"\r\n\r\n";
    let mut decoder = ProxyDecoder::new();
    let Some((ProxyAnswer::Refused(response), taken)) = decoder.decode(head).unwrap() else {
        panic!("no refusal")
    };
    assert_eq!((response.status(), taken), (407, head.len()));
    assert_eq!(response.header("proxy-authenticate"), Some(&b"Basic realm=\"a\""[..]));
    // 101 would be another protocol.
    for status in [101, 300, 302, 400, 403, 502, 599] {
        let head = format!("HTTP/1.1 {status} A\r\n\r\n");
        assert_eq!(decoded(head.as_bytes()), Ok(Some((status, head.len()))));
    }
}

#[test]
fn interim_answers_are_skipped_and_count_towards_the_limit() {
    let interim = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(3);
    let head = [&interim[..], b"HTTP/1.1 199 A\r\nB: c\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"].concat();
    let whole = [&head[..], b"HTTP/1.1 500 of the server"].concat();
    assert_eq!(decoded(&whole), Ok(Some((200, head.len()))));

    let limits = |bytes| HeadLimits::DEFAULT.with_bytes(bytes);
    let mut exact = ProxyDecoder::with_limits(limits(head.len()));
    assert_eq!(status_of(&mut exact, &head), Ok(Some((200, head.len()))));
    let mut short = ProxyDecoder::with_limits(limits(head.len() - 1));
    assert_eq!(status_of(&mut short, &head), Err(ResponseError::Head(HeadError::TooLong)));
    // However many there are.
    let flood = b"HTTP/1.1 100 A\r\n\r\n".repeat(1000);
    assert_eq!(decoded(&flood), Err(ResponseError::Head(HeadError::TooLong)));
}

#[test]
fn what_is_no_answer_is_refused() {
    for line in
        ["", "HTTP/2 200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 +20 OK", "ICY 200 OK", "SSH-2.0-a", "HTTP/1.1"]
    {
        let head = format!("{line}\r\nA: b\r\n\r\n");
        assert_eq!(decoded(head.as_bytes()), Err(ResponseError::StatusLine), "{line}");
    }
    let of = |head: &[u8]| decoded(head).unwrap_err();
    assert_eq!(of(b"HTTP/1.1 200 OK\n\n"), ResponseError::Head(HeadError::BareLineFeed));
    assert_eq!(of(b"HTTP/1.1 200 OK\r\nA\r\n\r\n"), ResponseError::Head(HeadError::FieldName));
    let many = [&b"HTTP/1.1 200 OK\r\n"[..], &b"A: b\r\n".repeat(101), b"\r\n"].concat();
    assert_eq!(of(&many), ResponseError::Head(HeadError::TooManyFields));
    assert_eq!(of(b"a"), ResponseError::StatusLine, "from its first impossible byte on");
    let long = [&b"HTTP/1.1 200 "[..], &[b'a'; 8192]].concat();
    assert_eq!(of(&long), ResponseError::Head(HeadError::TooLong));
}

#[test]
fn a_decoder_can_be_used_again_and_sees_that_the_bytes_are_others() {
    let (interim, last) = (&b"HTTP/1.1 100 A\r\n\r\n"[..], &b"HTTP/1.1 204 A\r\n\r\n"[..]);
    let mut decoder = ProxyDecoder::new();
    let both = [interim, last].concat();
    assert_eq!(status_of(&mut decoder, &both), Ok(Some((200, both.len()))));
    assert_eq!(status_of(&mut decoder, &both), Ok(Some((200, both.len()))), "again");
    assert_eq!(status_of(&mut decoder, interim), Ok(None));
    assert_eq!(status_of(&mut decoder, &last[..5]), Ok(None), "shorter than what was skipped");
    assert_eq!(status_of(&mut decoder, last), Ok(Some((200, last.len()))));
}

#[test]
fn each_byte_is_looked_at_once_so_that_the_cost_is_linear() {
    let interim = "HTTP/1.1 100 A\r\n\r\n";
    for before in [String::new(), interim.to_owned(), interim.repeat(2)] {
        let begun = format!("{before}HTTP/1.1 200 OK\r\nA: bbbbbbbb");
        let mut decoder = ProxyDecoder::new();
        assert_eq!(status_of(&mut decoder, begun.as_bytes()), Ok(None));
        // A second look would find the lone line feeds, and refuse them.
        for at in (0..begun.len()).filter(|&at| begun.as_bytes()[at] != b'\n') {
            let mut changed = begun.clone().into_bytes();
            changed[at] = b'\n';
            changed.push(b'c');
            assert_ne!(decoded(&changed), Ok(None), "{at} is seen at the first look");
            assert_eq!(status_of(&mut decoder.clone(), &changed), Ok(None), "{at} is looked at again");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_answer_does_not_depend_on_the_pieces(
        interim in proptest::collection::vec("HTTP/1\\.[01] 1(00|02|99) [a-z]{0,5}\r\n(A: b\r\n){0,3}\r\n", 0..3),
        last in "HTTP/1\\.[01] [2-5][0-9][0-9]( [a-zA-Z ]{0,9})?\r\n(A: [a-z]{0,4}\r\n){0,3}\r\n|[ -~\r\n]{0,40}",
        rest in proptest::collection::vec(any::<u8>(), 0..9),
        cuts in proptest::collection::vec(0..200usize, 0..6),
        bytes in 20..200usize,
    ) {
        let whole = [interim.concat().as_bytes(), last.as_bytes(), &rest].concat();
        let limits = HeadLimits::DEFAULT.with_bytes(bytes);
        let at_once = status_of(&mut ProxyDecoder::with_limits(limits), &whole);
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(whole.len())).chain([whole.len()]).collect();
        cuts.sort_unstable();
        let mut decoder = ProxyDecoder::with_limits(limits);
        let in_pieces = cuts.into_iter().map(|cut| status_of(&mut decoder, &whole[..cut])).find(|answer| *answer != Ok(None));
        prop_assert_eq!(in_pieces.unwrap_or(Ok(None)), at_once);
    }

    #[test]
    fn nothing_panics(pieces in proptest::collection::vec(any::<Vec<u8>>(), 0..5), host in any::<String>(), port in any::<u16>()) {
        let mut decoder = ProxyDecoder::new();
        for piece in pieces {
            let _ = decoder.decode(&piece);
        }
        if let Ok(connect) = ProxyConnect::new(&host, port, &[]) {
            let mut dst = [0; 1024];
            if let Ok(len) = connect.encode(&mut dst) {
                prop_assert_eq!(dst[..len].split(|&byte| byte == b'\n').count(), 4);
            }
        }
    }
}
