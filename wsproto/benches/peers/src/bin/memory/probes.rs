//! What a receiver checks, found out by asking: each of these has to be refused [RFC 6455].

use wsproto::wire::Opcode;

use crate::masked;
use crate::receive::Peer;

/// The names of the rules, and bytes that break each.
fn probes() -> [(&'static str, Vec<u8>); 5] {
    let mut reserved = masked(Opcode::Binary, b"abc");
    reserved[0] |= 0x40;
    [
        ("UTF-8", masked(Opcode::Text, b"\xff\xfe")),
        ("masks", b"\x82\x03abc".to_vec()),
        ("reserved bits", reserved),
        ("minimal lengths", [b"\x82\xfe\0\x03\0\0\0\0".as_slice(), b"abc"].concat()),
        ("order", masked(Opcode::Continuation, b"abc")),
    ]
}

/// What it checks of these, in words.
pub fn note(peer: &Peer) -> String {
    if peer.name == "copy" {
        return String::new();
    }
    let probes = probes();
    let is_checked = |bytes: &[u8]| (peer.count)(bytes).is_err();
    let checked: Vec<&str> =
        probes.iter().filter(|(_, bytes)| is_checked(bytes)).map(|&(name, _)| name).collect();
    match checked.len() {
        0 => "checks none".to_owned(),
        len if len == probes.len() => "checks all".to_owned(),
        _ => format!("checks {}", checked.join(", ")),
    }
}
