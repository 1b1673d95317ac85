//! From a URL to a connection.

mod body;
mod dial;
#[cfg(feature = "h2")]
mod http2;
mod open;
mod progress;

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use wsproto::deflate::Policy;
use wsproto::handshake::Url;
use wsproto_adapter::shared::{Plan, Proxy, Route};

use crate::tls::{Layer, Tls};
use crate::{Client, ConnectError, MaybeTls, Options, ProxyError, Response, Step, WebSocket, proxy};

use progress::{Progress, limit};

pub(crate) use body::read_body;

/// Connects to a `ws` or `wss` URL, within ten seconds. [`Connect`] does the same with header fields,
/// subprotocols and options.
///
/// `wss` needs one of the features `rustls-webpki-roots` and `rustls-native-roots`.
///
/// **Cancel safety**: a future that is dropped closes whatever it opened.
///
/// # Errors
///
/// [`ConnectError`]; its [`lost`](ConnectError::lost) says whether to try again.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let mut socket = tokio_wsproto::connect("ws://localhost:8080/chat?room=1").await?;
/// socket.send("Hello").await?;
/// while let Some(message) = socket.recv().await? {
///     println!("{:?}", message.as_text());
/// }
/// # Ok(())
/// # }
/// ```
pub async fn connect(url: &str) -> Result<WebSocket<MaybeTls, Client>, ConnectError> {
    Connect::new(url).connect().await
}

/// What a client asks for, and how it gets there. It can be used many times, by a client that reconnects.
///
/// | | default |
/// |---|---|
/// | [`header`](Self::header), [`origin`](Self::origin), [`subprotocols`](Self::subprotocols) | none |
/// | [`options`](Self::options), [`deflate`](Self::deflate) | [`Options::new`]: 10 s for all, compression |
/// | [`address`](Self::address) | those of the URL's host, in the order of RFC 8305 |
/// | [`proxy`](Self::proxy), [`proxy_from_env`](Self::proxy_from_env) | none, whatever the environment says |
/// | [`redirects`](Self::redirects) | not followed |
/// | `tls`, with feature `rustls` | the authorities that the features name |
///
/// # Examples
///
/// ```no_run
/// use tokio_wsproto::{Connect, ConnectError};
///
/// # async fn example() -> Result<(), ConnectError> {
/// let client = Connect::new("ws://localhost:8080/chat").header("Authorization", "Bearer abc").subprotocols(["json"]);
/// match client.connect().await {
///     Ok(socket) => assert_eq!(socket.subprotocol(), Some("json")),
///     Err(ConnectError::Refused(refused)) if refused.status() == 401 => {
///         println!("{:?}", refused.header("www-authenticate"));
///     }
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Connect {
    plan: Plan,
    tls: Tls,
}

/// What to ask for.
impl Connect {
    /// Takes a `ws` or `wss` URL. [`connect`](Self::connect) tells whether it is well-formed.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            plan: Plan::new(url.into()),
            #[allow(clippy::default_constructed_unit_structs, reason = "without TLS it is one")]
            tls: Tls::default(),
        }
    }

    /// Adds a header field to the request, such as `Authorization` or `Cookie`. The handshake's own fields
    /// are not the caller's.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.plan.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the subprotocols that the client can speak, the preferred one first ([RFC 6455 §1.9]). Which of
    /// them was chosen, [`WebSocket::subprotocol`] says; it may be none.
    ///
    /// [RFC 6455 §1.9]: https://www.rfc-editor.org/rfc/rfc6455#section-1.9
    #[must_use]
    pub fn subprotocols<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.plan.subprotocols = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the Origin, which programs other than browsers need not send ([RFC 6455 §4.1], item 8).
    ///
    /// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    #[must_use]
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.plan.origin = Some(origin.into());
        self
    }

    /// Sets limits, deadlines and compression. The deadline of the opening handshake is that for all of it:
    /// resolving the name, TCP, TLS, and HTTP.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.plan.options = options;
        self
    }

    /// Sets which compression is offered, or none: [`Options::with_deflate`].
    #[must_use]
    pub fn deflate(mut self, policy: Option<Policy>) -> Self {
        self.plan.options = self.plan.options.with_deflate(policy);
        self
    }
}

/// How to get there.
impl Connect {
    /// Adds an address to connect to, instead of those that the host's name has. `Host` field and TLS keep the name.
    ///
    /// With a proxy, this is what the proxy is asked for; of many addresses the first. A redirect to another
    /// server does not heed it.
    #[must_use]
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.plan.addresses.push(address);
        self
    }

    /// Connects through a proxy: `http://user:password@host:port` or `https://…` (CONNECT,
    /// [RFC 9110 §9.3.6]), or `socks5://…` ([RFC 1928]).
    ///
    /// User and password may be left out; they are percent-encoded. The port is 80, 443 and 1080 where there
    /// is none. The proxy resolves the server's name. The way to it is in plaintext, so that a password can
    /// be read there, but for `https`: that has TLS as the features and `tls` make it, by the proxy's name.
    /// TLS to the server goes through the tunnel.
    ///
    /// [RFC 1928]: https://www.rfc-editor.org/rfc/rfc1928
    /// [RFC 9110 §9.3.6]: https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6
    #[must_use]
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.plan.route = Route::Proxy(url.into());
        self
    }

    /// Connects through the proxy that the environment names, if it names one: for `wss` the first of
    /// `wss_proxy`, `https_proxy` and `all_proxy`, for `ws` of `ws_proxy`, `http_proxy` and `all_proxy`, and
    /// the same in upper case, but for `HTTP_PROXY`, which a request can set in a CGI program.
    ///
    /// Not to hosts that `no_proxy` or `NO_PROXY` names: a list with commas of names, which stand for their
    /// subdomains as well, and addresses, each with a port or without, and networks such as `10.0.0.0/8`; or
    /// `*`.
    #[must_use]
    pub fn proxy_from_env(mut self) -> Self {
        self.plan.route = Route::Environment;
        self
    }

    /// Sets how many redirects are followed (301, 302, 303, 307, 308). Default: none; a redirect is
    /// [`ConnectError::Refused`].
    ///
    /// The deadline is one for all of them. None leads from `wss` to `ws`. To another server (scheme, host or
    /// port), `Authorization`, `Cookie` and `Proxy-Authorization` are not sent.
    #[must_use]
    pub fn redirects(mut self, most: u8) -> Self {
        self.plan.redirects = most;
        self
    }

    /// Sets rustls' configuration: authorities and certificates of one's own.
    ///
    /// Its protocols (ALPN) are replaced by `http/1.1`, which is what is spoken here.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    #[must_use]
    pub fn tls(mut self, config: std::sync::Arc<tokio_rustls::rustls::ClientConfig>) -> Self {
        self.tls = Tls::new(config);
        self
    }
}

/// Going there.
impl Connect {
    /// Connects: resolves the name, makes the TCP connection, TLS if the URL is `wss`, and the opening
    /// handshake, within [`Timeouts::opening`](crate::Timeouts::opening).
    ///
    /// **Cancel safety**: a future that is dropped closes whatever it opened.
    ///
    /// # Errors
    ///
    /// [`ConnectError`]; its [`lost`](ConnectError::lost) says whether to try again.
    pub async fn connect(&self) -> Result<WebSocket<MaybeTls, Client>, ConnectError> {
        self.connect_with_response().await.map(|(socket, _)| socket)
    }

    /// Connects as [`connect`](Self::connect) does, and also returns the response that opened the connection,
    /// for its header fields: cookies and the like.
    ///
    /// **Cancel safety**: a future that is dropped closes whatever it opened.
    ///
    /// # Errors
    ///
    /// As of [`connect`](Self::connect).
    pub async fn connect_with_response(
        &self,
    ) -> Result<(WebSocket<MaybeTls, Client>, Response), ConnectError> {
        let mut progress = Progress::new(Step::Resolving, &self.plan.options);
        // In a box, since a task is as large as the largest of its futures, for all its life.
        let opened = limit(progress.deadline, Box::pin(self.follow(&mut progress))).await;
        opened.unwrap_or(Err(ConnectError::Deadline(progress.step)))
    }

    /// Makes the opening handshake over a stream that is there already: a tunnel, a Unix socket, a pipe.
    ///
    /// The URL's scheme says whether TLS is made over it first. For a stream with TLS of its own, write `ws`.
    /// Addresses, proxies and redirects mean nothing here.
    ///
    /// **Cancel safety**: a future that is dropped drops the stream.
    ///
    /// # Errors
    ///
    /// As of [`connect`](Self::connect).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # #[cfg(unix)]
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use tokio_wsproto::Connect;
    ///
    /// let stream = tokio::net::UnixStream::connect("/run/chat.socket").await?;
    /// let mut socket = Connect::new("ws://localhost/chat").over(stream).await?;
    /// socket.send("Hello").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn over<T>(&self, stream: T) -> Result<WebSocket<MaybeTls<T>, Client>, ConnectError>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        self.over_with_response(stream).await.map(|(socket, _)| socket)
    }

    /// Makes the opening handshake as [`over`](Self::over) does, and also returns the response that opened
    /// the connection.
    ///
    /// **Cancel safety**: a future that is dropped drops the stream.
    ///
    /// # Errors
    ///
    /// As of [`connect`](Self::connect).
    pub async fn over_with_response<T>(
        &self,
        stream: T,
    ) -> Result<(WebSocket<MaybeTls<T>, Client>, Response), ConnectError>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let mut progress = Progress::new(Step::Handshake, &self.plan.options);
        let deadline = progress.deadline;
        let opening = async {
            let url = Url::parse(&self.plan.url)?;
            let tls = self.tls.client(&url).await?;
            let request = self.plan.request(&url);
            let stream = Layer::Plain(stream);
            open::open(stream, tls, request.handshake(&url)?, &self.plan.options, &mut progress).await
        };
        let opened = limit(deadline, Box::pin(opening)).await;
        opened.unwrap_or(Err(ConnectError::Deadline(progress.step)))
    }

    async fn follow(
        &self,
        progress: &mut Progress,
    ) -> Result<(WebSocket<MaybeTls, Client>, Response), ConnectError> {
        let mut target = Cow::Borrowed(&*self.plan.url);
        for followed in 0.. {
            let url = Url::parse(&target)?;
            match self.attempt(&url, progress).await {
                Err(error) => target = Cow::Owned(self.plan.next_url(error, &url, followed)?),
                opened => return opened,
            }
        }
        unreachable!("there are not so many redirects")
    }

    /// Goes to one server.
    async fn attempt(
        &self,
        url: &Url<'_>,
        progress: &mut Progress,
    ) -> Result<(WebSocket<MaybeTls, Client>, Response), ConnectError> {
        // What can't be sent is found before there is a connection.
        let tls = self.tls.client(url).await?;
        let request = self.plan.request(url);
        let handshake = request.handshake(url)?;
        let stream = self.reach(url, progress).await?;
        open::open(stream, tls, handshake, &self.plan.options, progress).await
    }

    async fn reach(&self, url: &Url<'_>, progress: &mut Progress) -> Result<Layer<TcpStream>, ConnectError> {
        let addresses = self.plan.addresses(url);
        if let Some(proxy) = self.plan.route.proxy(url)? {
            return self.reach_through(&proxy, url, addresses.first(), progress).await;
        }
        let stream = match addresses {
            [] => dial::dial(url.host(), url.port(), progress).await?,
            addresses => {
                dial::dial_addresses(addresses.to_vec(), progress).await.map_err(ConnectError::Io)?
            }
        };
        Ok(Layer::Plain(stream))
    }

    async fn reach_through(
        &self,
        proxy: &Proxy,
        url: &Url<'_>,
        address: Option<&SocketAddr>,
        progress: &mut Progress,
    ) -> Result<Layer<TcpStream>, ConnectError> {
        let proxy_url = proxy.url()?;
        let tls = self.tls.client(&proxy_url).await?;
        let dialled = dial::dial(proxy_url.host(), proxy_url.port(), progress).await;
        let stream = dialled.map_err(ProxyError::of_connecting)?;
        progress.step = Step::Proxy;
        let mut stream = match tls {
            None => Layer::Plain(stream),
            Some(tls) => tls.connect(stream).await.map_err(ProxyError::of_connecting)?,
        };
        let (host, port) = match address {
            None => (Cow::Borrowed(url.host()), url.port()),
            Some(address) => (address.ip().to_string().into(), address.port()),
        };
        proxy::tunnel(proxy, &mut stream, (&host, port), progress.deadline).await?;
        Ok(stream)
    }
}

/// Shows no value of a header field, and no proxy: there may be a password in it.
impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.plan.fmt(f)
    }
}
