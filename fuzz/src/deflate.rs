//! The negotiation of permessage-deflate, against a naive reading of [RFC 7692 §7.1] on lists of owned words.

use wsproto::deflate::{Parameters, Policy, WindowBits};
use wsproto::handshake::extensions;
use wsproto::handshake::permessage_deflate::{self, NegotiationError};

use crate::lists::{Extension, read_extensions};

const NAME: &str = "permessage-deflate";
const FLAGS: [&str; 2] = ["server_no_context_takeover", "client_no_context_takeover"];
const WINDOWS: [&str; 2] = ["server_max_window_bits", "client_max_window_bits"];

/// Checks what a server with this policy makes of an offer, and what a client that has made it makes of an answer.
pub fn check(policy: &Policy, offers: &[u8], answer: &[u8]) {
    let offered = read_extensions(&[offers]).unwrap_or_default();
    let answered = read_extensions(&[answer]).unwrap_or_default();
    let agreed = permessage_deflate::accept(parse(offers), policy);
    assert_eq!(agreed.map(|agreed| agreed.parameters()), accept(&offered, policy));
    if let Some(agreed) = agreed {
        let client = check_answer(offers, agreed.as_bytes()).expect("in use");
        check_same(&agreed.parameters(), &client);
    }
    check_verdict(permessage_deflate::verify(parse(offers), parse(answer)), &verify(&offered, &answered));

    // This end's own offer, to a server of the same policy.
    let offer = permessage_deflate::offer(policy);
    let agreed = permessage_deflate::accept(parse(offer.as_bytes()), policy).expect("what it wants itself");
    assert_eq!(check_answer(offer.as_bytes(), agreed.as_bytes()), Some(agreed.parameters()));
    check_verdict(
        permessage_deflate::verify(parse(offer.as_bytes()), parse(answer)),
        &verify(&read_extensions(&[offer.as_bytes()]).expect("a list"), &answered),
    );
}

fn parse(list: &[u8]) -> impl Iterator<Item = extensions::Extension<'_>> {
    extensions::parse([list]).into_iter().flatten()
}

/// An answer of ours: it breaks no rule, by our reading and by the naive one.
fn check_answer(offers: &[u8], answer: &[u8]) -> Option<Parameters> {
    let read = |list| read_extensions(&[list]).expect("a list");
    let client = permessage_deflate::verify(parse(offers), parse(answer)).expect("an answer of ours");
    assert_eq!(verify(&read(offers), &read(answer)), Ok(client));
    client
}

/// A client keeps all of what it has promised in several offers; the server may have taken one that asks for less.
fn check_same(server: &Parameters, client: &Parameters) {
    assert!(client.client_no_context_takeover || !server.client_no_context_takeover);
    assert!(client.client_max_window_bits <= server.client_max_window_bits);
    let (client_no_context_takeover, client_max_window_bits) =
        (server.client_no_context_takeover, server.client_max_window_bits);
    assert_eq!(*server, Parameters { client_no_context_takeover, client_max_window_bits, ..*client });
}

/// Which of several faults is told is not for us to say.
pub fn check_verdict(
    ours: Result<Option<Parameters>, NegotiationError>,
    naive: &Result<Option<Parameters>, Vec<NegotiationError>>,
) {
    match (ours, naive) {
        (Ok(ours), Ok(naive)) => assert_eq!(ours, *naive),
        (Err(ours), Err(naive)) => assert!(naive.contains(&ours), "{ours:?} is none of {naive:?}"),
        (ours, naive) => panic!("{ours:?}, and naively {naive:?}"),
    }
}

/// What a server of this policy makes of the first offer that it can take.
fn accept(offers: &[Extension], policy: &Policy) -> Option<Parameters> {
    let mut offers = offers.iter().filter(|offer| offer.0 == NAME && faults(offer).is_empty());
    let can_limit = |offer: &&Extension| has(offer, "client_max_window_bits");
    let must_limit = policy.receive_window.get() < 15 && !policy.accept_full_window;
    let offer = offers.find(|offer| can_limit(offer) || !must_limit)?;
    let client_bits = window(offer, "client_max_window_bits").unwrap_or(15);
    Some(parameters(
        has(offer, FLAGS[0]) || !policy.send_takeover,
        has(offer, FLAGS[1]) || !policy.receive_takeover,
        window(offer, "server_max_window_bits").unwrap_or(15).min(policy.send_window.get()),
        if can_limit(&offer) { client_bits.min(policy.receive_window.get()) } else { 15 },
    ))
}

/// What holds after this answer to these offers, or all that is wrong with it.
pub fn verify(
    offers: &[Extension],
    answers: &[Extension],
) -> Result<Option<Parameters>, Vec<NegotiationError>> {
    let answers: Vec<_> = answers.iter().filter(|answer| answer.0 == NAME).collect();
    let Some(answer) = answers.first() else { return Ok(None) };
    let mut wrong = faults(answer);
    if answers.len() > 1 {
        wrong.push(NegotiationError::RepeatedExtension);
    }
    if answer.1.contains(&("client_max_window_bits".to_owned(), None)) {
        wrong.push(NegotiationError::InvalidWindowBits);
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let offers = offers.iter().filter(|offer| offer.0 == NAME && faults(offer).is_empty());
    let (fit, unfit): (Vec<_>, Vec<_>) = offers.partition(|offer| misfits(offer, answer).is_empty());
    if fit.is_empty() {
        return Err(unfit.first().map_or(vec![NegotiationError::NotOffered], |offer| misfits(offer, answer)));
    }
    let said: Vec<_> = fit.iter().chain([answer]).collect();
    let client_bits = said.iter().filter_map(|said| window(said, "client_max_window_bits"));
    Ok(Some(parameters(
        has(answer, FLAGS[0]),
        said.iter().any(|said| has(said, FLAGS[1])),
        window(answer, "server_max_window_bits").unwrap_or(15),
        client_bits.min().unwrap_or(15),
    )))
}

/// What is wrong with one extension, be it offered or answered.
fn faults((_, params): &Extension) -> Vec<NegotiationError> {
    let mut faults = Vec::new();
    for (name, value) in params {
        if params.iter().filter(|(other, _)| other == name).count() > 1 {
            faults.push(NegotiationError::RepeatedParameter);
        }
        if FLAGS.contains(&name.as_str()) {
            faults.extend(value.as_ref().map(|_| NegotiationError::UnexpectedValue));
        } else if WINDOWS.contains(&name.as_str()) {
            let may_lack = name == "client_max_window_bits" && value.is_none();
            let is_well = may_lack || value.as_deref().and_then(number).is_some();
            faults.extend((!is_well).then_some(NegotiationError::InvalidWindowBits));
        } else {
            faults.push(NegotiationError::UnknownParameter);
        }
    }
    faults
}

/// What makes that an answer isn't one to this offer.
fn misfits(offer: &Extension, answer: &Extension) -> Vec<NegotiationError> {
    let mut misfits = Vec::new();
    if has(offer, "server_no_context_takeover") && !has(answer, "server_no_context_takeover") {
        misfits.push(NegotiationError::MissingServerNoContextTakeover);
    }
    match (window(offer, "server_max_window_bits"), window(answer, "server_max_window_bits")) {
        (Some(_), None) => misfits.push(NegotiationError::MissingServerWindow),
        (Some(most), Some(bits)) if bits > most => misfits.push(NegotiationError::ServerWindowTooLarge),
        _ => {}
    }
    if has(answer, "client_max_window_bits") && !has(offer, "client_max_window_bits") {
        misfits.push(NegotiationError::ClientWindowNotOffered);
    }
    misfits
}

fn has((_, params): &Extension, name: &str) -> bool {
    params.iter().any(|(other, _)| other == name)
}

fn window((_, params): &Extension, name: &str) -> Option<u8> {
    params.iter().find(|(other, _)| other == name)?.1.as_deref().and_then(number)
}

/// "a decimal integer value without leading zeroes between 8 to 15"
fn number(value: &str) -> Option<u8> {
    value.parse().ok().filter(|number: &u8| number.to_string() == value && (8..=15).contains(number))
}

fn parameters(server: bool, client: bool, server_bits: u8, client_bits: u8) -> Parameters {
    let bits = |bits| WindowBits::new(bits).expect("8 to 15");
    Parameters {
        server_no_context_takeover: server,
        client_no_context_takeover: client,
        server_max_window_bits: bits(server_bits),
        client_max_window_bits: bits(client_bits),
    }
}
