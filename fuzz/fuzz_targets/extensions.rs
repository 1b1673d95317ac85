//! Lists of extensions, one a line, against a reading of RFC 6455 §9.1 that first cuts them into words.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsproto::handshake::extensions::parse;
use wsproto_fuzz::lists::read_extensions;
use wsproto_fuzz::requests::own;

fuzz_target!(|input: &[u8]| {
    let values: Vec<&[u8]> = input.split(|&byte| byte == b'\n').collect();
    let parsed = parse(values.iter().copied());
    assert_eq!(parsed.map(|list| list.map(own).collect::<Vec<_>>()), read_extensions(&values));
});
