//! What HTTP/2 and HTTP/3 ask of header fields, beside what any HTTP does.

use super::tokens::trim_ows;

/// Returns a name of ours as HTTP/2 has it ([RFC 9113 §8.2]); others are given back as they are.
///
/// [RFC 9113 §8.2]: https://www.rfc-editor.org/rfc/rfc9113#section-8.2
pub(crate) fn in_lower_case(name: &str) -> &str {
    match name {
        "Origin" => "origin",
        "Content-Type" => "content-type",
        "Sec-WebSocket-Version" => "sec-websocket-version",
        "Sec-WebSocket-Protocol" => "sec-websocket-protocol",
        "Sec-WebSocket-Extensions" => "sec-websocket-extensions",
        other => other,
    }
}

/// Tells whether a field is about HTTP/1.1's connection, which HTTP/2 and HTTP/3 have no words for
/// ([RFC 9113 §8.2.2]).
///
/// [RFC 9113 §8.2.2]: https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2
pub(crate) fn is_connection_specific(name: &str, value: &[u8]) -> bool {
    ["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"]
        .iter()
        .any(|specific| specific.eq_ignore_ascii_case(name))
        || (name.eq_ignore_ascii_case("te") && !trim_ows(value).eq_ignore_ascii_case(b"trailers"))
}
