//! Layer 1: the opening handshake, with what it takes from `sha1`.

use core::hint::black_box;
use core::ops::Deref;

use wsproto::deflate::{Level, Policy, WindowBits};
use wsproto::handshake::permessage_deflate::{self, Agreement, NegotiationError, OfferText};
use wsproto::handshake::{
    Accepted, Answer, ClientHandshake, Fields, HeadFields, HttpRequest, HttpResponse, Origin, ProxyConnect,
    ProxyDecoder, Request, RequestDecoder, RequestError, RequestHead, Response, ResponseDecoder,
    ResponseHead, ServerHandshake, Url, accept_key, extensions, subprotocol,
};

use crate::{EntryPoint, entry_points};

type Pairs<'b> = &'b [(&'b str, &'b [u8])];

pub const ENTRY_POINTS: &[EntryPoint] = entry_points![
    accept_key,
    Request::decode,
    RequestDecoder::new,
    RequestDecoder::with_limits,
    RequestDecoder::decode,
    RequestHead::end,
    RequestHead::request,
    Request::<Pairs<'static>>::from_parts,
    Request::<HeadFields<'static>>::from_parts,
    Request::<Pairs<'static>>::from_http2_parts,
    Request::<HeadFields<'static>>::http,
    HttpRequest::<HeadFields<'static>>::path,
    HttpRequest::<HeadFields<'static>>::query,
    HttpRequest::<HeadFields<'static>>::header,
    HttpRequest::<HeadFields<'static>>::lost_upgrade,
    HttpRequest::<Pairs<'static>>::lost_upgrade,
    ServerHandshake::<HeadFields<'static>>::origin,
    ServerHandshake::<HeadFields<'static>>::accept,
    ServerHandshake::<Pairs<'static>>::accept,
    server_iterators::<HeadFields<'static>>,
    server_iterators::<Pairs<'static>>,
    Answer::new,
    Answer::without_body,
    Answer::status,
    Answer::encode,
    answer_headers,
    RequestError::fault,
    RequestError::answer,
    ClientHandshake::new,
    ClientHandshake::over_http2,
    ClientHandshake::method,
    ClientHandshake::protocol,
    client_headers,
    ClientHandshake::encode,
    ClientHandshake::decode,
    ClientHandshake::verify::<Pairs<'static>>,
    ResponseDecoder::new,
    ResponseDecoder::with_limits,
    ResponseDecoder::decode,
    ResponseHead::end,
    ResponseHead::response,
    Response::<HeadFields<'static>>::http,
    Accepted::<HeadFields<'static>>::deflate,
    accepted_iterators::<HeadFields<'static>>,
    accepted_iterators::<Pairs<'static>>,
    HttpResponse::<HeadFields<'static>>::header,
    ProxyConnect::encode,
    ProxyDecoder::new,
    ProxyDecoder::with_limits,
    ProxyDecoder::decode,
    Url::server_name,
    Url::path,
    Url::query,
    head_fields,
    extensions_of,
    select,
    deflate_accept,
    permessage_deflate::offer,
    deflate_verify,
    <Agreement as Deref>::deref,
    <OfferText as Deref>::deref,
    WindowBits::new,
    WindowBits::window_size,
    Level::new,
    Origin::is_one_of,
    Origin::is_same_host,
];

// What takes or gives an iterator is called with one, and the iterator is run to its end.

fn server_iterators<F: Fields<'static>>(handshake: &ServerHandshake<'static, F>) {
    handshake.subprotocols().for_each(see);
    handshake.extensions().for_each(see_extension);
    handshake.http().headers().for_each(see);
}

fn answer_headers(answer: &Answer<'_>) {
    answer.headers().for_each(see);
}

fn client_headers(handshake: &ClientHandshake<'_>) {
    handshake.headers().for_each(see);
}

fn accepted_iterators<F: Fields<'static>>(accepted: &Accepted<'static, F>) {
    accepted.extensions().for_each(see_extension);
    accepted.http().headers().for_each(see);
}

fn head_fields(fields: HeadFields<'static>, name: &'static str) {
    fields.pairs().for_each(see);
    fields.pairs_around(name).for_each(see);
}

fn extensions_of(first: &[u8], second: &[u8]) {
    extensions::parse([first, second]).into_iter().flatten().for_each(see_extension);
}

fn select<'s>(preference: &[&'s str], handshake: &ServerHandshake<'_>) -> Option<&'s str> {
    subprotocol::select(preference, handshake.subprotocols())
}

fn deflate_accept(handshake: &ServerHandshake<'_>, policy: &Policy) -> Option<Agreement> {
    permessage_deflate::accept(handshake.extensions(), policy)
}

fn deflate_verify(offers: &ServerHandshake<'_>, answer: &Accepted<'_>) -> Result<(), NegotiationError> {
    see(permessage_deflate::verify(offers.extensions(), answer.extensions())?);
    Ok(())
}

fn see_extension(extension: extensions::Extension<'_>) {
    see(extension.name());
    for (name, value) in extension.params() {
        see(name);
        if let Some(value) = value {
            value.bytes().for_each(see);
            see(value == "10");
        }
    }
}

fn see<T>(value: T) {
    black_box(value);
}
