//! Several servers that share a Redis are one room. Needs `redis-server` (Debian: `apt-get install redis-server`).

#[path = "chat/rig.rs"]
#[expect(dead_code, reason = "the other test needs more of it")]
mod rig;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tungstenite::Message;

use rig::{Client, Server, until};

/// A Redis of our own, which keeps what it has said yes to.
struct Redis {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Redis {
    fn start(name: &str) -> Self {
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let folder = std::env::temp_dir().join(format!("chat-demo-redis-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("made");
        let redis = Self { child: Self::spawn(port, &folder), port, folder };
        redis.wait();
        redis
    }

    fn spawn(port: u16, folder: &PathBuf) -> Child {
        Command::new("redis-server")
            .args([
                "--bind",
                "127.0.0.1",
                "--port",
                &port.to_string(),
                "--save",
                "",
                "--appendonly",
                "yes",
                // Otherwise it may say yes first, and write later, when the disk is busy.
                "--appendfsync",
                "always",
                "--dir",
            ])
            .arg(folder)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server: apt-get install redis-server")
    }

    fn wait(&self) {
        until("Redis listens", || self.ask(&["ping"]).contains("PONG").then_some(()));
    }

    fn ask(&self, command: &[&str]) -> String {
        let output = Command::new("redis-cli").args(["-p", &self.port.to_string()]).args(command).output();
        String::from_utf8(output.expect("redis-cli").stdout).expect("UTF-8")
    }

    fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    fn start_again(&mut self) {
        self.child = Self::spawn(self.port, &self.folder);
        self.wait();
    }

    fn serve(&self) -> Server {
        let url = format!("redis://127.0.0.1:{}", self.port);
        Server::start(&["--redis", &url, "--rate", "1000", "--burst", "1000"])
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Somebody in the room, and all that was heard, by its place.
struct Listener {
    client: Client,
    heard: BTreeMap<(u64, u64), String>,
    /// In the order in which it came on this connection.
    last: Option<(u64, u64)>,
}

impl Listener {
    fn join(server: &Server) -> Self {
        let (client, history) = server.join("json-delta");
        let mut listener = Self { client, heard: BTreeMap::new(), last: None };
        for message in history["msg"].as_array().expect("a list").iter().rev() {
            listener.hear(message);
        }
        listener
    }

    fn join_again(&mut self, server: &Server) {
        let Self { client, heard, last } = Self::join(server);
        self.client = client;
        self.last = last;
        self.heard.extend(heard);
    }

    fn hear(&mut self, message: &Value) {
        let (time, number) = message["id"].as_str().and_then(|id| id.split_once('-')).expect("an id");
        let id = (time.parse().expect("a time"), number.parse().expect("a number"));
        assert!(self.last < Some(id), "in order, and once: {id:?} after {:?}", self.last);
        self.last = Some(id);
        self.heard.insert(id, message["text"].as_str().expect("a text").to_owned());
    }

    fn hear_until(&mut self, text: &str) {
        while !self.heard.values().any(|heard| heard == text) {
            for message in self.client.next_with("new")["new"].as_array().expect("a list") {
                self.hear(message);
            }
        }
    }

    fn texts(&self) -> Vec<&str> {
        self.heard.values().map(String::as_str).collect()
    }
}

/// Posts so many messages by each in turn, and has all of them hear all.
fn talk(listeners: &mut [Listener], round: &str, count: usize) {
    post(listeners, round, count);
    hear(listeners, round, count);
}

fn post(listeners: &mut [Listener], round: &str, count: usize) {
    for n in 0..count {
        for (who, listener) in listeners.iter_mut().enumerate() {
            let text = format!("{round} {who} {n}");
            let post = json!({ "user": who.to_string(), "text": text, "key": format!("key of {text}") });
            listener.client.socket.send(Message::text(post.to_string())).expect("sent");
        }
    }
}

fn hear(listeners: &mut [Listener], round: &str, count: usize) {
    let all = listeners.len();
    for listener in listeners.iter_mut() {
        (0..all).for_each(|who| listener.hear_until(&format!("{round} {who} {}", count - 1)));
    }
    // Each post once, and those of one author in their order.
    for listener in listeners.iter() {
        for who in 0..all {
            let of_author = format!("{round} {who} ");
            let heard: Vec<_> =
                listener.texts().into_iter().filter(|text| text.starts_with(&of_author)).collect();
            let expected: Vec<_> = (0..count).map(|n| format!("{of_author}{n}")).collect();
            assert_eq!(heard, expected);
        }
    }
    let last = |listener: &Listener| listener.heard.last_key_value().map(|(id, text)| (*id, text.clone()));
    let lasts: Vec<_> = listeners.iter().map(last).collect();
    assert!(lasts.iter().all(|last| last == &lasts[0]), "one order: {lasts:?}");
}

fn history(server: &Server) -> Value {
    server.join("json-delta").1["msg"].clone()
}

#[test]
fn three_servers_are_one_room_whoever_of_them_or_redis_is_lost() {
    let mut redis = Redis::start("room");
    let mut servers = [redis.serve(), redis.serve(), redis.serve()];
    let mut listeners = servers.each_ref().map(Listener::join);
    talk(&mut listeners, "all are there", 30);
    until("all count", || (servers[0].online() == 4).then_some(()));
    let newest = history(&servers[0]);
    assert_eq!(newest.as_array().map(Vec::len), Some(50));
    assert_eq!(newest[0]["key"], format!("key of {}", newest[0]["text"].as_str().expect("a text")));
    assert!(servers.iter().all(|server| history(server) == newest), "the last fifty, from each");

    // Who could not know that it was heard says it again, to another server.
    let again = json!({ "user": "0", "text": "twice?", "key": newest[0]["key"] });
    listeners[1].client.send(&again.to_string());

    // A server dies, and its clients are sent to another one, where more was said meanwhile.
    servers[0].signal("KILL");
    servers[0].wait();
    let [gone, rest @ ..] = &mut listeners;
    talk(rest, "one is gone", 10);
    gone.join_again(&servers[1]);
    assert_eq!(gone.texts(), rest[0].texts(), "nothing was missed");
    until("the dead one's are not counted any more", || (servers[1].online() == 4).then_some(()));

    // Redis dies. What is posted waits for it.
    redis.kill();
    servers[2].wait_for_log("Redis is away");
    post(&mut listeners, "no Redis", 20);
    std::thread::sleep(std::time::Duration::from_secs(1));
    redis.start_again();
    hear(&mut listeners, "no Redis", 20);
    talk(&mut listeners, "Redis again", 10);
    servers[2].wait_for_log("Redis is back");
    let lines = ["Redis", "Redis is away", "Redis is back"].map(|words| servers[2].count_in_log(words));
    assert_eq!(lines, [2, 1, 1], "one line when it goes, one when it is back");

    // And while all are posting: an answer that was lost is no reason to say it twice.
    for round in ["mid-flight 1", "mid-flight 2", "mid-flight 3"] {
        post(&mut listeners, round, 100);
        redis.kill();
        redis.start_again();
        hear(&mut listeners, round, 100);
    }

    // A server that comes new knows what was said.
    servers[0] = redis.serve();
    assert_eq!(history(&servers[0]), history(&servers[1]));
    let texts = listeners.each_ref().map(Listener::texts);
    assert!(texts.iter().all(|heard| heard == &texts[0]));
    assert!(!texts[0].contains(&"twice?"), "what is said again is not posted again");
}

#[test]
fn who_is_here_and_who_types_is_known_behind_each_server() {
    let redis = Redis::start("presence");
    let servers = [redis.serve(), redis.serve()];
    let [(mut ada, _), (mut ben, _)] = servers.each_ref().map(|server| server.join("json-delta"));
    ada.send(r#"{"here":"Ada"}"#);
    ben.send(r#"{"here":"Ben"}"#);
    for client in [&mut ada, &mut ben] {
        let both = json!({ "online": 2, "names": ["Ada", "Ben"] });
        until("both know of both", || (client.next_with("online") == both).then_some(()));
    }
    ada.send(r#"{"typing":true}"#);
    assert_eq!(ben.next_with("typing"), json!({ "typing": ["Ada"] }));
    ada.post("Ada", "typed");
    until("it is posted", || (ben.next_with("typing") == json!({ "typing": [] })).then_some(()));
    drop(ada);
    let one = json!({ "online": 1, "names": ["Ben"] });
    until("Ada has left", || (ben.next_with("online") == one).then_some(()));
}

#[test]
fn a_redis_that_is_not_there_is_explained() {
    let output =
        rig::chat_demo().args(["--listen", "127.0.0.1:0", "--redis", "redis://127.0.0.1:1"]).output();
    let output = output.expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("is it running? try `redis-cli -u redis://127.0.0.1:1 ping`"), "{said}");
}
