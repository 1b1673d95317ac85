// Included by both programs over wsproto: all that comes behind the opening handshake.

/// Echoes until the closing handshake is done.
fn converse(line: &mut Line, memory: &mut [u8; 1024], first_bytes: usize) {
    let mut session = Session::new(Server, Limits::new(), memory);
    session.filled(first_bytes);
    while !session.should_close_transport() {
        while let Ok(Some((message, sender))) = session.next() {
            let payload = match message {
                Message::Text(text) => text.as_bytes(),
                Message::Binary(payload) => payload,
                _ => continue,
            };
            if let Ok(header) = sender.frame().header(message) {
                line.write_all(&header);
                line.write_all(payload);
            }
        }
        let mut control = [0; 131];
        let n = session.encode_reply(&mut control).unwrap_or_default();
        line.write_all(&control[..n]);
        let n = line.read(session.buffer());
        session.filled(n);
    }
}
