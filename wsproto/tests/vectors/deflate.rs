//! The negotiation of permessage-deflate, case by case.

use serde_json::json;
use wsproto::deflate::{Parameters, Policy};
use wsproto::handshake::extensions::{self, Extension};
use wsproto::handshake::permessage_deflate;

use super::table::string;
use wsproto_test::vectors::Case;

pub fn offer(case: &Case) {
    let agreed = permessage_deflate::accept(list(case, "offer"), &Policy::new().with_takeover());
    let outcome = if agreed.is_some() { "accept" } else { "decline" };
    check(case, outcome, agreed.map(|agreed| agreed.parameters()));
}

pub fn answer(case: &Case) {
    let agreed = permessage_deflate::verify(list(case, "offer"), list(case, "answer"));
    let outcome = match agreed {
        Ok(Some(_)) => "accept",
        Ok(None) => "decline",
        Err(_) => "fail",
    };
    check(case, outcome, agreed.ok().flatten());
}

fn check(case: &Case, outcome: &str, agreed: Option<Parameters>) {
    let name = string(case, "name");
    assert_eq!(outcome, string(case, "outcome"), "{name}");
    let agreed = agreed.map(|agreed| {
        json!({
            "server_no_context_takeover": agreed.server_no_context_takeover,
            "client_no_context_takeover": agreed.client_no_context_takeover,
            "server_max_window_bits": agreed.server_max_window_bits.get(),
            "client_max_window_bits": agreed.client_max_window_bits.get(),
        })
    });
    assert_eq!(agreed.as_ref(), case.get("agreed"), "{name}");
}

fn list<'c>(case: &'c Case, key: &str) -> impl Iterator<Item = Extension<'c>> {
    extensions::parse([string(case, key).as_bytes()]).expect("a list")
}
