//! What is said, and who hears it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::rig::{Server, until};

/// More than one person types.
const UNHURRIED: [&str; 4] = ["--rate", "1000", "--burst", "1000"];

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|message| message["text"].as_str().expect("a text")).collect()
}

#[test]
fn the_lesson_is_spoken_in_json() {
    let server = Server::start(&[]);
    let (mut ada, first) = server.join("json");
    assert_eq!(first, json!({ "msg": [] }), "and nothing that the lesson does not know");
    let (mut ben, _) = server.join("json");

    ada.post("Ada", "one");
    let list = ada.next();
    let age = list["msg"][0]["time"].as_u64().map(Duration::from_millis).expect("milliseconds");
    let age = SystemTime::now().duration_since(UNIX_EPOCH + age).expect("not in the future");
    assert!(age.as_secs() < 60, "stamped with the time of now");
    assert_eq!(list["msg"][0]["user"], "Ada");
    assert_eq!(list["msg"][0].as_object().map(serde_json::Map::len), Some(3));
    assert_eq!(ben.next(), list, "the same for everybody");

    ben.post("Ben", "two");
    for client in [&mut ada, &mut ben] {
        assert_eq!(texts(&client.next()["msg"]), ["two", "one"], "the whole list, newest first");
    }
}

#[test]
fn the_time_is_the_servers() {
    let server = Server::start(&[]);
    let (mut ada, _) = server.join("json");
    ada.send(r#"{"user":"Ada","text":"late","time":1,"more":{}}"#);
    assert!(ada.next()["msg"][0]["time"].as_u64() > Some(1_600_000_000_000));
}

#[test]
fn json_delta_is_preferred_whatever_the_order() {
    let server = Server::start(&[]);
    for offer in [["json", "json-delta"], ["json-delta", "json"]] {
        assert_eq!(server.client(&offer).subprotocol.as_deref(), Some("json-delta"));
    }
}

#[test]
fn json_delta_brings_the_history_once_then_what_is_new() {
    let server = Server::start(&[]);
    let (mut ada, first) = server.join("json-delta");
    assert_eq!(first, json!({ "msg": [] }));
    assert_eq!(ada.next(), json!({ "online": 1 }));
    ada.post("Ada", "one");
    let new = ada.next();
    assert_eq!(texts(&new["new"]), ["one"]);

    let (mut ben, first) = server.join("json-delta");
    assert_eq!(first, json!({ "msg": new["new"] }));
    for client in [&mut ada, &mut ben] {
        assert_eq!(client.next(), json!({ "online": 2 }));
    }
    ben.post("Ben", "two");
    for client in [&mut ada, &mut ben] {
        assert_eq!(texts(&client.next()["new"]), ["two"]);
    }
}

#[test]
fn both_subprotocols_meet_in_one_room() {
    let server = Server::start(&[]);
    let (mut old, _) = server.join("json");
    let (mut new, _) = server.join("json-delta");
    assert_eq!(new.next(), json!({ "online": 2 }), "everybody counts");
    new.post("Ben", "one");
    assert_eq!(texts(&old.next()["msg"]), ["one"]);
    assert_eq!(texts(&new.next()["new"]), ["one"]);
    old.post("Ada", "two");
    assert_eq!(texts(&old.next()["msg"]), ["two", "one"]);
    assert_eq!(texts(&new.next()["new"]), ["two"]);
}

#[test]
fn the_count_follows_who_comes_and_goes() {
    let server = Server::start(&[]);
    let (mut ada, _) = server.join("json-delta");
    assert_eq!(ada.next(), json!({ "online": 1 }));
    let (mut ben, _) = server.join("json");
    assert_eq!(ada.next(), json!({ "online": 2 }));
    let vanishes = server.raw("");
    assert_eq!(ada.next(), json!({ "online": 3 }));
    drop(vanishes);
    assert_eq!(ada.next(), json!({ "online": 2 }));
    ben.socket.close(None).expect("sent");
    assert_eq!(ada.next(), json!({ "online": 1 }));
}

#[test]
fn without_a_subprotocol_in_common_it_is_json() {
    let server = Server::start(&[]);
    for fields in ["", "Sec-WebSocket-Protocol: xml, JSON\r\n"] {
        let head = server.upgrade("/", fields);
        assert!(head.starts_with("HTTP/1.1 101 ") && !head.contains("Sec-WebSocket-Protocol"), "{head}");
    }
    let mut client = server.client(&[]);
    assert_eq!(client.subprotocol, None);
    assert_eq!(client.next(), json!({ "msg": [] }));
    client.post("Ada", "one");
    assert_eq!(texts(&client.next()["msg"]), ["one"]);
}

#[test]
fn the_history_is_the_last_fifty_also_after_a_reconnect() {
    let server = Server::start(&UNHURRIED);
    let (mut ada, _) = server.join("json-delta");
    for n in 1..=55 {
        ada.post("Ada", &format!("message {n}"));
        ada.next_with("new");
    }
    drop(ada);
    let expected: Vec<_> = (6..=55).rev().map(|n| format!("message {n}")).collect();
    for subprotocol in ["json", "json-delta"] {
        assert_eq!(texts(&server.join(subprotocol).1["msg"]), expected);
    }
}

#[test]
fn a_hundred_posts_in_one_go_reach_everybody_in_order() {
    let server = Server::start(&UNHURRIED);
    let (mut ada, _) = server.join("json-delta");
    let (mut ben, _) = server.join("json-delta");
    for n in 0..100 {
        ada.socket
            .write(tungstenite::Message::text(json!({ "user": "Ada", "text": n.to_string() }).to_string()))
            .expect("buffered");
    }
    ada.socket.flush().expect("sent");
    for client in [&mut ada, &mut ben] {
        let mut heard = Vec::new();
        while heard.len() < 100 {
            let new = client.next_with("new");
            heard.extend(texts(&new["new"]).into_iter().map(str::to_owned));
        }
        assert_eq!(heard, (0..100).map(|n| n.to_string()).collect::<Vec<_>>());
    }
}

#[test]
fn a_crowd_that_comes_at_once_puts_nobody_out() {
    let server = Server::start(&[]);
    let mut crowd: Vec<_> = (0..200).map(|_| server.client(&["json-delta"])).collect();
    for client in &mut crowd {
        assert!(client.next()["msg"].is_array());
    }
    crowd[0].post("Ada", "hello");
    for client in &mut crowd {
        assert_eq!(texts(&client.next_with("new")["new"]), ["hello"]);
    }
    drop(crowd);
    until("the room is empty", || (server.online() == 1).then_some(()));
}

#[test]
fn a_crowd_that_speaks_at_once_is_heard_and_puts_nobody_out() {
    const CROWD: usize = 150;
    let server = Server::start(&[]);
    let mut crowd: Vec<_> = (0..CROWD).map(|_| server.join("json-delta").0).collect();
    let (mut old, _) = server.join("json");
    for (n, client) in crowd.iter_mut().enumerate() {
        client.post("Ada", &n.to_string());
    }
    let mut all_heard = crowd.iter_mut().map(|client| {
        let mut heard = Vec::new();
        while heard.len() < CROWD {
            let new = client.next_with("new");
            heard.extend(texts(&new["new"]).into_iter().map(str::to_owned));
        }
        heard
    });
    let first = all_heard.next().expect("a crowd");
    assert!(all_heard.all(|heard| heard == first), "all hear the same, in the same order");
    let newest_first: Vec<_> = first.iter().rev().take(50).collect();
    while texts(&old.next()["msg"]) != newest_first {}
}

#[test]
fn a_post_has_the_key_that_its_author_gave_it_and_an_id_of_the_server_s() {
    let server = Server::start(&[]);
    let (mut old, _) = server.join("json");
    let (mut ada, _) = server.join("json-delta");
    ada.send(r#"{"user":"Ada","text":"one","key":"mine"}"#);
    let one = ada.next_with("new")["new"][0].clone();
    assert_eq!(one["key"], "mine");
    assert_eq!(
        old.next()["msg"][0].as_object().map(serde_json::Map::len),
        Some(3),
        "the lesson knows of none"
    );
    ada.post("Ada", "two");
    let two = ada.next_with("new")["new"][0].clone();
    assert!(two.get("key").is_none());
    assert!(one["id"].is_string() && two["id"].is_string() && one["id"] != two["id"]);
    assert_eq!(server.join("json-delta").1["msg"], json!([two, one]), "the same in the history");

    let refused = json!({ "user": "Ada", "text": "x".repeat(501), "key": "long" });
    ada.send(&refused.to_string());
    assert_eq!(ada.next_with("error")["key"], "long");
    ada.send(r#"{"user":"Ada","text":"three","key":null}"#);
    assert_eq!(ada.next_with("new")["new"][0]["text"], "three");
    for key in ["\"\"", "7", &format!("\"{}\"", "x".repeat(65))] {
        ada.send(&format!("{{\"user\":\"Ada\",\"text\":\"hi\",\"key\":{key}}}"));
        assert!(ada.next_with("error").get("key").is_none());
    }
}

#[test]
fn what_is_sent_twice_is_posted_once() {
    let server = Server::start(&[]);
    let (mut ada, _) = server.join("json-delta");
    let post = r#"{"user":"Ada","text":"one","key":"mine"}"#;
    ada.send(post);
    ada.send(post);
    ada.next_with("new");
    drop(ada);
    let (mut ada, _) = server.join("json-delta");
    ada.send(post);
    ada.post("Ada", "two");
    assert_eq!(texts(&ada.next_with("new")["new"]), ["two"]);
    assert_eq!(texts(&server.join("json-delta").1["msg"]), ["two", "one"]);
}

#[test]
fn who_is_here_is_told_by_name() {
    let server = Server::start(&[]);
    let (mut old, _) = server.join("json");
    let (mut ada, _) = server.join("json-delta");
    assert_eq!(ada.next(), json!({ "online": 2 }));
    ada.send(r#"{"here":" Ada "}"#);
    assert_eq!(ada.next(), json!({ "online": 2, "names": ["Ada"] }));
    let (mut ben, _) = server.join("json-delta");
    assert_eq!(ben.next(), json!({ "online": 3, "names": ["Ada"] }));
    ada.next();
    ben.send("{\"here\":\"B\\u202een\"}");
    for client in [&mut ada, &mut ben] {
        assert_eq!(client.next(), json!({ "online": 3, "names": ["Ada", "B\u{fffd}en"] }));
    }
    ben.send(r#"{"here":""}"#);
    assert_eq!(ada.next(), json!({ "online": 3, "names": ["Ada"] }));
    drop(ada);
    assert_eq!(ben.next_with("online"), json!({ "online": 3, "names": ["Ada"] }), "its own word");
    assert_eq!(ben.next(), json!({ "online": 2 }));
    old.send(r#"{"here":"Old"}"#);
    assert!(old.next()["error"].is_string(), "the lesson knows of posts alone");
    ben.send(&json!({ "here": "x".repeat(33) }).to_string());
    assert!(ben.next()["error"].is_string());
}

#[test]
fn a_crowd_s_names_are_bounded() {
    let server = Server::start(&[]);
    let mut crowd: Vec<_> = (0..60).map(|_| server.join("json-delta").0).collect();
    for (n, client) in crowd.iter_mut().enumerate() {
        client.send(&json!({ "here": format!("{n:02}") }).to_string());
    }
    until("the first fifty are named", || {
        let told = crowd[0].next_with("names");
        let names = told["names"].as_array().expect("a list");
        assert!(names.len() <= 50);
        (names.len() == 50 && told["online"] == 60 && names[49] == "49").then_some(())
    });
}

#[test]
fn who_types_is_told_for_a_while_and_not_in_json() {
    let server = Server::start(&[]);
    let (mut old, _) = server.join("json");
    let (mut ada, _) = server.join("json-delta");
    let (mut ben, _) = server.join("json-delta");
    let begin = std::time::Instant::now();
    ada.send(r#"{"here":"Ada"}"#);
    ada.send(r#"{"typing":true}"#);
    assert_eq!(ben.next_with("typing"), json!({ "typing": ["Ada"] }));
    assert_eq!(ben.next_with("typing"), json!({ "typing": [] }), "not for ever");
    assert!(begin.elapsed() >= Duration::from_secs(6));
    ada.send(r#"{"typing":true}"#);
    assert_eq!(ben.next_with("typing"), json!({ "typing": ["Ada"] }));
    ada.send(r#"{"typing":false}"#);
    assert_eq!(ben.next_with("typing"), json!({ "typing": [] }));
    ada.send(r#"{"typing":true}"#);
    assert_eq!(ben.next_with("typing"), json!({ "typing": ["Ada"] }));
    ada.post("Ada", "written");
    assert_eq!(ben.next_with("typing"), json!({ "typing": [] }), "it is posted");
    assert_eq!(texts(&old.next()["msg"]), ["written"], "and nothing before it");
    assert!(old.socket.get_mut().set_nonblocking(true).is_ok() && old.socket.read().is_err());
}

#[test]
fn who_types_is_not_told_in_a_crowd_and_of_a_few_at_most() {
    let server = Server::start(&[]);
    let mut few: Vec<_> = (0..6).map(|_| server.join("json-delta").0).collect();
    for (n, client) in few.iter_mut().enumerate() {
        client.send(&json!({ "here": n.to_string() }).to_string());
        client.send(r#"{"typing":true}"#);
    }
    until("four are told", || {
        let names = few[0].next_with("typing")["typing"].as_array().map(Vec::len);
        assert!(names <= Some(4));
        (names == Some(4)).then_some(())
    });
    until("none is any more", || (few[0].next_with("typing")["typing"] == json!([])).then_some(()));
    let crowd: Vec<_> = (0..100).map(|_| server.join("json-delta").0).collect();
    few[1].send(r#"{"typing":true}"#);
    few[1].post("1", "typed");
    // The word on presence comes a quarter of a second apart: the post would be behind it.
    std::thread::sleep(Duration::from_millis(600));
    few[0].post("0", "last");
    loop {
        let told = few[0].next();
        assert!(told.get("typing").is_none(), "{told}");
        if told["new"][0]["text"] == "last" {
            break;
        }
    }
    drop(crowd);
}

#[test]
fn a_sign_of_life_is_answered() {
    let server = Server::start(&[]);
    let (mut ada, _) = server.join("json-delta");
    ada.send(r#"{"ping":1}"#);
    assert_eq!(ada.next_with("pong"), json!({ "pong": true }));
}
