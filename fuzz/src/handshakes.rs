//! Both ends of an opening handshake: what a client may ask for a server understands, and the other way round.

use arbitrary::Arbitrary;
use wsproto::handshake::{
    Accepted, Choice, ClientHandshake, Fields, HeadError, Offer, Origin, Request, RequestFault, Response,
    ResponseError, ServerHandshake,
};

use crate::lists::trim;
use crate::requests::own;

/// What a client asks for, and what the server adds to its answer.
#[derive(Debug, Arbitrary)]
pub struct Wish<'a> {
    host: &'a str,
    target: &'a str,
    origin: Option<&'a str>,
    subprotocols: Vec<&'a str>,
    extensions: Option<&'a str>,
    headers: Vec<(&'a str, &'a [u8])>,
    nonce: [u8; 16],
    answer: Vec<(&'a str, &'a [u8])>,
}

pub fn check(wish: &Wish<'_>) {
    let offer = Offer {
        host: wish.host,
        target: wish.target,
        origin: wish.origin,
        subprotocols: &wish.subprotocols,
        extensions: wish.extensions,
        headers: &wish.headers,
    };
    // What can't be asked for is not.
    if let Ok(client) = ClientHandshake::new(offer, wish.nonce) {
        check_upgrade(wish, &client);
    }
    if let Ok(client) = ClientHandshake::over_http2(offer) {
        check_connect(wish, &client);
    }
}

fn check_upgrade(wish: &Wish<'_>, client: &ClientHandshake<'_>) {
    let (mut request, mut response) = (Vec::new(), Vec::new());
    client.append(&mut request);
    let server = match Request::decode(&request) {
        Ok(Some((Request::WebSocket(server), taken))) if taken == request.len() => server,
        Err(error) => return assert!(is_too_much(error.fault(), wish), "not understood: {error:?}"),
        other => panic!("not understood: {other:?}"),
    };
    let Some(choice) = check_understood(wish, client, &server) else { return };
    let answer = server.accept(choice).expect("as before");
    answer.append(&mut response);
    match client.decode(&response) {
        Ok(Some((Response::WebSocket(accepted), taken))) if taken == response.len() => {
            check_accepted(choice, &server, &accepted);
            assert_eq!(apart_from_offer(accepted.http().headers()), apart_from_offer(answer.headers()));
        }
        Err(ResponseError::Head(HeadError::TooLong | HeadError::TooManyFields)) => {}
        other => panic!("not understood: {other:?}"),
    }
}

/// Over HTTP/2, by an extended CONNECT [RFC 8441 §4].
fn check_connect(wish: &Wish<'_>, client: &ClientHandshake<'_>) {
    let fields: Vec<_> = client.headers().collect();
    let (method, protocol) = (client.method(), client.protocol());
    let server = match Request::from_http2_parts(method, protocol, wish.host, wish.target, &fields[..]) {
        Ok(Request::WebSocket(server)) => server,
        Err(error) => return assert!(is_too_much(error.fault(), wish), "not understood: {error:?}"),
        Ok(other) => panic!("not understood: {other:?}"),
    };
    let Some(choice) = check_understood(wish, client, &server) else { return };
    let answer = server.accept(choice).expect("as before");
    let fields: Vec<_> = answer.headers().collect();
    match client.verify(answer.status(), &fields[..]) {
        Ok(Response::WebSocket(accepted)) => check_accepted(choice, &server, &accepted),
        other => panic!("not understood: {other:?}"),
    }
}

fn is_too_much(fault: RequestFault, wish: &Wish<'_>) -> bool {
    match fault {
        RequestFault::Head(error) => matches!(error, HeadError::TooLong | HeadError::TooManyFields),
        RequestFault::TooManySubprotocols => wish.subprotocols.len() > 64,
        _ => false,
    }
}

/// Checks that the server sees what the client asks for, and returns what it may answer, if that may be.
fn check_understood<'w, 'b, F: Fields<'b>>(
    wish: &'w Wish<'_>,
    client: &ClientHandshake<'_>,
    server: &ServerHandshake<'b, F>,
) -> Option<Choice<'w>> {
    // [RFC 6455 §3]: without a path, the one that is asked for is "/".
    let path = if wish.target.starts_with('?') { "/" } else { "" };
    assert_eq!((server.host(), server.http().target()), (wish.host, &*format!("{path}{}", wish.target)));
    assert_eq!(server.origin().map(Origin::as_str), wish.origin);
    assert_eq!(server.subprotocols().collect::<Vec<_>>(), wish.subprotocols);
    assert_eq!(server.extensions().next().is_some(), wish.extensions.is_some());
    assert_eq!(apart_from_offer(server.http().headers()), apart_from_offer(client.headers()));
    let (subprotocol, extensions) = (wish.subprotocols.last().copied(), wish.extensions);
    let choice = Choice { subprotocol, extensions, headers: &wish.answer };
    server.accept(choice).ok().map(|_| choice)
}

fn check_accepted<'a, 'b, A: Fields<'a>, B: Fields<'b>>(
    choice: Choice<'_>,
    server: &ServerHandshake<'b, B>,
    accepted: &Accepted<'a, A>,
) {
    assert_eq!(accepted.subprotocol(), choice.subprotocol);
    assert!(accepted.extensions().map(own).eq(server.extensions().map(own)));
}

/// The fields but for the subprotocols, which are one line or several, without whitespace around their values.
fn apart_from_offer<'b>(fields: impl Iterator<Item = (&'b str, &'b [u8])>) -> Vec<(&'b str, &'b [u8])> {
    let others = fields.filter(|(name, _)| !name.eq_ignore_ascii_case("Sec-WebSocket-Protocol"));
    others.map(|(name, value)| (name, trim(value))).collect()
}
