//! The opening handshake over the types of the `http` crate, which hyper and axum share.

use std::fmt::Display;

use http::request::Parts;
use http::{Response, Version};
use wsproto::Config;
use wsproto::deflate::{Parameters, Policy};
use wsproto::handshake::{Acceptance, Answer, HttpVersion, Request, deflate, subprotocol};

use crate::Session;

/// What this server speaks, the preferred one first.
pub const SUBPROTOCOLS: &[&str] = &["echo"];

/// What this server wants of permessage-deflate: the default keeps no memory between messages.
pub const POLICY: Policy = Policy::new();

/// Checks a client's opening handshake, and chooses of what it offers: gives the answer, and if that is 101, the
/// connection behind it.
pub fn accept(request: &Parts) -> (Response<String>, Option<Session>) {
    let target = request.uri.to_string();
    let version = match request.version {
        Version::HTTP_10 => HttpVersion::Http10,
        _ => HttpVersion::Http11,
    };
    let fields = || request.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let upgrade = match Request::from_parts(request.method.as_str(), &target, version, fields) {
        Ok(Request::Upgrade(upgrade)) => upgrade,
        // [RFC 9110 §15.5.22]: the answer has to say to what.
        Ok(Request::Http(_)) => {
            return refuse(426, &[("upgrade", b"websocket")], &"Only WebSocket lives here");
        }
        Err(error) => return refuse(error.status(), error.headers(), &error),
    };
    // A page of another site must not come in here in its visitor's name.
    if upgrade.origin().is_some_and(|origin| !origin.is_same_host(upgrade.host())) {
        return refuse(403, &[], &"not from there");
    }
    let agreed = deflate::accept(upgrade.extensions(), &POLICY);
    let subprotocol = subprotocol::select(SUBPROTOCOLS, upgrade.subprotocols());
    match upgrade.accept(Answer { subprotocol, extensions: agreed.as_deref(), headers: &[] }) {
        Ok(acceptance) => {
            let session = session(agreed.map(|agreed| agreed.parameters()));
            (response(Acceptance::STATUS, acceptance.headers(), String::new()), Some(session))
        }
        // A mistake of this program.
        Err(error) => refuse(500, &[], &error),
    }
}

fn refuse(status: u16, fields: &[(&str, &[u8])], why: &dyn Display) -> (Response<String>, Option<Session>) {
    (response(status, fields.iter().copied(), why.to_string()), None)
}

/// Begins a connection, compressed if that was agreed on.
pub fn session(agreed: Option<Parameters>) -> Session {
    Session::new(Config::new(), Vec::new()).with_deflate(agreed, POLICY)
}

/// Makes a response of what wsproto gives: a status, names and values.
///
/// # Panics
///
/// If these can't be sent. Those that wsproto gives can.
pub fn response<'a, B>(
    status: u16,
    fields: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    body: B,
) -> Response<B> {
    let mut response = Response::builder().status(status);
    for (name, value) in fields {
        response = response.header(name, value);
    }
    response.body(body).expect("wsproto has checked it")
}
