//! Layer 1: the opening handshake, with what it takes from `sha1` and `base64`.

use core::hint::black_box;
use core::ops::Deref;

use wsproto::deflate::{Level, Policy, WindowBits};
use wsproto::handshake::deflate::{self, Agreement, NegotiationError, Offer};
use wsproto::handshake::{
    Acceptance, Answer, ClientConnect, ClientHandshake, ConnectError, ExtendedConnect, Fields, HeadFields,
    HttpReply, HttpRequest, HttpResponse, MalformedExtensions, Origin, Request, RequestDecoder, RequestError,
    ResponseDecoder, Upgrade, Upgraded, accept_key, extensions, subprotocol,
};

use crate::{EntryPoint, entry_points};

type Pairs<'b> = &'b [(&'b str, &'b [u8])];

pub const ENTRY_POINTS: &[EntryPoint] = entry_points![
    accept_key,
    Request::decode,
    RequestDecoder::new,
    RequestDecoder::with_limits,
    RequestDecoder::decode,
    Request::<Pairs<'static>>::from_parts,
    Request::<HeadFields<'static>>::from_parts,
    HttpRequest::<HeadFields<'static>>::path,
    HttpRequest::<HeadFields<'static>>::query,
    HttpRequest::<HeadFields<'static>>::header,
    Upgrade::<HeadFields<'static>>::accept,
    Upgrade::<Pairs<'static>>::accept,
    upgrade_iterators,
    Acceptance::encode,
    acceptance_headers,
    RequestError::status,
    RequestError::reason,
    RequestError::headers,
    RequestError::encode_response,
    HttpReply::new,
    HttpReply::encode,
    HttpReply::encode_head,
    ExtendedConnect::<Pairs<'static>>::from_parts,
    connect_accept,
    connect_iterators,
    ConnectError::headers,
    ClientConnect::new,
    client_connect_headers,
    ClientConnect::verify::<Pairs<'static>>,
    ClientHandshake::new,
    ClientHandshake::encode,
    client_headers,
    ClientHandshake::decode_response,
    ClientHandshake::verify::<Pairs<'static>>,
    ResponseDecoder::with_limits,
    ResponseDecoder::decode,
    Upgraded::<HeadFields<'static>>::header,
    upgraded_iterators,
    HttpResponse::<HeadFields<'static>>::header,
    head_fields,
    extensions_of,
    select,
    deflate_accept,
    deflate::offer,
    deflate_verify,
    <Agreement as Deref>::deref,
    <Offer as Deref>::deref,
    WindowBits::new,
    <WindowBits as TryFrom<u8>>::try_from,
    WindowBits::window_size,
    Level::new,
    <Level as TryFrom<u8>>::try_from,
    Origin::is_one_of,
    Origin::is_same_host,
];

// What takes or gives an iterator is called with one, and the iterator is run to its end.

fn upgrade_iterators(upgrade: &Upgrade<'_>) {
    upgrade.subprotocols().for_each(see);
    upgrade.extensions().for_each(see_extension);
    upgrade.http().headers().for_each(see);
}

fn acceptance_headers(acceptance: &Acceptance<'_>) {
    acceptance.headers().for_each(see);
}

fn connect_accept(connect: &ExtendedConnect<'_, Pairs<'_>>, answer: Answer<'_>) {
    if let Ok(acceptance) = connect.accept(answer) {
        acceptance.headers().for_each(see);
    }
}

fn connect_iterators(connect: &ExtendedConnect<'_, Pairs<'_>>) {
    connect.subprotocols().for_each(see);
    connect.extensions().for_each(see_extension);
}

fn client_connect_headers(connect: &ClientConnect<'_>) {
    connect.headers().for_each(see);
}

fn client_headers(handshake: &ClientHandshake<'_>) {
    handshake.headers().for_each(see);
}

fn upgraded_iterators(upgraded: &Upgraded<'_>) {
    upgraded.extensions().for_each(see_extension);
    upgraded.headers().for_each(see);
}

fn head_fields(fields: HeadFields<'static>, name: &'static str) {
    fields.pairs().for_each(see);
    fields.values(name).into_iter().for_each(see);
    see(fields.value(name));
}

fn extensions_of(first: &[u8], second: &[u8]) -> Result<(), MalformedExtensions> {
    extensions::parse([first, second])?.for_each(see_extension);
    Ok(())
}

fn select<'s>(preference: &[&'s str], upgrade: &Upgrade<'_>) -> Option<&'s str> {
    subprotocol::select(preference, upgrade.subprotocols())
}

fn deflate_accept(upgrade: &Upgrade<'_>, policy: &Policy) -> Option<Agreement> {
    deflate::accept(upgrade.extensions(), policy)
}

fn deflate_verify(offers: &Upgrade<'_>, answer: &Upgraded<'_>) -> Result<(), NegotiationError> {
    see(deflate::verify(offers.extensions(), answer.extensions())?);
    Ok(())
}

fn see_extension(extension: extensions::Extension<'_>) {
    see(extension.name());
    for param in extension.params() {
        see(param.name());
        if let Some(value) = param.value() {
            value.bytes().for_each(see);
            see(value == "10");
        }
    }
}

fn see<T>(value: T) {
    black_box(value);
}
