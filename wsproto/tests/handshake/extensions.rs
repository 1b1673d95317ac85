//! The grammar of extensions and of lists (RFC 6455 §9.1), against naive oracles.

use proptest::prelude::*;
use wsproto::handshake::extensions::{self, Extension};
use wsproto::handshake::{Request, RequestFault, subprotocol};

/// What an extension says, owned: its name, and its parameters with their values.
type Said = (String, Vec<(String, Option<String>)>);

fn said(extension: Extension<'_>) -> Said {
    let params = extension.params().map(|(name, value)| (name.to_owned(), value.map(|v| v.to_string())));
    (extension.name().to_owned(), params.collect())
}

fn parse(values: &[&[u8]]) -> Option<Vec<Said>> {
    let list = extensions::parse(values.iter().copied())?;
    Some(list.map(said).collect())
}

fn one(name: &str, params: &[(&str, Option<&str>)]) -> Said {
    let params = params.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned)));
    (name.to_owned(), params.collect())
}

#[test]
fn the_offers_of_rfc_7692_section_7_1_3_keep_their_order_and_repetitions() {
    let value = b"permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate;client_max_window_bits";
    assert_eq!(
        parse(&[value]).unwrap(),
        [
            one(
                "permessage-deflate",
                &[("client_max_window_bits", None), ("server_max_window_bits", Some("10"))]
            ),
            one("permessage-deflate", &[("client_max_window_bits", None)]),
        ]
    );
}

#[test]
fn repeated_parameters_are_seen() {
    assert_eq!(
        parse(&[b"a; x=1; x=2; x"]).unwrap(),
        [one("a", &[("x", Some("1")), ("x", Some("2")), ("x", None)])]
    );
}

#[test]
fn several_fields_are_one_list() {
    assert_eq!(
        parse(&[b"a; x", b"", b"b, a"]).unwrap(),
        [one("a", &[("x", None)]), one("b", &[]), one("a", &[])]
    );
}

#[test]
fn whitespace_and_empty_elements_mean_nothing() {
    assert_eq!(
        parse(&[b" ,\ta ;\tx = \"1\"\t; y ,,  b\t, "]).unwrap(),
        [one("a", &[("x", Some("1")), ("y", None)]), one("b", &[])]
    );
}

#[test]
fn quoted_values_are_unquoted_and_must_be_tokens() {
    assert_eq!(parse(&[br#"a; x="1\0\-y""#]).unwrap(), [one("a", &[("x", Some("10-y"))])]);
    for bad in [
        &br#"a; x="""#[..],
        br#"a; x="1 0""#,
        br#"a; x="1,0""#,
        br#"a; x="1\"0""#,
        br#"a; x="10"#,
        br#"a; x="10\"#,
    ] {
        assert_eq!(parse(&[bad]), None, "{}", bad.escape_ascii());
    }
}

#[test]
fn a_quoted_value_cannot_span_fields() {
    assert_eq!(parse(&[b"a; x=\"1", b"2\""]), None);
}

#[test]
fn an_empty_list_is_no_list() {
    assert!(extensions::parse([]).is_none());
    assert_eq!(parse(&[b"", b" , "]), None);
}

#[test]
fn malformed_extensions_are_answered_with_400() {
    let head = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: a\r\nSec-WebSocket-Extensions: b;\r\n\r\n";
    let error = Request::decode(head).unwrap_err();
    assert_eq!((error.fault(), error.answer().status()), (RequestFault::MalformedExtensions, 400));
}

/// Hostile lists of a mebibyte: what is not linear does not end.
#[test]
fn the_cost_is_linear() {
    let times = 1 << 18;
    for (start, unit) in
        [("", "a,  "), ("", ",,,,"), ("a", "; x "), ("a;x=\"", "\\1\\1"), ("", "a;x,"), ("    ", "    ")]
    {
        let value = [start, &unit.repeat(times)].concat();
        let _ = parse(&[value.as_bytes()]);
        let _ = parse(&[value.as_bytes(), b"\""]);
    }
    assert_eq!(parse(&["a,  ".repeat(times).as_bytes()]).unwrap().len(), times);
}

/// RFC 2616's grammar in the plainest way: tokens and separators first, then their order, on owned strings.
fn oracle(value: &str) -> Option<Vec<Said>> {
    #[derive(PartialEq)]
    enum Lexeme {
        Word(String, bool),
        Separator(char),
    }
    let is_token = |c: char| c.is_ascii_graphic() && !"()<>@,;:\\\"/[]?={}".contains(c);
    let mut lexemes = Vec::new();
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => {}
            ',' | ';' | '=' => lexemes.push(Lexeme::Separator(c)),
            '"' => {
                let mut word = String::new();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => word.push(chars.next()?),
                        c => word.push(c),
                    }
                }
                if word.is_empty() || !word.chars().all(is_token) {
                    return None;
                }
                lexemes.push(Lexeme::Word(word, true));
            }
            c if is_token(c) => {
                let mut word = String::from(c);
                while let Some(c) = chars.next_if(|&c| is_token(c)) {
                    word.push(c);
                }
                lexemes.push(Lexeme::Word(word, false));
            }
            _ => return None,
        }
    }
    let mut list = Vec::new();
    for element in lexemes.split(|lexeme| *lexeme == Lexeme::Separator(',')) {
        let mut parts = element.split(|lexeme| *lexeme == Lexeme::Separator(';'));
        let name = match parts.next()? {
            [] if element.is_empty() => continue,
            [Lexeme::Word(name, false)] => name.clone(),
            _ => return None,
        };
        let mut params = Vec::new();
        for part in parts {
            params.push(match part {
                [Lexeme::Word(name, false)] => (name.clone(), None),
                [Lexeme::Word(name, false), Lexeme::Separator('='), Lexeme::Word(value, _)] => {
                    (name.clone(), Some(value.clone()))
                }
                _ => return None,
            });
        }
        list.push((name, params));
    }
    (!list.is_empty()).then_some(list)
}

proptest! {
    #[test]
    fn extensions_are_what_the_plain_grammar_says(value in r#"[ab1 \t,;="\\(]{0,24}"#) {
        prop_assert_eq!(parse(&[value.as_bytes()]), oracle(&value));
    }

    #[test]
    fn well_formed_extensions_are_what_the_plain_grammar_says(
        value in r#"( ?,? ?[a-c]( ?; ?[x-z]( ?= ?([0-9]{1,2}|"([0-9]|\\[0-9]){1,2}"))? ?){0,3},){1,4}"#
    ) {
        let expected = oracle(&value);
        prop_assert!(expected.is_some(), "{}", value);
        prop_assert_eq!(parse(&[value.as_bytes()]), expected);
    }

    #[test]
    fn any_bytes_are_parsed_or_refused(value in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(text) = std::str::from_utf8(&value) {
            prop_assert_eq!(parse(&[&value]), oracle(text));
        } else {
            prop_assert_eq!(parse(&[&value]), None);
        }
    }

    #[test]
    fn offered_subprotocols_are_what_the_plain_grammar_says(value in "[ab \t,\"/]{0,12}") {
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
            Sec-WebSocket-Protocol: {value}\r\n\r\n");
        let names: Vec<_> = value.split(',').map(|n| n.trim_matches([' ', '\t'])).filter(|n| !n.is_empty()).collect();
        let tokens = !names.is_empty() && names.iter().all(|n| n.chars().all(|c| c.is_ascii_alphanumeric()));
        let unique = (1..names.len()).all(|i| !names[..i].contains(&names[i]));
        match Request::decode(head.as_bytes()) {
            Ok(Some((Request::WebSocket(upgrade), _))) => {
                prop_assert!(tokens && unique);
                prop_assert!(upgrade.subprotocols().eq(names));
            }
            Err(error) if error.fault() == RequestFault::RepeatedSubprotocol => prop_assert!(!unique),
            Err(error) if error.fault() == RequestFault::MalformedSubprotocols => prop_assert!(!tokens),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn the_chosen_subprotocol_is_the_servers_first_that_is_offered(
        own in prop::collection::vec("[a-e]", 0..5), offered in prop::collection::vec("[a-e]", 0..5)
    ) {
        let own: Vec<_> = own.iter().map(String::as_str).collect();
        let chosen = subprotocol::select(&own, offered.iter().map(String::as_str));
        let expected = own.iter().copied().find(|name| offered.iter().any(|offer| offer == name));
        prop_assert_eq!(chosen, expected);
    }
}
