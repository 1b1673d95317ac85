//! The opening handshakes of the table, through the decoders of both roles.

use serde_json::Value;
use wsproto::handshake::{
    Choice, ClientHandshake, HeadLimits, Offer, Request, RequestDecoder, RequestError, Response,
    ResponseDecoder, ResponseError, subprotocol,
};

use super::table::string;
use wsproto_test::vectors::{Case, cuts, latin1};

/// That of the key in the table: `dGhlIHNhbXBsZSBub25jZQ==`.
const NONCE: [u8; 16] = *b"the sample nonce";

pub fn request(case: &Case) {
    let name = string(case, "name");
    let head = latin1(string(case, "request"));
    for ends in cuts(head.len()) {
        let mut decoder = RequestDecoder::with_limits(limits(case));
        let decoded = ends.iter().map(|&end| {
            decoder.decode(&head[..end]).map(|found| found.map(|found| (found.request(&head), found.end())))
        });
        let how = format!("{name}, {} bytes first", ends[0]);
        match first_answer(decoded) {
            None => assert_eq!(string(case, "outcome"), "incomplete", "{how}"),
            Some(Err(error)) => refused(case, error, &how),
            Some(Ok((Request::Http(_), taken))) => {
                assert_eq!(string(case, "outcome"), "ordinary", "{how}");
                assert_eq!(head.len() - taken, rest(case), "{how}");
            }
            Some(Ok((Request::WebSocket(upgrade), taken))) => {
                assert_eq!(string(case, "outcome"), "upgrade", "{how}");
                assert_eq!(head.len() - taken, rest(case), "{how}");
                let speaks = strings(case, "speaks");
                let subprotocol = subprotocol::select(&speaks, upgrade.subprotocols());
                let acceptance = upgrade.accept(Choice { subprotocol, ..Choice::default() }).unwrap();
                let mut out = [0; 512];
                let n = acceptance.encode(&mut out).unwrap();
                answered(case, std::str::from_utf8(&out[..n]).unwrap(), &how);
            }
        }
    }
}

fn refused(case: &Case, error: RequestError, how: &str) {
    assert_eq!(string(case, "outcome"), "refused", "{how}: {error}");
    let mut out = [0; 512];
    let n = error.answer().encode(&mut out).unwrap();
    answered(case, std::str::from_utf8(&out[..n]).unwrap(), how);
}

/// Checks the status, and that each field of the table is there once with its value, or is not there.
fn answered(case: &Case, answer: &str, how: &str) {
    let status = format!("HTTP/1.1 {} ", case["status"]);
    assert!(answer.starts_with(&status), "{how}: {answer}");
    for (name, value) in case.get("fields").and_then(Value::as_object).into_iter().flatten() {
        let values = answer.lines().filter_map(|line| line.split_once(": "));
        let values: Vec<_> =
            values.filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, v)| v).collect();
        assert_eq!(values, value.as_str().into_iter().collect::<Vec<_>>(), "{how}: {name}");
    }
}

pub fn response(case: &Case) {
    let name = string(case, "name");
    let head = latin1(string(case, "response"));
    let subprotocols = strings(case, "subprotocols");
    let extensions = case.get("extensions").and_then(Value::as_str);
    let request = Offer { subprotocols: &subprotocols, extensions, ..Offer::new("example.com", "/chat") };
    let handshake = ClientHandshake::new(request, NONCE).unwrap();
    for ends in cuts(head.len()) {
        let mut decoder = ResponseDecoder::new(handshake);
        let decoded = ends.iter().map(|&end| {
            decoder.decode(&head[..end]).map(|found| found.map(|found| (found.response(&head), found.end())))
        });
        let how = format!("{name}, {} bytes first", ends[0]);
        let outcome: Option<Result<_, ResponseError>> = first_answer(decoded);
        match outcome {
            None => assert_eq!(string(case, "outcome"), "incomplete", "{how}"),
            Some(Err(error)) => assert_eq!(string(case, "outcome"), "fail", "{how}: {error}"),
            Some(Ok((Response::Http(response), _))) => {
                assert_eq!(string(case, "outcome"), "http", "{how}");
                assert_eq!(case["status"], response.status(), "{how}");
            }
            Some(Ok((Response::WebSocket(upgraded), taken))) => {
                assert_eq!(string(case, "outcome"), "open", "{how}");
                assert_eq!(upgraded.subprotocol(), case.get("subprotocol").and_then(Value::as_str), "{how}");
                assert_eq!(head.len() - taken, rest(case), "{how}");
            }
        }
    }
}

/// The first answer of a decoder that is asked piece after piece.
fn first_answer<T, E>(decoded: impl Iterator<Item = Result<Option<T>, E>>) -> Option<Result<T, E>> {
    decoded.into_iter().find_map(Result::transpose)
}

fn limits(case: &Case) -> HeadLimits {
    case.get("limits").map_or(HeadLimits::DEFAULT, |limits| {
        let number = |name: &str| usize::try_from(limits[name].as_u64().unwrap()).unwrap();
        HeadLimits::DEFAULT.with_bytes(number("head_bytes")).with_fields(number("head_fields"))
    })
}

fn rest(case: &Case) -> usize {
    case.get("rest").map_or(0, |rest| usize::try_from(rest.as_u64().unwrap()).unwrap())
}

fn strings<'c>(case: &'c Case, key: &str) -> Vec<&'c str> {
    let list = case.get(key).and_then(Value::as_array).into_iter().flatten();
    list.map(|value| value.as_str().unwrap()).collect()
}
