//! Publish and subscribe, in rooms: `pubsub ADDRESS PUBLISHER SUBSCRIBER`, where the latter two are tokens.
//!
//! `ws://ADDRESS/rooms/NAME` with a token as `Authorization: Bearer TOKEN` or, for browsers, which can't send that, as `?token=TOKEN`.
//! Who has the publisher's token sends messages to all in the room; the others hear them. `tokio-wsproto` finds
//! silent peers and leaves them by default. Ctrl-C or SIGTERM closes all connections in order.

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::{TcpListener, TcpStream};
use tokio::signal;
use tokio_wsproto::wsproto::handshake::Answer;
use tokio_wsproto::{Accept, AcceptError, Broadcast, CloseCode, Handshake, Options, Serve};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// How many rooms there may be at a time.
const ROOMS: usize = 1000;
/// How many messages a subscriber may be behind before it is left. A room holds each once for all.
const BEHIND: usize = 256;
const MAX_MESSAGE: u64 = 64 * 1024;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [address, publisher, subscriber] = arguments.as_slice() else {
        eprintln!("usage: pubsub ADDRESS PUBLISHER SUBSCRIBER");
        return ExitCode::FAILURE;
    };
    let tokens = Tokens { publisher: publisher.clone(), subscriber: subscriber.clone() };
    match run(address, tokens).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(address: &str, tokens: Tokens) -> std::io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    let (tokens, rooms) = (Arc::new(tokens), Rooms::default());
    let handler = move |handshake| {
        let (tokens, rooms) = (tokens.clone(), rooms.clone());
        async move {
            if let Err(error) = serve(handshake, &tokens, rooms).await {
                eprintln!("{error}");
            }
        }
    };
    let options = Options::new().with_max_message_size(MAX_MESSAGE);
    let server = Serve::new(listener).with_options(options).with_max_connections(10_000);
    server.run(handler, told_to_stop()).await;
    Ok(())
}

/// Waits for Ctrl-C, or for what the operating system ends a service with.
async fn told_to_stop() {
    #[cfg(unix)]
    if let Ok(mut terminate) = signal::unix::signal(signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = terminate.recv() => return,
            _ = signal::ctrl_c() => return,
        }
    }
    drop(signal::ctrl_c().await);
}

async fn serve(handshake: Handshake<TcpStream>, tokens: &Tokens, rooms: Rooms) -> Result<(), Error> {
    let Some(may_publish) = tokens.may_publish(&handshake) else {
        // [RFC 9110 §15.5.2]: a 401 has a challenge.
        let challenge: &[(&str, &[u8])] = &[("WWW-Authenticate", b"Bearer")];
        let answer = Answer::new(401, challenge, b"the token is wrong\n").map_err(AcceptError::Misuse)?;
        return Ok(handshake.answer(answer).await?);
    };
    let name = handshake.path().strip_prefix("/rooms/");
    let Some(name) = name.filter(|name| (1..=64).contains(&name.len()) && !name.contains('/')) else {
        return Ok(handshake.refuse(404, "rooms are at /rooms/NAME\n").await?);
    };
    let Some(place) = Place::take(rooms, name) else {
        return Ok(handshake.refuse(503, "there are too many rooms\n").await?);
    };
    let mut socket = handshake.accept(Accept::new()).await?;
    let mut news = place.room.subscribe();
    while let Some(message) = socket.recv_or_forward(&mut news).await? {
        if !may_publish {
            return Ok(socket.close(CloseCode::POLICY_VIOLATION, "this token only subscribes").await?);
        }
        place.room.send(message);
    }
    Ok(())
}

struct Tokens {
    publisher: String,
    subscriber: String,
}

impl Tokens {
    /// Tells whether the client may publish; `None` of one who may not even subscribe.
    fn may_publish(&self, handshake: &Handshake<TcpStream>) -> Option<bool> {
        let bearer = handshake.header("Authorization").and_then(|field| field.strip_prefix(b"Bearer "));
        let query = || handshake.query()?.split('&').find_map(|pair| pair.strip_prefix("token="));
        let token = bearer.or_else(|| query().map(str::as_bytes))?;
        if is_equal(token, self.publisher.as_bytes()) {
            return Some(true);
        }
        is_equal(token, self.subscriber.as_bytes()).then_some(false)
    }
}

/// Compares in a time that does not tell where the difference is.
fn is_equal(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

/// The rooms where somebody is, and how many that are.
type Rooms = Arc<Mutex<HashMap<String, (Broadcast, usize)>>>;

/// A connection's place in a room. The last one that is given up ends the room.
struct Place {
    rooms: Rooms,
    name: String,
    room: Broadcast,
}

impl Place {
    fn take(rooms: Rooms, name: &str) -> Option<Self> {
        let mut locked = lock(&rooms);
        if locked.len() >= ROOMS && !locked.contains_key(name) {
            return None;
        }
        let (room, places) = locked.entry(name.into()).or_insert_with(|| (Broadcast::new(BEHIND), 0));
        *places += 1;
        let room = room.clone();
        drop(locked);
        Some(Self { rooms, name: name.into(), room })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut rooms = lock(&self.rooms);
        let Some((_, places)) = rooms.get_mut(&self.name) else { return };
        *places -= 1;
        if *places == 0 {
            rooms.remove(&self.name);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
