//! What the errors of the opening handshake say: each its own, and what to do where that helps.

use std::collections::HashSet;
use std::fmt::Display;
use wsproto::handshake::{HandshakeMisuse, HeadError, RequestFault, ResponseError};

const HEAD: [HeadError; 6] = [
    HeadError::TooLong,
    HeadError::TooManyFields,
    HeadError::BareLineFeed,
    HeadError::FoldedField,
    HeadError::FieldName,
    HeadError::FieldValue,
];

/// All of a request but what is wrong with its head, each with a word that names its subject.
const REQUEST: [(RequestFault, &str); 25] = [
    (RequestFault::RequestLine, "request line"),
    (RequestFault::HttpVersionNotSupported, "HTTP/1.1"),
    (RequestFault::Target, "target"),
    (RequestFault::MissingHost, "`Host` field is missing"),
    (RequestFault::RepeatedHost, "`Host` field is repeated"),
    (RequestFault::InvalidHost, "`Host` field is malformed"),
    (RequestFault::MalformedUpgrade, "`Upgrade` field is malformed"),
    (RequestFault::Method, "GET"),
    (RequestFault::Connection, "`Connection`"),
    (RequestFault::Body, "`Content-Length`"),
    (RequestFault::MissingVersion, "`Sec-WebSocket-Version` field is missing"),
    (RequestFault::RepeatedVersion, "`Sec-WebSocket-Version` field is repeated"),
    (RequestFault::UnsupportedVersion, "version 13"),
    (RequestFault::MissingKey, "`Sec-WebSocket-Key` field is missing"),
    (RequestFault::RepeatedKey, "`Sec-WebSocket-Key` field is repeated"),
    (RequestFault::InvalidKey, "`Sec-WebSocket-Key` field is malformed"),
    (RequestFault::RepeatedOrigin, "`Origin` field is repeated"),
    (RequestFault::InvalidOrigin, "`Origin` field is malformed"),
    (RequestFault::MalformedSubprotocols, "`Sec-WebSocket-Protocol`"),
    (RequestFault::RepeatedSubprotocol, "offered twice"),
    (RequestFault::TooManySubprotocols, "too many subprotocols"),
    (RequestFault::MalformedExtensions, "`Sec-WebSocket-Extensions`"),
    (RequestFault::ConnectionSpecificField, "HTTP/2"),
    (RequestFault::HostMismatch, "`:authority`"),
    (RequestFault::LostUpgrade, "proxy"),
];

const RESPONSE: [(ResponseError, &str); 13] = [
    (ResponseError::StatusLine, "status line"),
    (ResponseError::HttpVersionTooLow, "HTTP/1.0"),
    (ResponseError::Upgrade, "`Upgrade` field is not `websocket`"),
    (ResponseError::Connection, "`Connection`"),
    (ResponseError::MissingAccept, "`Sec-WebSocket-Accept` field is missing"),
    (ResponseError::RepeatedAccept, "`Sec-WebSocket-Accept` field is repeated"),
    (ResponseError::WrongAccept, "doesn't answer our key"),
    (ResponseError::RepeatedExtensions, "`Sec-WebSocket-Extensions` field is repeated"),
    (ResponseError::MalformedExtensions, "`Sec-WebSocket-Extensions` field is malformed"),
    (ResponseError::UnexpectedExtension, "extension that was not offered"),
    (ResponseError::RepeatedSubprotocol, "`Sec-WebSocket-Protocol` field is repeated"),
    (ResponseError::UnexpectedSubprotocol, "subprotocol that was not offered"),
    (ResponseError::ConnectionSpecificField, "HTTP/2"),
];

const MISUSE: [(HandshakeMisuse, &str); 13] = [
    (HandshakeMisuse::FieldName, "name"),
    (HandshakeMisuse::FieldValue, "value"),
    (HandshakeMisuse::ReservedField, "leave it out"),
    (HandshakeMisuse::Host, "host"),
    (HandshakeMisuse::Target, "target"),
    (HandshakeMisuse::Origin, "origin"),
    (HandshakeMisuse::Subprotocol, "not a token"),
    (HandshakeMisuse::RepeatedSubprotocol, "twice"),
    (HandshakeMisuse::SubprotocolNotOffered, "didn't offer this subprotocol"),
    (HandshakeMisuse::Extensions, "`name; param=value`"),
    (HandshakeMisuse::ExtensionNotOffered, "didn't offer this extension"),
    (HandshakeMisuse::DeflateMismatch, "permessage_deflate::accept"),
    (HandshakeMisuse::Status, "200 to 599"),
];

#[test]
fn each_names_its_subject_and_no_two_say_the_same() {
    fn check<E: Display + Copy>(errors: &[(E, &str)]) {
        let said: HashSet<_> = errors.iter().map(|(error, _)| error.to_string()).collect();
        assert_eq!(said.len(), errors.len());
        for (error, subject) in errors {
            assert!(error.to_string().contains(subject), "{error}: where is {subject}?");
        }
    }
    check(&REQUEST);
    check(&RESPONSE);
    check(&MISUSE);
    check(&[
        (HEAD[0], "too long"),
        (HEAD[1], "too many"),
        (HEAD[2], "CR LF"),
        (HEAD[3], "folded"),
        (HEAD[4], "name"),
        (HEAD[5], "control character"),
    ]);
}

#[test]
fn what_is_wrong_with_a_head_is_said_alike_for_both_ends() {
    for error in HEAD {
        assert_eq!(RequestFault::from(error).to_string(), error.to_string());
        assert_eq!(ResponseError::from(error).to_string(), error.to_string());
    }
}
