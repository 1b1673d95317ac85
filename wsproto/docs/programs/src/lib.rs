//! The programs of the guides, before and after.

/// From tungstenite.
#[cfg(doctest)]
#[doc = include_str!("../../from-tungstenite.md")]
struct FromTungstenite;

/// From fastwebsockets.
#[cfg(doctest)]
#[doc = include_str!("../../from-fastwebsockets.md")]
struct FromFastwebsockets;

/// From embedded-websocket.
#[cfg(doctest)]
#[doc = include_str!("../../from-embedded-websocket.md")]
struct FromEmbeddedWebsocket;

/// From tokio-tungstenite.
#[cfg(doctest)]
#[doc = include_str!("../../from-tokio-tungstenite.md")]
struct FromTokioTungstenite;

/// From axum.
#[cfg(doctest)]
#[doc = include_str!("../../from-axum.md")]
struct FromAxum;
