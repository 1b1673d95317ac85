// Included by both programs over wsproto: all that comes behind the opening handshake.

/// Echoes until the closing handshake is done.
fn converse(line: &mut Line, memory: &mut [u8; 1024], first_bytes: usize) {
    let mut session = Session::<Server, _>::new(Config::new(), memory);
    session.filled(first_bytes);
    while !session.should_close_transport() {
        let Session { incoming, reply, sender } = &mut session;
        loop {
            let (header, payload) = match incoming.next(reply) {
                Ok(Some(Message::Text(text))) => (sender.frame().text_header(text), text.as_bytes()),
                Ok(Some(Message::Binary(payload))) => (sender.frame().binary_header(payload), payload),
                Ok(Some(_)) => continue,
                Ok(None) | Err(_) => break,
            };
            if let Ok(header) = header {
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
