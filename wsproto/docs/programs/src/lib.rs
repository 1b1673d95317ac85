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
