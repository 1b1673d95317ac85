//! What a request gets: a page, a refusal, or a WebSocket connection.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tracing::debug;
use wsproto::deflate::Parameters;
use wsproto::handshake::{
    Answer, HttpReply, HttpRequest, Origin, Request, RequestDecoder, Upgrade, deflate, subprotocol,
};

use crate::message::{COMPRESSION, Subprotocol};
use crate::server::Context;
use crate::transport::{hang_up, send};

/// How much one read takes; most heads fit.
const READ: usize = 1024;

/// What an answer's head takes at most, in bytes.
const MAX_ANSWER_HEAD: usize = 1024;

pub(crate) enum Opened {
    /// What was received behind the head belongs to the connection.
    WebSocket { agreed: Agreed, received: Vec<u8> },
    /// The request was answered, and that is all.
    Done,
}

/// What the opening handshake has settled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Agreed {
    pub(crate) subprotocol: Subprotocol,
    /// How messages may be compressed, if they may.
    pub(crate) deflate: Option<Parameters>,
}

/// An answer's bytes, and what it opens.
struct Decision {
    answer: Vec<u8>,
    opens: Option<Agreed>,
}

/// Reads one request in the time that it has, and answers it.
pub(crate) async fn open(stream: &mut TcpStream, context: &Context) -> io::Result<Opened> {
    let mut received = Vec::new();
    let decided = timeout(context.flags.handshake_timeout, decide(stream, &mut received, context)).await;
    let decision = match decided {
        Ok(decision) => decision?,
        // A browser opens connections ahead of need; who asked nothing is answered nothing.
        Err(late) if received.is_empty() => return Err(late.into()),
        Err(_) => Decision::reply(408, &[], b"The request took too long.\n"),
    };
    send(stream, &decision.answer, context.flags.write_timeout).await?;
    Ok(match decision.opens {
        Some(agreed) => Opened::WebSocket { agreed, received },
        None => Opened::Done,
    })
}

/// Tells one connection too many that it is.
pub(crate) async fn turn_away(mut stream: TcpStream, context: Arc<Context>) {
    let decision = Decision::reply(503, &[], b"Too many people are here already. Please try again later.\n");
    if send(&mut stream, &decision.answer, context.flags.write_timeout).await.is_ok() {
        hang_up(stream).await;
    }
}

/// Reads until the head is whole, and leaves in `received` what follows it.
async fn decide(stream: &mut TcpStream, received: &mut Vec<u8>, context: &Context) -> io::Result<Decision> {
    let mut decoder = RequestDecoder::new();
    loop {
        match decoder.decode(received) {
            Ok(None) => {
                // Bounded by the decoder, which bears no head over 8 KiB.
                received.reserve(READ);
                if stream.read_buf(received).await? == 0 {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
            }
            Ok(Some((request, head_len))) => {
                let decision = match request {
                    Request::Upgrade(upgrade) => upgraded(&upgrade, context),
                    Request::Http(request) => page(&request, context).await,
                };
                received.drain(..head_len);
                return Ok(decision);
            }
            Err(error) => {
                debug!(%error, "bad request");
                let encode = |answer: &mut [u8]| error.encode_response(answer).ok();
                return Ok(Decision { answer: encoded(0, encode), opens: None });
            }
        }
    }
}

fn upgraded(upgrade: &Upgrade<'_>, context: &Context) -> Decision {
    if !matches!(upgrade.http().path(), "/" | "/ws") {
        return Decision::not_found();
    }
    if !may_connect(upgrade.origin(), upgrade.host(), context) {
        debug!(origin = upgrade.origin().map(Origin::as_str), "refused");
        return Decision::reply(403, &[], b"Pages from elsewhere may not connect; see --allow-origin.\n");
    }
    // None in common is no reason to refuse: [RFC 6455 §4.2.2], item 4, has us answer without one, and leaves it to
    // the client to go on or not. A browser does not; a script may, and then speaks `json`, like one that offers none.
    let name = subprotocol::select(&Subprotocol::PREFERENCE, upgrade.subprotocols());
    let deflate =
        deflate::accept(upgrade.extensions(), &COMPRESSION).filter(|_| !context.flags.no_compression);
    let answer = Answer { subprotocol: name, extensions: deflate.as_deref(), ..Answer::default() };
    let accept = upgrade.accept(answer).expect("it was offered");
    let answer = encoded(0, |answer| accept.encode(answer).ok());
    let deflate = deflate.map(|agreement| agreement.parameters());
    Decision { answer, opens: Some(Agreed { subprotocol: Subprotocol::named(name), deflate }) }
}

/// Keeps foreign pages from speaking in the name of whoever looks at them. Programs send no origin, or any.
fn may_connect(origin: Option<Origin<'_>>, host: &str, context: &Context) -> bool {
    let Some(origin) = origin else { return true };
    let is_allowed = |allowed: &String| allowed == "*" || origin.is_one_of(&[allowed]);
    context.flags.allow_origin.iter().any(is_allowed)
        || origin.is_same_host(host)
        || (context.address.ip().is_loopback() && are_loopback(origin, host, context.address.port()))
}

/// On loopback `localhost` and `127.0.0.1` are the same server, though not the same origin: a page that says
/// `new WebSocket("ws://localhost:8080")` also works when it was opened as <http://127.0.0.1:8080>.
fn are_loopback(origin: Origin<'_>, host: &str, port: u16) -> bool {
    let names = ["localhost", "127.0.0.1", "[::1]"].map(|name| format!("{name}:{port}"));
    let is_loopback = |origin: Origin<'_>| names.iter().any(|name| origin.is_same_host(name));
    is_loopback(origin) && is_loopback(Origin::new(&format!("http://{host}")))
}

async fn page(request: &HttpRequest<'_>, context: &Context) -> Decision {
    if request.method() != "GET" {
        // Without a text: an answer to HEAD has none.
        return Decision::reply(405, &[("Allow", b"GET")], b"");
    }
    if request.path() == "/healthz" {
        return Decision::reply(200, &[], b"ok");
    }
    let Some(asset) = context.assets.get(request.path()).await else { return Decision::not_found() };
    let mut headers = vec![("Content-Type", asset.content_type.as_bytes())];
    headers.extend(asset.policy.map(|policy| ("Content-Security-Policy", policy.as_bytes())));
    Decision::reply_with(200, headers, &asset.body)
}

impl Decision {
    fn not_found() -> Self {
        Self::reply(404, &[], b"There is nothing here.\n")
    }

    /// Answers in plain text.
    fn reply(status: u16, headers: &[(&'static str, &'static [u8])], text: &[u8]) -> Self {
        let content_type: (_, &[u8]) = ("Content-Type", b"text/plain; charset=utf-8");
        Self::reply_with(status, [&[content_type], headers].concat(), text)
    }

    fn reply_with<'a>(status: u16, mut headers: Vec<(&'a str, &'a [u8])>, body: &[u8]) -> Self {
        headers.extend([
            ("Cache-Control", &b"no-cache"[..]),
            ("Referrer-Policy", b"no-referrer"),
            ("X-Content-Type-Options", b"nosniff"),
        ]);
        let reply = HttpReply::new(status, &headers, body).expect("our own fields");
        Self { answer: encoded(body.len(), |answer| reply.encode(answer).ok()), opens: None }
    }
}

/// Gives the bytes of an answer whose body has that length.
fn encoded(body_len: usize, encode: impl Fn(&mut [u8]) -> Option<usize>) -> Vec<u8> {
    let mut answer = vec![0; MAX_ANSWER_HEAD + body_len];
    let len = encode(&mut answer).expect("our heads are short");
    answer.truncate(len);
    answer
}
