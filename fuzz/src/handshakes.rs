//! Both ends of an opening handshake: what a client may ask for a server understands, and the other way round.

use arbitrary::Arbitrary;
use wsproto::handshake::{
    Answer, ClientHandshake, ClientRequest, HeadError, Origin, Request, RequestError, Response, ResponseError,
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
    let asked = ClientRequest {
        host: wish.host,
        target: wish.target,
        origin: wish.origin,
        subprotocols: &wish.subprotocols,
        extensions: wish.extensions,
        headers: &wish.headers,
    };
    // What can't be asked for is not.
    let Ok(client) = ClientHandshake::new(asked, wish.nonce) else { return };
    let mut request = vec![0; 9000];
    let Ok(len) = client.encode(&mut request) else { return };

    let upgrade = match Request::decode(&request[..len]) {
        Ok(Some((Request::Upgrade(upgrade), taken))) if taken == len => upgrade,
        Err(RequestError::Head(HeadError::TooLong | HeadError::TooManyFields)) => return,
        Err(RequestError::TooManySubprotocols) => return assert!(wish.subprotocols.len() > 64),
        other => panic!("not understood: {other:?}"),
    };
    assert_eq!((upgrade.host(), upgrade.http().target()), (wish.host, wish.target));
    assert_eq!(upgrade.origin().map(Origin::as_str), wish.origin);
    assert_eq!(upgrade.subprotocols().collect::<Vec<_>>(), wish.subprotocols);
    assert_eq!(upgrade.extensions().next().is_some(), wish.extensions.is_some());
    assert_eq!(apart_from_offer(upgrade.http().headers()), apart_from_offer(client.headers()));

    let (subprotocol, extensions) = (wish.subprotocols.last().copied(), wish.extensions);
    let Ok(answer) = upgrade.accept(Answer { subprotocol, extensions, headers: &wish.answer }) else {
        return;
    };
    let mut response = vec![0; 9000];
    let Ok(len) = answer.encode(&mut response) else { return };
    match client.decode_response(&response[..len]) {
        Ok(Some((Response::Upgraded(upgraded), taken))) if taken == len => {
            assert_eq!(upgraded.subprotocol(), subprotocol);
            assert!(upgraded.extensions().map(own).eq(upgrade.extensions().map(own)));
            assert_eq!(apart_from_offer(upgraded.headers()), apart_from_offer(answer.headers()));
        }
        Err(ResponseError::Head(HeadError::TooLong | HeadError::TooManyFields)) => {}
        other => panic!("not understood: {other:?}"),
    }
}

/// The fields but for the subprotocols, which are one line or several, without whitespace around their values.
fn apart_from_offer<'b>(fields: impl Iterator<Item = (&'b str, &'b [u8])>) -> Vec<(&'b str, &'b [u8])> {
    let others = fields.filter(|(name, _)| *name != "Sec-WebSocket-Protocol");
    others.map(|(name, value)| (name, trim(value))).collect()
}
