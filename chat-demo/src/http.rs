//! What a request gets: a page, a refusal, or a WebSocket connection.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio_wsproto::wsproto::handshake::{Answer, HttpRequest, Origin};
use tokio_wsproto::{Accept, AcceptError, Handshake, Opening, Plain};
use tracing::warn;

use crate::assets::Asset;
use crate::connection::Connection;
use crate::message::Subprotocol;
use crate::server::Context;

const NOTHING: &str = "There is nothing here.\n";

/// What is said of a page that can't connect: by the light of its users it is told for ever.
static FOREIGN: Seldom = Seldom(Mutex::new(None));
static NO_UPGRADE: Seldom = Seldom(Mutex::new(None));

/// Once a minute at most.
struct Seldom(Mutex<Option<Instant>>);

impl Seldom {
    fn is_due(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| last.elapsed() > Duration::from_mins(1));
        *last = if is_due { Some(Instant::now()) } else { *last };
        is_due
    }
}

/// Answers a request, and gives the connection that it opens, if it does.
pub(crate) async fn open(
    opening: Opening<TcpStream>,
    context: Arc<Context>,
) -> Result<Option<Box<Connection>>, AcceptError> {
    match opening {
        Opening::Http(request) => page(request, &context).await.map(|()| None),
        Opening::WebSocket(handshake) => {
            let peer = handshake.get_ref().peer_addr()?;
            if let Some((status, why)) = refusal(&handshake, &context) {
                return handshake.refuse(status, why).await.map(|()| None);
            }
            // None in common is no reason to refuse: [RFC 6455 §4.2.2], item 4, has us answer without one, and leaves it to
            // the client to go on or not. A browser does not; a script may, and then speaks `json`, like one that offers none.
            let accept = Accept::new().with_subprotocols(&Subprotocol::PREFERENCE);
            let socket = handshake.accept(accept).await?;
            Ok(Some(Box::new(Connection::new(socket, peer, context))))
        }
    }
}

fn refusal(handshake: &Handshake<TcpStream>, context: &Context) -> Option<(u16, &'static str)> {
    if !matches!(handshake.path(), "/" | "/ws") {
        return Some((404, NOTHING));
    }
    if may_connect(handshake.origin(), handshake.host(), context) {
        return None;
    }
    if FOREIGN.is_due() {
        let (origin, host) = (handshake.origin().map(Origin::as_str), handshake.host());
        warn!(
            origin,
            host,
            "refused a page: its Origin is not of this Host, as a proxy passes it on, nor in --allow-origin"
        );
    }
    Some((403, "Pages from elsewhere may not connect; see --allow-origin.\n"))
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

async fn page(plain: Plain<TcpStream>, context: &Context) -> Result<(), AcceptError> {
    let text = |body: &'static str| Asset {
        content_type: "text/plain; charset=utf-8",
        policy: None,
        tag: None,
        is_gzip: false,
        body: Cow::Borrowed(body.as_bytes()),
    };
    let request = plain.request();
    if let Some(error) = request.lost_upgrade() {
        if NO_UPGRADE.is_due() {
            warn!(path = request.path(), "answered 426: {error}");
        }
        return plain.answer(error.answer()).await;
    }
    let (status, asset) = match (request.method(), request.path()) {
        ("GET" | "HEAD", "/healthz") => (200, text("ok")),
        ("GET" | "HEAD", path) => match context.assets.get(path, takes_gzip(&request)).await {
            Some(asset) => (200, asset),
            None => (404, text(NOTHING)),
        },
        _ => (405, text("")),
    };
    let mut headers = vec![
        ("Content-Type", asset.content_type.as_bytes()),
        ("Cache-Control", b"no-cache"),
        ("Referrer-Policy", b"no-referrer"),
        ("X-Content-Type-Options", b"nosniff"),
    ];
    headers.extend(asset.policy.map(|policy| ("Content-Security-Policy", policy.as_bytes())));
    headers.extend(asset.tag.map(|tag| ("ETag", tag.as_bytes())));
    headers.extend(asset.tag.map(|_| ("Vary", &b"Accept-Encoding"[..])));
    headers.extend(asset.is_gzip.then_some(("Content-Encoding", &b"gzip"[..])));
    let is_known =
        asset.tag.is_some_and(|tag| items(&request, "If-None-Match").any(|item| item == tag || item == "*"));
    let (status, body) = if is_known { (304, &[][..]) } else { (status, &asset.body[..]) };
    headers.extend((status == 405).then_some(("Allow", &b"GET, HEAD"[..])));
    plain.answer(Answer::new(status, &headers, body).map_err(AcceptError::Misuse)?).await
}

/// Whether `gzip` is among what the client takes, and not with a weight of 0 ([RFC 9110 §12.5.3]).
fn takes_gzip(request: &HttpRequest<'_>) -> bool {
    let is_taken = |weight: &str| {
        weight
            .trim()
            .strip_prefix("q=")
            .is_none_or(|weight| weight.parse().is_ok_and(|weight: f32| weight > 0.0))
    };
    let mut codings =
        items(request, "Accept-Encoding").map(|item| item.split_once(';').unwrap_or((item, "")));
    codings.any(|(coding, weight)| coding.trim().eq_ignore_ascii_case("gzip") && is_taken(weight))
}

/// The items of a list in which no commas are quoted: codings, and tags of ours, compared weakly.
fn items<'b>(request: &HttpRequest<'b>, name: &str) -> impl Iterator<Item = &'b str> {
    let list = request.header(name).and_then(|list| str::from_utf8(list).ok()).unwrap_or_default();
    list.split(',').map(|item| item.trim().trim_start_matches("W/"))
}
