//! What is compressed to measure it.

/// Some 200 bytes, of which much is the same in all.
pub fn chat_message(i: usize) -> String {
    const SAID: [&str; 6] = [
        "has anyone seen what they did with the new release yet?",
        "I think we should wait until tomorrow, to be honest with you",
        "the second one looks better to me, but I may be wrong about that",
        "thank you all for the help, it works now and it is fast",
        "where do we meet tonight, at the station or at the old place",
        "no idea, ask the people in the other room, they will know",
    ];
    let who = ["ada", "grace", "edsger", "barbara", "donald"][i * 7 % 5];
    format!(
        "{{\"type\":\"message\",\"id\":{},\"room\":\"lobby\",\"from\":\"{who}\",\"sent\":\"2026-11-{:02}T{:02}:{:02}:{:02}Z\",\"text\":\"{}\",\"likes\":{}}}",
        184_467 + i * 13,
        i % 28 + 1,
        i * 5 % 24,
        i * 11 % 60,
        i * 17 % 60,
        SAID[i * 5 % 6],
        i * i % 97,
    )
}

/// 64 KiB of rows.
pub fn json_document() -> String {
    let mut document = String::from("[");
    let mut state = 88_172_645_463_325_252_u64;
    for id in 0.. {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let row = format!(
            "{{\"id\":{id},\"name\":\"user {}\",\"score\":{},\"active\":{},\"tags\":[\"{}\",\"{}\"],\"token\":\"{:08x}\"}},",
            state % 5000,
            state % 1_000_003,
            state % 3 == 0,
            ["red", "green", "blue", "yellow"][(state % 4) as usize],
            ["small", "large", "medium"][(state % 3) as usize],
            state >> 32,
        );
        if document.len() + row.len() > 65_536 {
            break;
        }
        document.push_str(&row);
    }
    document.pop();
    document.push(']');
    document
}
