//! Below the handshake: heads of HTTP/1.1 messages, the header fields of any HTTP, and how both are written.
//!
//! Nothing in here knows of WebSocket but the names of the fields that are looked for.
//!
//! | file | what it holds |
//! |---|---|
//! | `tokens` | byte classes, comma-separated lists |
//! | `authority` | hosts and ports, request targets |
//! | `error`, `limits` | what is wrong with a head, and how large it may be |
//! | `lines`, `places`, `fields` | field lines, and how one is found among them |
//! | `start_line`, `scanner` | the first line, and where a head ends, byte for byte as they come |
//! | `http2` | what HTTP/2 and HTTP/3 ask of header fields |
//! | `write` | what is sent: fields, status lines |

pub(super) mod authority;
pub(super) mod error;
pub(super) mod fields;
pub(super) mod http2;
pub(super) mod limits;
pub(super) mod scanner;
pub(super) mod start_line;
pub(super) mod tokens;
pub(super) mod write;

pub(super) mod lines;
pub(super) mod places;
