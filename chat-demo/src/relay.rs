//! One room behind several servers: its order and its history are those of a Redis Stream.
//!
//! A post goes to Redis, and comes back with its place in the order: to all servers alike, also to the one that it came
//! from. From there on it is the room's, as any other. What waits when Redis is lost is sent when it is back, once: each
//! server counts its posts, and Redis takes none whose number it has seen. What was posted meanwhile elsewhere is read
//! from behind the last message that was heard.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::streams::{StreamId, StreamRangeReply, StreamReadReply};
use redis::{AsyncConnectionConfig, Client, FromRedisValue, Pipeline, RedisResult, cmd};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tracing::{debug, warn};

use crate::message::{At, HISTORY, Message, Post, Presence};
use crate::room::{BACKLOG, Room};

const MESSAGES: &str = "chat-demo:messages";
const HERE: &str = "chat-demo:here";
const SEEN: &str = "chat-demo:seen";

/// How many messages Redis keeps at least: as many may be posted while a server can't reach it.
const KEPT: usize = 10_000;

/// How many are written or read in one go.
const BATCH: usize = 256;

/// How long one waits for news, in milliseconds, and how long for any answer at all.
const BLOCK: u32 = 2000;
const PATIENCE: Duration = Duration::from_secs(5);

/// The time between two attempts.
const RETRY: Duration = Duration::from_millis(250);

/// The time between two counts of all who are online.
const PRESENCE: Duration = Duration::from_secs(1);

/// Adds a post, unless its number was seen: it was, when only the answer to it was lost.
const ADD: &str = "
    if tonumber(ARGV[1]) <= tonumber(redis.call('GET', KEYS[2]) or '0') then return end
    redis.call('SET', KEYS[2], ARGV[1], 'EX', 86400)
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'user', ARGV[3], 'text', ARGV[4], 'key', ARGV[5])";

/// Takes down who is here, forgets servers that have been silent for 5 seconds, and gives who is behind each other one.
const COUNT: &str = "
    local now = tonumber(redis.call('TIME')[1])
    redis.call('ZADD', KEYS[2], now, ARGV[1])
    redis.call('HDEL', KEYS[1], ARGV[1])
    for _, silent in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - 5)) do
        redis.call('HDEL', KEYS[1], silent)
        redis.call('ZREM', KEYS[2], silent)
    end
    local elsewhere = redis.call('HVALS', KEYS[1])
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
    return elsewhere";

/// Opens the room that is kept in this Redis, and keeps it up with it for ever.
pub(crate) async fn open(url: &str, queue: usize) -> Result<Arc<Room>, String> {
    let explain = |error| format!("--redis {url}: {error}; is it running? try `redis-cli -u {url} ping`");
    let client = Client::open(url).map_err(explain)?;
    let newest_first = newest(&client).await.map_err(explain)?;
    let last = newest_first.first().map_or_else(|| "0-0".to_owned(), |entry| entry.id.clone());
    let (relay, posts) = mpsc::channel(BACKLOG);
    let room = Room::new(queue, newest_first.iter().rev().filter_map(message), Some(relay));
    // Nobody else has it, also on another machine.
    let name = format!("chat-demo:server:{:x}", RandomState::new().hash_one(url));
    tokio::spawn(write(client.clone(), name.clone(), posts));
    tokio::spawn(read(client.clone(), Arc::clone(&room), last));
    tokio::spawn(count(client, name, Arc::clone(&room)));
    Ok(room)
}

async fn connect(client: &Client) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    client.get_multiplexed_async_connection_with_config(&config).await
}

async fn newest(client: &Client) -> RedisResult<Vec<StreamId>> {
    let mut connection = connect(client).await?;
    let mut command = cmd("XREVRANGE");
    command.arg(MESSAGES).arg("+").arg("-").arg("COUNT").arg(2 * HISTORY);
    Ok(command.query_async::<StreamRangeReply>(&mut connection).await?.ids)
}

/// Brings posts to Redis, in the order in which they came.
async fn write(client: Client, name: String, mut posts: mpsc::Receiver<Post>) {
    let (mut batch, mut number, mut connection) = (Vec::new(), 0_u64, None);
    while posts.recv_many(&mut batch, BATCH).await > 0 {
        let mut commands = redis::pipe();
        for post in batch.drain(..) {
            number += 1;
            let add = commands.cmd("EVAL").arg(ADD).arg(2).arg(MESSAGES).arg(&name);
            add.arg(number)
                .arg(KEPT)
                .arg(post.user)
                .arg(post.text)
                .arg(post.key.unwrap_or_default())
                .ignore();
        }
        while let Err(error) = add(&client, &mut connection, &commands).await {
            debug!(%error, "not posted yet");
            sleep(RETRY).await;
        }
    }
}

/// Sends commands by a connection that is kept for the next ones, unless it fails.
async fn add(
    client: &Client,
    kept: &mut Option<MultiplexedConnection>,
    commands: &Pipeline,
) -> RedisResult<()> {
    let mut connection = match kept.take() {
        Some(connection) => connection,
        None => connect(client).await?,
    };
    commands.query_async::<()>(&mut connection).await?;
    *kept = Some(connection);
    Ok(())
}

/// Reads what is posted, here and elsewhere, from behind the last message.
///
/// It alone says when Redis goes and is back: it always waits for an answer, so that it notices first.
async fn read(client: Client, room: Arc<Room>, mut last: String) {
    let mut is_away = false;
    while let Err(error) = follow(&client, &room, &mut last, &mut is_away).await {
        if !std::mem::replace(&mut is_away, true) {
            warn!(%error, "Redis is away; trying again, and posts wait");
        }
        sleep(RETRY).await;
    }
}

async fn follow(client: &Client, room: &Room, last: &mut String, is_away: &mut bool) -> RedisResult<()> {
    let mut connection = connect(client).await?;
    loop {
        let mut command = cmd("XREAD");
        command.arg("COUNT").arg(BATCH).arg("BLOCK").arg(BLOCK).arg("STREAMS").arg(MESSAGES).arg(&*last);
        let reply: Option<StreamReadReply> = command.query_async(&mut connection).await?;
        if std::mem::take(is_away) {
            warn!("Redis is back");
        }
        for entry in reply.into_iter().flat_map(|reply| reply.keys).flat_map(|stream| stream.ids) {
            if let Some(message) = message(&entry) {
                room.hear(message);
            }
            *last = entry.id;
        }
        // What the room can't send yet waits in Redis.
        while room.waiting() > BATCH {
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Tells Redis who is here, and the room who is elsewhere.
async fn count(client: Client, name: String, room: Arc<Room>) {
    while let Err(error) = exchange(&client, &name, &room).await {
        debug!(%error, "not counted");
        sleep(RETRY).await;
    }
}

async fn exchange(client: &Client, name: &str, room: &Room) -> RedisResult<()> {
    let mut connection = connect(client).await?;
    loop {
        let mut command = cmd("EVAL");
        let here = room.here();
        let told = json!([here.count, here.names, here.typing]).to_string();
        command.arg(COUNT).arg(2).arg(HERE).arg(SEEN).arg(name).arg(told);
        let mut elsewhere = Presence::default();
        for told in command.query_async::<Vec<String>>(&mut connection).await? {
            let (count, names, typing) = serde_json::from_str(&told).unwrap_or_default();
            elsewhere.add(Presence { count, names, typing });
        }
        room.set_elsewhere(elsewhere);
        sleep(PRESENCE).await;
    }
}

/// An entry that somebody else wrote, in another form, is none of ours.
fn message(entry: &StreamId) -> Option<Message> {
    let (time, number) = entry.id.split_once('-')?;
    let at = At { time: time.parse().ok()?, number: number.parse().ok()? };
    let key = field(&entry.map, "key").filter(|key| !key.is_empty());
    Some(Message {
        at,
        post: Post { user: field(&entry.map, "user")?, text: field(&entry.map, "text")?, key },
    })
}

fn field(map: &HashMap<String, redis::Value>, name: &str) -> Option<String> {
    map.get(name).and_then(|value| String::from_redis_value_ref(value).ok())
}
