//! What the errors of the opening handshake say: each its own, and what to do where that helps.

use std::collections::HashSet;
use std::fmt::Display;
use wsproto::handshake::{HeadError, OptionError, RequestError, ResponseError, extensions};

const HEAD: [HeadError; 6] = [
    HeadError::TooLong,
    HeadError::TooManyFields,
    HeadError::BareLineFeed,
    HeadError::FoldedField,
    HeadError::FieldName,
    HeadError::FieldValue,
];

/// All of a request but what is wrong with its head, each with a word that names its subject.
const REQUEST: [(RequestError, &str); 23] = [
    (RequestError::RequestLine, "request line"),
    (RequestError::HttpVersionNotSupported, "HTTP/1.1"),
    (RequestError::Target, "target"),
    (RequestError::MissingHost, "`Host` field is missing"),
    (RequestError::RepeatedHost, "`Host` field is repeated"),
    (RequestError::InvalidHost, "`Host` field is malformed"),
    (RequestError::MalformedUpgrade, "`Upgrade` field is malformed"),
    (RequestError::Method, "GET"),
    (RequestError::Connection, "`Connection`"),
    (RequestError::Body, "`Content-Length`"),
    (RequestError::MissingVersion, "`Sec-WebSocket-Version` field is missing"),
    (RequestError::RepeatedVersion, "`Sec-WebSocket-Version` field is repeated"),
    (RequestError::UnsupportedVersion, "version 13"),
    (RequestError::MissingKey, "`Sec-WebSocket-Key` field is missing"),
    (RequestError::RepeatedKey, "`Sec-WebSocket-Key` field is repeated"),
    (RequestError::InvalidKey, "`Sec-WebSocket-Key` field is malformed"),
    (RequestError::RepeatedOrigin, "`Origin` field is repeated"),
    (RequestError::InvalidOrigin, "`Origin` field is malformed"),
    (RequestError::MalformedSubprotocols, "`Sec-WebSocket-Protocol`"),
    (RequestError::RepeatedSubprotocol, "offered twice"),
    (RequestError::TooManySubprotocols, "too many subprotocols"),
    (RequestError::MalformedExtensions, "`Sec-WebSocket-Extensions`"),
    (RequestError::ConnectionSpecificField, "HTTP/2"),
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

const OPTION: [(OptionError, &str); 12] = [
    (OptionError::FieldName, "name"),
    (OptionError::FieldValue, "value"),
    (OptionError::ReservedField, "leave it out"),
    (OptionError::Host, "host"),
    (OptionError::Target, "target"),
    (OptionError::Origin, "origin"),
    (OptionError::Subprotocol, "not a token"),
    (OptionError::RepeatedSubprotocol, "twice"),
    (OptionError::SubprotocolNotOffered, "didn't offer this subprotocol"),
    (OptionError::Extensions, "`name; param=value`"),
    (OptionError::ExtensionNotOffered, "didn't offer this extension"),
    (OptionError::Status, "200 to 599"),
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
    check(&OPTION);
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
        assert_eq!(RequestError::from(error).to_string(), error.to_string());
        assert_eq!(ResponseError::from(error).to_string(), error.to_string());
    }
}

#[test]
fn malformed_extensions_say_how_they_should_look() {
    let error = extensions::parse([&b";"[..]]).unwrap_err();
    assert!(error.to_string().contains("`name; param; param=value, name`"));
}
