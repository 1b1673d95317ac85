//! No bit of the protocol lives in the chat: that is what the engine is for.

use std::path::Path;

#[test]
fn there_is_no_protocol_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("sources") {
        let path = entry.expect("a file").path();
        let source = std::fs::read_to_string(&path).expect("UTF-8").to_lowercase();
        for word in [
            "sha1",
            "sha-1",
            "258eafa5",
            "base64",
            "sec-websocket",
            "opcode",
            "maskingkey",
            "unmask",
            "0x",
            "0b0",
            "0b1",
            "^",
            "<<",
        ] {
            assert!(!source.contains(word), "{word:?} in {}", path.display());
        }
        seen += 1;
    }
    assert!(seen >= 8, "all of them");
}
