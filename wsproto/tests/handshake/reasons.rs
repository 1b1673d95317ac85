//! The reason phrase of each status that a server is likely to answer, as IANA's registry has it ([RFC 9110 §15]).

use wsproto::handshake::Answer;

const PHRASES: [(u16, &str); 21] = [
    (200, "OK"),
    (204, "No Content"),
    (301, "Moved Permanently"),
    (302, "Found"),
    (303, "See Other"),
    (304, "Not Modified"),
    (307, "Temporary Redirect"),
    (308, "Permanent Redirect"),
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (408, "Request Timeout"),
    (426, "Upgrade Required"),
    (429, "Too Many Requests"),
    (431, "Request Header Fields Too Large"),
    (500, "Internal Server Error"),
    (501, "Not Implemented"),
    (503, "Service Unavailable"),
    (505, "HTTP Version Not Supported"),
];

#[test]
fn each_status_line_ends_in_the_phrase_of_its_status_or_in_none() {
    for status in 200..600 {
        let mut out = [0; 256];
        let len = Answer::new(status, &[], b"").unwrap().encode(&mut out).unwrap();
        let known = PHRASES.iter().find(|(known, _)| *known == status);
        let line = format!("HTTP/1.1 {status} {}\r\n", known.map_or("", |(_, phrase)| phrase));
        assert!(out[..len].starts_with(line.as_bytes()), "{line:?}");
    }
}
