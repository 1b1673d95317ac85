//! permessage-deflate in the opening handshake (RFC 7692 §5 and §7.1): what is offered, accepted and agreed on.

use proptest::prelude::*;
use wsproto::deflate::{Level, Parameters, Policy, WindowBits};
use wsproto::handshake::extensions::{self, Extension};
use wsproto::handshake::permessage_deflate::{self, Agreement, NegotiationError};
use wsproto::handshake::{Choice, ClientHandshake, HandshakeMisuse, Offer, Request, Response, ResponseError};

fn list(text: &str) -> Vec<Extension<'_>> {
    extensions::parse([text.as_bytes()]).map(Iterator::collect).unwrap_or_default()
}

fn accept(offers: &str, policy: Policy) -> Option<Agreement> {
    permessage_deflate::accept(list(offers), &policy)
}

/// What a server answers that wants nothing of its own.
fn answer(offers: &str) -> Option<String> {
    accept(offers, Policy::new().with_takeover()).map(|agreed| agreed.to_string())
}

fn verify(offers: &str, answer: &str) -> Result<Option<Parameters>, NegotiationError> {
    permessage_deflate::verify(list(offers), list(answer))
}

fn agreed(offers: &str, answer: &str) -> Parameters {
    verify(offers, answer).unwrap().unwrap()
}

fn bits(bits: u8) -> WindowBits {
    WindowBits::new(bits).unwrap()
}

/// What is wrong in an offer and in an answer alike, as a list of parameters.
const MALFORMED: [(&str, NegotiationError); 25] = [
    ("server_max_window_bits=0", NegotiationError::InvalidWindowBits),
    ("server_max_window_bits=7", NegotiationError::InvalidWindowBits),
    ("server_max_window_bits=16", NegotiationError::InvalidWindowBits),
    ("server_max_window_bits=08", NegotiationError::InvalidWindowBits),
    ("server_max_window_bits=010", NegotiationError::InvalidWindowBits),
    ("server_max_window_bits=1", NegotiationError::InvalidWindowBits),
    ("server_max_window_bits=100", NegotiationError::InvalidWindowBits),
    ("server_max_window_bits=+9", NegotiationError::InvalidWindowBits),
    ("server_max_window_bits=-9", NegotiationError::InvalidWindowBits),
    ("server_max_window_bits=0x9", NegotiationError::InvalidWindowBits),
    ("server_max_window_bits=ten", NegotiationError::InvalidWindowBits),
    ("server_max_window_bits=\"16\"", NegotiationError::InvalidWindowBits),
    ("server_max_window_bits=\"0\\8\"", NegotiationError::InvalidWindowBits),
    ("server_max_window_bits=264", NegotiationError::InvalidWindowBits),
    ("server_max_window_bits", NegotiationError::InvalidWindowBits),
    ("client_max_window_bits=7", NegotiationError::InvalidWindowBits),
    ("client_max_window_bits=16", NegotiationError::InvalidWindowBits),
    ("client_max_window_bits=08", NegotiationError::InvalidWindowBits),
    ("server_no_context_takeover=true", NegotiationError::UnexpectedValue),
    ("client_no_context_takeover=\"1\"", NegotiationError::UnexpectedValue),
    ("server_no_context_takeover; server_no_context_takeover", NegotiationError::RepeatedParameter),
    ("client_no_context_takeover; client_no_context_takeover", NegotiationError::RepeatedParameter),
    ("server_max_window_bits=9; server_max_window_bits=9", NegotiationError::RepeatedParameter),
    ("client_max_window_bits=9; client_max_window_bits=10", NegotiationError::RepeatedParameter),
    ("x", NegotiationError::UnknownParameter),
];

#[test]
fn a_malformed_offer_is_declined() {
    for (params, _) in MALFORMED {
        assert_eq!(answer(&format!("permessage-deflate; {params}")), None, "{params}");
    }
    for params in ["client_max_window_bits; client_max_window_bits", "Server_No_Context_Takeover", "x=1"] {
        assert_eq!(answer(&format!("permessage-deflate; {params}")), None, "{params}");
    }
    // These break the grammar of RFC 6455 §9.1, before any of this is asked.
    for params in ["server_max_window_bits=", "server_max_window_bits=\"\"", "server_max_window_bits=\"1 0\""]
    {
        assert!(
            extensions::parse([format!("permessage-deflate; {params}").as_bytes()]).is_none(),
            "{params}"
        );
    }
}

#[test]
fn a_malformed_answer_fails_the_connection() {
    let offer = "permessage-deflate; client_max_window_bits";
    for (params, error) in MALFORMED {
        assert_eq!(verify(offer, &format!("permessage-deflate; {params}")), Err(error), "{params}");
    }
}

#[test]
fn an_offer_that_is_declined_is_skipped_and_is_no_error() {
    for (params, _) in MALFORMED {
        let offers =
            format!("permessage-deflate; {params}, x; y, permessage-deflate; server_max_window_bits=9");
        assert_eq!(answer(&offers).unwrap(), "permessage-deflate; server_max_window_bits=9", "{params}");
    }
    for none in ["", "x", "Permessage-Deflate", "permessage-deflat", "x-webkit-deflate-frame"] {
        assert_eq!(answer(none), None, "{none}");
    }
}

#[test]
fn the_first_acceptable_offer_is_taken() {
    let offers =
        "permessage-deflate; server_no_context_takeover, permessage-deflate; client_no_context_takeover";
    assert_eq!(answer(offers).unwrap(), "permessage-deflate; server_no_context_takeover");

    let small = Policy::new().with_takeover().with_receive_window(bits(10));
    let offers = "permessage-deflate, permessage-deflate; client_max_window_bits=9, permessage-deflate; client_max_window_bits";
    assert_eq!(&*accept(offers, small).unwrap(), "permessage-deflate; client_max_window_bits=9");
}

#[test]
fn each_window_of_8_to_15_bits_can_be_offered() {
    for number in 8..=15 {
        for value in [format!("{number}"), format!("\"{number}\"")] {
            let offer =
                format!("permessage-deflate; server_max_window_bits={value}; client_max_window_bits={value}");
            let parameters = accept(&offer, Policy::new().with_takeover()).unwrap().parameters();
            assert_eq!(parameters.server_max_window_bits, bits(number));
            assert_eq!(parameters.client_max_window_bits, bits(number));
        }
    }
    assert_eq!(
        answer(r#"permessage-deflate; server_max_window_bits="1\0""#).unwrap(),
        "permessage-deflate; server_max_window_bits=10"
    );
}

#[test]
fn what_the_client_asks_of_the_server_is_repeated() {
    // [RFC 7692 §7.1.1.1]
    assert_eq!(
        answer("permessage-deflate; server_no_context_takeover").unwrap(),
        "permessage-deflate; server_no_context_takeover"
    );
    // [RFC 7692 §7.1.2.1] also if it asks for nothing
    assert_eq!(
        answer("permessage-deflate; server_max_window_bits=15").unwrap(),
        "permessage-deflate; server_max_window_bits=15"
    );
}

#[test]
fn a_server_takes_the_smaller_window_of_offer_and_policy() {
    for (offered, wanted, expected) in [(9, 12, 9), (12, 9, 9), (15, 8, 8), (8, 15, 8)] {
        let policy =
            Policy::new().with_takeover().with_send_window(bits(wanted)).with_receive_window(bits(wanted));
        let offer =
            format!("permessage-deflate; server_max_window_bits={offered}; client_max_window_bits={offered}");
        let agreed = accept(&offer, policy).unwrap();
        assert_eq!(agreed.parameters().server_max_window_bits, bits(expected));
        assert_eq!(agreed.parameters().client_max_window_bits, bits(expected));
        assert_eq!(
            &*agreed,
            format!(
                "permessage-deflate; server_max_window_bits={expected}; client_max_window_bits={expected}"
            )
        );
    }
}

#[test]
fn a_server_limits_itself_unasked() {
    let policy = Policy::new().with_receive_takeover(true).with_send_window(bits(9));
    assert_eq!(
        &*accept("permessage-deflate", policy).unwrap(),
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=9"
    );
}

#[test]
fn a_server_forbids_the_client_to_take_over() {
    let policy = Policy::new().with_send_takeover(true);
    let agreed = accept("permessage-deflate", policy).unwrap();
    assert_eq!(&*agreed, "permessage-deflate; client_no_context_takeover");
    assert!(agreed.parameters().client_no_context_takeover);
    assert!(!agreed.parameters().server_no_context_takeover);
}

#[test]
fn a_client_that_will_not_take_over_is_taken_at_its_word() {
    assert_eq!(
        answer("permessage-deflate; client_no_context_takeover").unwrap(),
        "permessage-deflate; client_no_context_takeover"
    );
}

#[test]
fn a_clients_window_is_limited_only_where_it_offers_that() {
    let policy = Policy::new().with_takeover().with_receive_window(bits(10));
    assert_eq!(accept("permessage-deflate", policy), None);
    let agreed = accept("permessage-deflate", policy.with_accept_full_window(true)).unwrap();
    assert_eq!(&*agreed, "permessage-deflate");
    assert_eq!(agreed.parameters(), Parameters::default());

    for policy in [policy, policy.with_accept_full_window(true)] {
        let agreed = accept("permessage-deflate; client_max_window_bits", policy).unwrap();
        assert_eq!(&*agreed, "permessage-deflate; client_max_window_bits=10");
        assert_eq!(agreed.parameters().client_max_window_bits, bits(10));
    }
    // Nothing to limit, nothing to say.
    assert_eq!(answer("permessage-deflate; client_max_window_bits").unwrap(), "permessage-deflate");
}

#[test]
fn the_default_keeps_nothing_between_messages() {
    let offer = permessage_deflate::offer(&Policy::new());
    assert_eq!(
        &*offer,
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits"
    );
    let agreed = accept("permessage-deflate; client_max_window_bits", Policy::default()).unwrap();
    assert_eq!(&*agreed, "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
    assert_eq!(Policy::new().level, Level::FAST);
    assert_eq!(Policy::new().threshold, 128);
}

#[test]
fn an_offer_says_what_the_policy_wants() {
    let policy = Policy::new().with_takeover();
    assert_eq!(&*permessage_deflate::offer(&policy), "permessage-deflate; client_max_window_bits");
    assert_eq!(
        &*permessage_deflate::offer(&policy.with_send_window(bits(9))),
        "permessage-deflate; client_max_window_bits=9"
    );
    assert_eq!(
        &*permessage_deflate::offer(&policy.with_receive_takeover(false)),
        "permessage-deflate; server_no_context_takeover; client_max_window_bits"
    );
    assert_eq!(
        &*permessage_deflate::offer(&policy.with_send_takeover(false)),
        "permessage-deflate; client_no_context_takeover; client_max_window_bits"
    );
    let small = policy.with_receive_window(bits(10));
    assert_eq!(
        &*permessage_deflate::offer(&small),
        "permessage-deflate; server_max_window_bits=10; client_max_window_bits"
    );
    assert_eq!(
        &*permessage_deflate::offer(&small.with_accept_full_window(true)),
        "permessage-deflate; server_max_window_bits=10; client_max_window_bits, permessage-deflate; client_max_window_bits"
    );
    // Without a limit there is nothing to fall back from.
    assert_eq!(
        &*permessage_deflate::offer(&policy.with_accept_full_window(true)),
        "permessage-deflate; client_max_window_bits"
    );
}

#[test]
fn the_longest_texts_are_whole() {
    let policy =
        Policy::new().with_send_window(bits(14)).with_receive_window(bits(14)).with_accept_full_window(true);
    let takeover = "server_no_context_takeover; client_no_context_takeover";
    let offer = permessage_deflate::offer(&policy);
    assert_eq!(
        offer.to_string(),
        format!(
            "permessage-deflate; {takeover}; server_max_window_bits=14; client_max_window_bits=14, \
             permessage-deflate; {takeover}; client_max_window_bits=14"
        )
    );
    let agreed = accept(&offer, policy).unwrap();
    assert_eq!(
        &*agreed,
        format!("permessage-deflate; {takeover}; server_max_window_bits=14; client_max_window_bits=14")
    );
    assert!(format!("{offer:?}{agreed:?}").contains("client_max_window_bits=14"));
}

#[test]
fn without_the_extension_in_the_answer_there_is_none() {
    assert_eq!(verify("permessage-deflate", ""), Ok(None));
    assert_eq!(verify("permessage-deflate, x", "x; server_max_window_bits=99"), Ok(None));
}

#[test]
fn an_answer_must_not_have_the_extension_twice() {
    for answer in ["permessage-deflate, permessage-deflate", "permessage-deflate, x, permessage-deflate; y"] {
        assert_eq!(
            verify("permessage-deflate, x, permessage-deflate", answer),
            Err(NegotiationError::RepeatedExtension)
        );
    }
}

#[test]
fn what_was_not_offered_must_not_be_answered() {
    for offers in ["", "x", "permessage-deflate; x", "permessage-deflate; server_max_window_bits"] {
        assert_eq!(verify(offers, "permessage-deflate"), Err(NegotiationError::NotOffered), "{offers}");
    }
}

#[test]
fn server_no_context_takeover_must_be_answered_if_it_was_offered() {
    let offer = "permessage-deflate; server_no_context_takeover";
    assert_eq!(
        verify(offer, "permessage-deflate; client_no_context_takeover"),
        Err(NegotiationError::MissingServerNoContextTakeover)
    );
    assert!(agreed(offer, offer).server_no_context_takeover);
    assert!(agreed("permessage-deflate", offer).server_no_context_takeover);
    assert!(!agreed("permessage-deflate", "permessage-deflate").server_no_context_takeover);
}

#[test]
fn server_max_window_bits_must_be_answered_if_they_were_offered_and_no_larger() {
    for offered in 8..=15 {
        let offer = format!("permessage-deflate; server_max_window_bits={offered}");
        assert_eq!(verify(&offer, "permessage-deflate"), Err(NegotiationError::MissingServerWindow));
        for answered in 8..=15 {
            let answer = format!("permessage-deflate; server_max_window_bits={answered}");
            let expected = Parameters { server_max_window_bits: bits(answered), ..Parameters::default() };
            if answered <= offered {
                assert_eq!(verify(&offer, &answer), Ok(Some(expected)));
            } else {
                assert_eq!(verify(&offer, &answer), Err(NegotiationError::ServerWindowTooLarge));
            }
            assert_eq!(verify("permessage-deflate", &answer), Ok(Some(expected)));
        }
    }
}

#[test]
fn client_max_window_bits_must_have_been_offered_and_have_a_value() {
    let offer = "permessage-deflate; client_max_window_bits";
    assert_eq!(verify(offer, offer), Err(NegotiationError::InvalidWindowBits));
    for number in 8..=15 {
        let answer = format!("permessage-deflate; client_max_window_bits={number}");
        assert_eq!(agreed(offer, &answer).client_max_window_bits, bits(number));
        assert_eq!(verify("permessage-deflate", &answer), Err(NegotiationError::ClientWindowNotOffered));
    }
}

#[test]
fn what_a_client_has_said_of_itself_holds_whatever_the_answer() {
    let offer = "permessage-deflate; client_no_context_takeover; client_max_window_bits=10";
    let limits = |answer| {
        let agreed = agreed(offer, answer);
        (agreed.client_no_context_takeover, agreed.client_max_window_bits.get())
    };
    assert_eq!(limits("permessage-deflate"), (true, 10));
    assert_eq!(limits("permessage-deflate; client_max_window_bits=9"), (true, 9));
    assert_eq!(limits("permessage-deflate; client_max_window_bits=12"), (true, 10));
    assert!(
        agreed("permessage-deflate", "permessage-deflate; client_no_context_takeover")
            .client_no_context_takeover
    );
}

#[test]
fn of_several_offers_the_answer_has_to_fit_one() {
    let offers = "permessage-deflate; server_max_window_bits=10, permessage-deflate; server_no_context_takeover, permessage-deflate; x";
    let ten = "permessage-deflate; server_max_window_bits=10";
    assert_eq!(agreed(offers, ten).server_max_window_bits, bits(10));
    let full = "permessage-deflate; server_no_context_takeover";
    assert_eq!(agreed(offers, full).server_max_window_bits, WindowBits::MAX);
    // What is wrong is said of the offer that was preferred.
    assert_eq!(verify(offers, "permessage-deflate"), Err(NegotiationError::MissingServerWindow));
}

#[test]
fn of_the_offers_that_an_answer_fits_each_promise_is_kept() {
    let client = |offers: &str| {
        let agreed = agreed(offers, "permessage-deflate");
        (agreed.client_no_context_takeover, agreed.client_max_window_bits.get())
    };
    let promise = "permessage-deflate; client_no_context_takeover; client_max_window_bits=9";
    assert_eq!(client(&format!("permessage-deflate, {promise}")), (true, 9));
    assert_eq!(client(&format!("{promise}, permessage-deflate")), (true, 9));
    assert_eq!(client(&format!("{promise}; server_max_window_bits=9, permessage-deflate")), (false, 15));
}

fn request(extensions: &str) -> String {
    format!(
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: {extensions}\r\n\r\n"
    )
}

fn response(extensions: &str) -> String {
    format!(
        "HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Extensions: {extensions}\r\n\r\n"
    )
}

fn handshake(offers: &str) -> ClientHandshake<'_> {
    let request = Offer { extensions: Some(offers), ..Offer::new("a", "/") };
    ClientHandshake::new(request, *b"the sample nonce").unwrap()
}

/// From the request's bytes to what either end knows in the end.
#[test]
fn both_ends_agree_over_http_1_1() {
    let small = Policy::new().with_send_window(bits(12)).with_receive_window(bits(9));
    for (client, server) in [(Policy::new(), small), (small, Policy::new()), (small, small)] {
        let offer = permessage_deflate::offer(&client);
        let client = handshake(&offer);
        let mut sent = [0; 1024];
        let len = client.encode(&mut sent).unwrap();
        let Ok(Some((Request::WebSocket(upgrade), _))) = Request::decode(&sent[..len]) else { panic!() };

        let agreed = permessage_deflate::accept(upgrade.extensions(), &server).unwrap();
        let answer = Choice { extensions: Some(&agreed), ..Choice::default() };
        let mut sent = [0; 1024];
        let len = upgrade.accept(answer).unwrap().encode(&mut sent).unwrap();
        let Ok(Some((Response::WebSocket(upgraded), _))) = client.decode(&sent[..len]) else { panic!() };
        assert_eq!(upgraded.deflate(), Some(agreed.parameters()));
    }
}

#[test]
fn both_ends_agree_over_http_2() {
    let offer = permessage_deflate::offer(&Policy::new().with_receive_window(bits(9)));
    let headers = [("sec-websocket-version", "13"), ("sec-websocket-extensions", &*offer)];
    let fields = || headers.iter().map(|(name, value)| (*name, value.as_bytes()));
    let request = Request::from_http2_parts("CONNECT", Some("websocket"), "a", "/", fields);
    let Ok(Request::WebSocket(connect)) = request else { panic!() };

    let agreed = permessage_deflate::accept(connect.extensions(), &Policy::new()).unwrap();
    let answer = Choice { extensions: Some(&agreed), ..Choice::default() };
    let acceptance = connect.accept(answer).unwrap();
    let answered: Vec<_> = acceptance.headers().map(|(_, value)| value).collect();
    let answered = extensions::parse(answered.iter().copied()).unwrap();
    assert_eq!(permessage_deflate::verify(list(&offer), answered), Ok(Some(agreed.parameters())));
}

#[test]
fn a_client_fails_on_a_wrong_answer_by_itself() {
    let handshake = handshake("permessage-deflate; server_max_window_bits=10, x");
    let error = handshake.decode(response("permessage-deflate").as_bytes()).unwrap_err();
    assert_eq!(error, ResponseError::Deflate(NegotiationError::MissingServerWindow));
    assert_eq!(error.to_string(), NegotiationError::MissingServerWindow.to_string());

    let other = response("x; y");
    let Ok(Some((Response::WebSocket(upgraded), _))) = handshake.decode(other.as_bytes()) else { panic!() };
    assert_eq!(upgraded.deflate(), None);
}

#[test]
fn a_server_cannot_send_a_wrong_answer() {
    let request = request("permessage-deflate; client_max_window_bits");
    let Ok(Some((Request::WebSocket(upgrade), _))) = Request::decode(request.as_bytes()) else { panic!() };
    let accept =
        |extensions| upgrade.accept(Choice { extensions: Some(extensions), ..Choice::default() }).map(drop);
    assert_eq!(accept("permessage-deflate; client_max_window_bits=9"), Ok(()));
    let error = accept("permessage-deflate; client_max_window_bits").unwrap_err();
    assert_eq!(error, HandshakeMisuse::DeflateMismatch);
}

#[test]
fn each_error_says_what_is_wrong() {
    for (error, words) in [
        (NegotiationError::RepeatedExtension, "answered twice"),
        (NegotiationError::UnknownParameter, "does not have"),
        (NegotiationError::RepeatedParameter, "a parameter of `permessage-deflate` twice"),
        (NegotiationError::UnexpectedValue, "gives a value"),
        (NegotiationError::InvalidWindowBits, "not a number of 8 to 15"),
        (NegotiationError::NotOffered, "was not offered"),
        (NegotiationError::MissingServerNoContextTakeover, "lacks the `server_no_context_takeover`"),
        (NegotiationError::MissingServerWindow, "lacks the `server_max_window_bits`"),
        (NegotiationError::ServerWindowTooLarge, "more than the offer's"),
        (NegotiationError::ClientWindowNotOffered, "has `client_max_window_bits`, which the offer lacks"),
    ] {
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn windows_and_levels_have_their_bounds() {
    for number in 0..=u8::MAX {
        let window = WindowBits::new(number);
        assert_eq!(window.is_some(), (8..=15).contains(&number));
        if let Some(window) = window {
            assert_eq!((window.get(), window.window_size()), (number, 2_usize.pow(number.into())));
            assert_eq!(window.to_string(), number.to_string());
        }
        assert_eq!(Level::new(number).map(Level::get), (number <= 9).then_some(number));
    }
    assert_eq!((WindowBits::MIN, WindowBits::MAX), (bits(8), bits(15)));
    assert_eq!((WindowBits::default(), Level::default()), (WindowBits::MAX, Level::FAST));
    assert_eq!([Level::STORED, Level::FAST, Level::BALANCED, Level::BEST].map(Level::get), [0, 1, 6, 9]);
    assert_eq!(Policy::new().with_level(Level::BEST).with_threshold(1).threshold, 1);
    assert_eq!(Policy::new().with_level(Level::BEST).level, Level::BEST);
}

/// Ten thousand offers, none of them acceptable, and parameters without end.
#[test]
fn many_offers_cost_what_they_are_long() {
    for unit in ["permessage-deflate; x, ", "permessage-deflate; server_max_window_bits=\"\\1\\6\", ", "x, "]
    {
        let offers = unit.repeat(10_000);
        assert_eq!(answer(&offers), None);
        assert_eq!(verify(&offers, "permessage-deflate"), Err(NegotiationError::NotOffered));
    }
    let params = format!("permessage-deflate{}", "; server_no_context_takeover".repeat(10_000));
    assert_eq!(answer(&params), None);
}

prop_compose! {
    fn any_policy()(
        (send, receive) in (8..=15_u8, 8..=15_u8), takeover in any::<(bool, bool)>(), accept in any::<bool>()
    ) -> Policy {
        Policy::new()
            .with_send_window(bits(send))
            .with_receive_window(bits(receive))
            .with_send_takeover(takeover.0)
            .with_receive_takeover(takeover.1)
            .with_accept_full_window(accept)
    }
}

/// An offer or an answer, right or nearly so.
const ELEMENT: &str = "permessage-deflate(; server_no_context_takeover(=1)?)?(; client_no_context_takeover)?\
    (; server_max_window_bits=(\"?(8|9|1[0-5])\"?))?(; client_max_window_bits(=(8|9|1[0-6]))?)?(; x)?";

proptest! {
    #[test]
    fn what_a_server_accepts_its_client_accepts(policy in any_policy(), offer in ELEMENT) {
        if let Some(agreed) = accept(&offer, policy) {
            prop_assert_eq!(verify(&offer, &agreed), Ok(Some(agreed.parameters())));
            // The policy holds.
            let Parameters { server_max_window_bits, client_max_window_bits, .. } = agreed.parameters();
            prop_assert!(server_max_window_bits <= policy.send_window);
            prop_assert!(client_max_window_bits <= policy.receive_window || policy.accept_full_window);
            prop_assert!(policy.send_takeover || agreed.parameters().server_no_context_takeover);
            prop_assert!(policy.receive_takeover || agreed.parameters().client_no_context_takeover);
        }
    }

    #[test]
    fn our_client_and_our_server_always_agree(client in any_policy(), server in any_policy()) {
        let offer = permessage_deflate::offer(&client);
        let agreed = accept(&offer, server).unwrap();
        let parameters = agreed.parameters();
        prop_assert_eq!(verify(&offer, &agreed), Ok(Some(parameters)));
        prop_assert_eq!(parameters.server_max_window_bits, client.receive_window.min(server.send_window));
        prop_assert_eq!(parameters.client_max_window_bits, client.send_window.min(server.receive_window));
        prop_assert_eq!(parameters.server_no_context_takeover, !(client.receive_takeover && server.send_takeover));
        prop_assert_eq!(parameters.client_no_context_takeover, !(client.send_takeover && server.receive_takeover));
    }

    #[test]
    fn of_many_offers_the_client_keeps_what_the_server_expects(
        policy in any_policy(), offers in prop::collection::vec(ELEMENT, 1..4)
    ) {
        let offers = offers.join(", ");
        if let Some(agreed) = accept(&offers, policy) {
            let (server, client) = (agreed.parameters(), verify(&offers, &agreed).unwrap().unwrap());
            prop_assert_eq!(client.server_no_context_takeover, server.server_no_context_takeover);
            prop_assert_eq!(client.server_max_window_bits, server.server_max_window_bits);
            prop_assert!(client.client_no_context_takeover || !server.client_no_context_takeover);
            prop_assert!(client.client_max_window_bits <= server.client_max_window_bits);
        }
    }

    #[test]
    fn any_bytes_are_offered_and_answered_without_a_panic(
        policy in any_policy(), offers in prop::collection::vec(any::<u8>(), 0..64), answer in ELEMENT
    ) {
        let offers: Vec<_> = extensions::parse([&offers[..]]).map(Iterator::collect).unwrap_or_default();
        let _ = permessage_deflate::accept(offers.iter().copied(), &policy);
        let _ = permessage_deflate::verify(offers.iter().copied(), list(&answer));
        let _ = permessage_deflate::verify(list(&answer), offers.iter().copied());
    }
}
