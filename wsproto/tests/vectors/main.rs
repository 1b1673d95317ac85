//! The table in `vectors/`, case by case: through `connection`, through `session`, and through the decoders of the
//! opening handshake; whole, cut in two, and byte by byte. `vectors/README.md` says what the fields mean.

#[cfg(feature = "handshake")]
mod deflate;
mod frames;
#[path = "../common/given.rs"]
#[expect(dead_code, reason = "`session` compares single messages")]
mod given;
#[cfg(feature = "handshake")]
mod handshake;
mod incoming;
mod table;

use std::collections::HashSet;

use table::{has_section, string};
use wsproto_test::vectors::cases;

/// All fields that a case can have; what is misspelt would not be looked at.
const FIELDS: [&str; 27] = [
    "name",
    "section",
    "about",
    "freedom",
    // frames
    "role",
    "config",
    "starts",
    "in",
    "events",
    "fails",
    "close",
    "out",
    // opening handshakes
    "request",
    "speaks",
    "limits",
    "outcome",
    "status",
    "fields",
    "rest",
    "response",
    "subprotocols",
    "extensions",
    "subprotocol",
    // the negotiation of permessage-deflate
    "offer",
    "answer",
    "agreed",
    "group",
];

#[test]
fn there_are_200_cases_or_more_each_with_a_name_of_its_own_and_a_section() {
    let cases = cases();
    assert!(cases.len() >= 200, "{}", cases.len());
    let mut names = HashSet::new();
    for case in &cases {
        let name = string(case, "name");
        assert!(names.insert(name), "{name}: twice");
        assert!(has_section(string(case, "section")), "{name}: no section of the RFC");
        assert!(!string(case, "about").is_empty(), "{name}");
        let unknown: Vec<_> = case.keys().filter(|key| !FIELDS.contains(&key.as_str())).collect();
        assert!(unknown.is_empty(), "{name}: {unknown:?}");
    }
}

#[test]
fn each_case_through_connection() {
    for case in cases().iter().filter(|case| case.contains_key("in")) {
        frames::through_connection(case);
    }
}

#[test]
fn each_case_through_session() {
    for case in cases().iter().filter(|case| case.contains_key("in")) {
        frames::through_session(case);
    }
}

#[test]
fn each_case_peeked_at_and_as_bytes() {
    for case in cases().iter().filter(|case| case.contains_key("in")) {
        incoming::by_peek_and_by_bytes(case);
    }
}

#[cfg(feature = "alloc")]
#[test]
fn each_case_through_a_lent_buffer() {
    for case in cases().iter().filter(|case| case.contains_key("in")) {
        incoming::through_a_lent_buffer(case);
    }
}

#[cfg(feature = "alloc")]
#[test]
fn each_case_by_turns_over_the_callers_memory() {
    for case in cases().iter().filter(|case| case.contains_key("in")) {
        incoming::by_turn_over(case);
    }
}

#[cfg(feature = "handshake")]
#[test]
fn each_request_through_the_decoder() {
    for case in cases().iter().filter(|case| case.contains_key("request")) {
        handshake::request(case);
    }
}

#[cfg(feature = "handshake")]
#[test]
fn each_offer_and_answer_of_permessage_deflate() {
    let cases = cases();
    let (answers, offers): (Vec<_>, Vec<_>) =
        cases.iter().filter(|case| case.contains_key("offer")).partition(|case| case.contains_key("answer"));
    assert!(offers.len() > 50 && answers.len() > 50);
    offers.into_iter().for_each(deflate::offer);
    answers.into_iter().for_each(deflate::answer);
}

#[cfg(feature = "handshake")]
#[test]
fn each_response_through_the_decoder() {
    for case in cases().iter().filter(|case| case.contains_key("response")) {
        handshake::response(case);
    }
}
