//! Measures permessage-deflate: speed, what it saves, and the memory of a connection, for `docs/deflate.md`.
//!
//! ```sh
//! cargo run --release -p wsproto --features deflate --example deflate     # or: --features zlib-rs
//! ```

use std::hint::black_box;
use std::time::Duration;

use wsproto::connection::{Sender, Server};
use wsproto::deflate::{Compressor, Inflater, Level, Parameters, Policy, WindowBits};

#[path = "../tests/deflate/corpus.rs"]
mod corpus;
#[path = "../tests/common/heap.rs"]
mod heap;

fn main() {
    let engine = if cfg!(feature = "zlib-rs") { "zlib-rs" } else { "the crate's own encoder" };
    println!("compressed by {engine}\n");
    let chat: Vec<String> = (0..1000).map(corpus::chat_message).collect();
    let json = vec![corpus::json_document()];

    println!("| messages | level | window | context | compress MB/s | decompress MB/s | sent |");
    println!("|---|---|---|---|---|---|---|");
    for (name, messages) in [("chat, 200 B", &chat), ("JSON, 64 KiB", &json)] {
        for level in [Level::FAST, Level::BALANCED] {
            for bits in [15, 12, 9] {
                for context in [Context::Own, Context::Shared, Context::None] {
                    speed(name, messages, level, WindowBits::new(bits).unwrap(), context);
                }
            }
        }
    }
    println!("\n| window | decompresses | decompresses, idle | compresses, own | compresses, shared |");
    println!("|---|---|---|---|---|");
    for bits in 8..=15 {
        memory(&chat, WindowBits::new(bits).unwrap());
    }
    println!("\na shared compressor: {} bytes", held(|| Compressor::new(Level::FAST, WindowBits::MAX)).1);
}

#[derive(Clone, Copy, PartialEq)]
enum Context {
    /// With takeover, a compressor a connection.
    Own,
    /// With takeover, one compressor for all, and a window a connection.
    Shared,
    /// Without takeover, one compressor for all.
    None,
}

impl Context {
    fn name(self) -> &'static str {
        match self {
            Self::Own => "takeover, own",
            Self::Shared => "takeover, shared",
            Self::None => "none",
        }
    }
}

fn speed(name: &str, messages: &[String], level: Level, window: WindowBits, context: Context) {
    let agreed = Parameters { server_max_window_bits: window, ..Parameters::default() };
    let policy = Policy::new().with_level(level).with_send_takeover(context != Context::None);
    let mut shared = Compressor::new(level, WindowBits::MAX);
    let plain: usize = messages.iter().map(String::len).sum();
    let mut out = vec![0; 80_000];

    let mut frames = Vec::new();
    let compress = time_of(|| {
        let mut sender = Sender::new(Server).with_deflate(agreed, policy);
        frames.clear();
        for message in messages {
            let frame = sender.frame();
            let frame = if context == Context::Own { frame } else { frame.with_compressor(&mut shared) };
            let n = frame.encode(message, &mut out).unwrap();
            frames.push(out[..n].to_vec());
        }
    });
    let decompress = time_of(|| {
        let mut inflater = Inflater::new(window, context != Context::None);
        for frame in &frames {
            let header = match frame[1] {
                126 => 4,
                127 => 10,
                _ => 2,
            };
            if frame[0] & 0x40 != 0 {
                let inflated = inflater.inflate(&frame[header..], true, &mut out).unwrap();
                assert!(black_box(inflated).is_done);
            }
        }
    });
    let sent: usize = frames.iter().map(Vec::len).sum();
    println!(
        "| {name} | {} | {window} | {} | {} | {} | {} % |",
        level.get(),
        context.name(),
        megabytes(plain, compress),
        megabytes(plain, decompress),
        100 * sent / plain,
    );
}

/// What a connection holds once it has compressed or decompressed a while.
fn memory(messages: &[String], window: WindowBits) {
    let agreed = Parameters { server_max_window_bits: window, ..Parameters::default() };
    let policy = Policy::new().with_takeover();
    let mut shared = Compressor::new(Level::FAST, WindowBits::MAX);
    let mut out = vec![0; 1000];
    let mut compressor = Compressor::new(Level::FAST, window);
    let payloads: Vec<_> = messages
        .iter()
        .map(|message| {
            let compressed = compressor.compress(message.as_bytes(), true, &mut out).unwrap();
            out[..compressed.written].to_vec()
        })
        .collect();
    let (inflater, _) = held(|| {
        let mut inflater = Inflater::new(window, true);
        for payload in &payloads {
            let _ = inflater.inflate(payload, true, &mut out).unwrap();
        }
        inflater
    });
    let idle = inflater.capacity();
    let mut busy = inflater;
    let _ = busy.inflate(&payloads[0][..10], false, &mut out).unwrap();
    let (_, own) = held(|| {
        let mut sender = Sender::new(Server).with_deflate(agreed, policy);
        for message in messages {
            sender.frame().encode(message, &mut out).unwrap();
        }
        sender
    });
    let (_, shared) = held(|| {
        let mut sender = Sender::new(Server).with_deflate(agreed, policy);
        for message in messages {
            sender.frame().with_compressor(&mut shared).encode(message, &mut out).unwrap();
        }
        sender
    });
    println!("| {window} | {} | {idle} | {own} | {shared} |", busy.capacity());
}

/// What `make` has made, and how many bytes of heap that holds.
fn held<T>(make: impl FnOnce() -> T) -> (T, usize) {
    let before = held_now();
    let made = make();
    (made, held_now() - before)
}

fn held_now() -> usize {
    heap::HELD.get().unsigned_abs()
}

/// What this thread has had of a core, so that other programs don't count; on Linux only.
fn cpu_time() -> Duration {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = schedstat.split(' ').next().and_then(|time| time.parse().ok());
    Duration::from_nanos(nanoseconds.expect("Linux"))
}

/// How long `once` takes, as a mean of so many rounds that the clock's ticks don't matter.
fn time_of(mut once: impl FnMut()) -> Duration {
    once();
    let (started, mut rounds) = (cpu_time(), 0);
    loop {
        once();
        rounds += 1;
        let took = cpu_time().saturating_sub(started);
        if took >= Duration::from_millis(400) {
            return took / rounds;
        }
    }
}

fn megabytes(bytes: usize, took: Duration) -> u128 {
    bytes as u128 * 1000 / took.as_nanos().max(1)
}
