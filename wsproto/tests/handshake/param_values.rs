//! The values of extension parameters ([RFC 6455 §9.1]): a token and the same one in quotes are the same value.

use wsproto::handshake::extensions::{self, ParamValue};

/// The values of the parameters in `list`, which all have one.
fn values(list: &str) -> Vec<ParamValue<'_>> {
    let list = extensions::parse([list.as_bytes()]).unwrap();
    list.flat_map(|extension| extension.params().map(|(_, value)| value.unwrap()).collect::<Vec<_>>())
        .collect()
}

#[test]
fn quotes_and_backslashes_make_no_difference() {
    let written = values(r#"x; a=10; b="10"; c="\1\0", y; d="1\0""#);
    assert_eq!(written.len(), 4);
    for value in written {
        assert_eq!(value, values("x; a=10")[0]);
        assert!(value == "10" && value == *"10");
        assert!(value.bytes().eq(*b"10"));
        assert_eq!(value.to_string(), "10");
    }
}

#[test]
fn other_values_differ() {
    for value in values("x; a=1; b=100; c=01; d=\"11\"") {
        assert_ne!(value, values("x; a=10")[0]);
        assert!(value != "10" && value != *"10");
    }
}
