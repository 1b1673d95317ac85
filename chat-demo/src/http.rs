//! What a request gets: a page, a refusal, or a WebSocket connection.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tracing::debug;
use wsproto::deflate::Parameters;
use wsproto::handshake::{
    Answer, Choice, HttpRequest, Origin, Request, RequestDecoder, ServerHandshake, permessage_deflate,
    subprotocol,
};

use crate::message::{COMPRESSION, Subprotocol};
use crate::server::Context;
use crate::transport::{hang_up, send};

/// How much one read takes; most heads fit.
const READ: usize = 1024;

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
            Ok(Some(head)) => {
                let decision = match head.request(received) {
                    Request::WebSocket(handshake) => upgraded(&handshake, context),
                    Request::Http(request) => page(&request, context).await,
                };
                received.drain(..head.end());
                return Ok(decision);
            }
            Err(error) => {
                debug!(%error, "bad request");
                return Ok(Decision::of(&error.answer(), None));
            }
        }
    }
}

fn upgraded(handshake: &ServerHandshake<'_>, context: &Context) -> Decision {
    if !matches!(handshake.http().path(), "/" | "/ws") {
        return Decision::not_found();
    }
    if !may_connect(handshake.origin(), handshake.host(), context) {
        debug!(origin = handshake.origin().map(Origin::as_str), "refused");
        return Decision::reply(403, &[], b"Pages from elsewhere may not connect; see --allow-origin.\n");
    }
    // None in common is no reason to refuse: [RFC 6455 §4.2.2], item 4, has us answer without one, and leaves it to
    // the client to go on or not. A browser does not; a script may, and then speaks `json`, like one that offers none.
    let name = subprotocol::select(&Subprotocol::PREFERENCE, handshake.subprotocols());
    let deflate = permessage_deflate::accept(handshake.extensions(), &COMPRESSION)
        .filter(|_| !context.flags.no_compression);
    let choice = Choice { subprotocol: name, extensions: deflate.as_deref(), ..Choice::default() };
    let subprotocol = Subprotocol::named(name);
    let agreed = Agreed { subprotocol, deflate: deflate.map(|agreement| agreement.parameters()) };
    Decision::of(&handshake.accept(choice).expect("it was offered"), Some(agreed))
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
        Self::of(&Answer::new(status, &headers, body).expect("our own fields"), None)
    }

    fn of(answer: &Answer<'_>, opens: Option<Agreed>) -> Self {
        let mut bytes = Vec::new();
        answer.append(&mut bytes);
        Self { answer: bytes, opens }
    }
}
