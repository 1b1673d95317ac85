//! Receiving and sending in memory, the engine beside its peers and a bare copy: `memory [--write]`
//!
//! All take the same bytes, 64 KiB at most at a time, and make the same frames. What comes out is compared once, byte by
//! byte; while the time is taken it is counted. All take turns, so that whatever else the machine does hits all alike, and
//! the best time of each counts.

mod probes;
mod receive;
mod send;
mod source;

use std::ops::RangeInclusive;
use std::time::Instant;

use peers::page;
use peers::plot::Plot;
use wsproto::MaskingKey;
use wsproto::wire::{FrameHeader, Opcode, frame};

const SIZES: [(usize, &str); 7] = [
    (16, "16 B"),
    (125, "125 B"),
    (1024, "1 KiB"),
    (16_384, "16 KiB"),
    (65_536, "64 KiB"),
    (262_144, "256 KiB"),
    (1 << 20, "1 MiB"),
];
/// How many bytes are received in one go, so that what a connection costs to be set up does not count.
const STREAM: usize = 1 << 20;
const ROUNDS: usize = 15;
/// How long one turn is: short enough to fit between two interruptions now and then.
const TURN_NANOSECONDS: f64 = 1_000_000.0;

/// One row: who it is, and what it took for each size, in nanoseconds a message.
struct Row {
    name: &'static str,
    note: String,
    nanoseconds: Vec<f64>,
}

fn main() {
    let machine = page::machine();
    let text = |len: usize| (0..len).map(|at| b' ' + (at * 7 % 95) as u8).collect::<Vec<u8>>();
    let binary = |len: usize| (0..len).map(|at| (at * 7) as u8).collect::<Vec<u8>>();
    let received_text = receive_rows(Opcode::Text, text);
    let received_mixed = receive_rows(Opcode::Text, mixed);
    let received_binary = receive_rows(Opcode::Binary, binary);
    let sent = send_rows(text);
    page::show(
        "memory",
        &format!(
            "{machine}.\n\n{}\n{}\n{}\n{}\n{}",
            table("receive, masked text", &received_text),
            table("receive, masked text, some of it not ASCII", &received_mixed),
            table("receive, masked binary", &received_binary),
            table("send, text", &sent),
            goals(&received_text, &received_mixed, &received_binary, &sent),
        ),
    );
    let plot = Plot {
        title: "Receiving masked text: ns a message, over its size",
        columns: &SIZES,
        rows: received_text.iter().map(|row| (row.name, &row.nanoseconds[..])).collect(),
        label: time_of_power,
    };
    page::draw("performance.svg", &plot.svg());
}

/// JSON with a character now and then that is not ASCII.
fn mixed(len: usize) -> Vec<u8> {
    let row = "{\"name\":\"M\u{fc}ller\",\"city\":\"K\u{f6}ln\"},".as_bytes();
    let mut bytes = row.repeat(len / row.len());
    bytes.resize(len, b'x');
    bytes
}

fn receive_rows(opcode: Opcode, payload: impl Fn(usize) -> Vec<u8>) -> Vec<Row> {
    let peers = receive::all();
    for peer in &peers {
        for (size, _) in SIZES {
            let (payload, count) = (payload(size), 5);
            let got = (peer.gather)(&masked(opcode, &payload).repeat(count)).expect("valid frames");
            assert!(got == payload.repeat(count), "{} gives something else", peer.name);
        }
    }
    let works = |size: usize| {
        receive::forget_kept(); // it has grown for messages of another size
        let count = (STREAM / size).max(2);
        let stream = masked(opcode, &payload(size)).repeat(count);
        let work = |peer: &receive::Peer| {
            let (count_all, stream) = (peer.count, stream.clone());
            (count, Box::new(move || assert_eq!(count_all(&stream), Ok(count))) as Box<dyn FnMut()>)
        };
        peers.iter().map(work).collect()
    };
    let nanoseconds = measure(works);
    let row = |(peer, nanoseconds): (&receive::Peer, _)| Row {
        name: peer.name,
        note: probes::note(peer),
        nanoseconds,
    };
    peers.iter().zip(nanoseconds).map(row).collect()
}

fn send_rows(payload: impl Fn(usize) -> Vec<u8>) -> Vec<Row> {
    let names = send::NAMES;
    let works = |size: usize| {
        let count = ((1 << 18) / size).max(2);
        let text = String::from_utf8(payload(size)).expect("text");
        let header = FrameHeader::new(Opcode::Text, true, size as u64).expect("a frame");
        let mut expected = vec![0; size + 14];
        let len = frame::encode(header, text.as_bytes(), &mut expected).expect("it fits");
        expected.truncate(len);
        send::all(&text, &expected, count).into_iter().map(|work| (count, work)).collect()
    };
    let rows = names.iter().zip(measure(works));
    rows.map(|(&(name, note), nanoseconds)| Row { name, note: note.to_owned(), nanoseconds }).collect()
}

/// What is measured, and how many messages a call of it takes.
type Work = (usize, Box<dyn FnMut()>);

/// The best time for a message, of each work and for each size.
fn measure(works: impl Fn(usize) -> Vec<Work>) -> Vec<Vec<f64>> {
    let mut all: Vec<Vec<f64>> = Vec::new();
    for (size, _) in SIZES {
        eprint!("{size} B ");
        let mut works = works(size);
        let mut best = vec![f64::MAX; works.len()];
        for _ in 0..ROUNDS {
            eprint!(".");
            for ((count, work), best) in works.iter_mut().zip(&mut best) {
                let turn = Instant::now();
                while (turn.elapsed().as_nanos() as f64) < TURN_NANOSECONDS {
                    let started = Instant::now();
                    work();
                    *best = best.min(started.elapsed().as_nanos() as f64 / *count as f64);
                }
            }
        }
        eprintln!();
        all.resize(best.len(), Vec::new());
        all.iter_mut().zip(best).for_each(|(row, best)| row.push(best));
    }
    all
}

/// The rows, each figure with its ratio to the first row's, which is the bare copy.
fn table(title: &str, rows: &[Row]) -> String {
    let mut table = format!("| {title}: ns a message (ratio to copy) | |{}", size_columns());
    for row in rows {
        table += &format!("| {} | {} |", row.name, row.note);
        for (ns, copy) in row.nanoseconds.iter().zip(&rows[0].nanoseconds) {
            table += &format!(" {} ({:.1}) |", page::figure(*ns), ns / copy);
        }
        table += "\n";
    }
    table
}

/// What is compared: which of our rows in a table with whose, what the ratio is to be at most, and for which sizes.
struct Goal<'a> {
    name: &'static str,
    rows: &'a [Row],
    ours: &'static str,
    is_other: &'a dyn Fn(&Row) -> bool,
    most: f64,
    sizes: RangeInclusive<usize>,
}

/// What was to be reached, and whether it was: ratios of the engine to others, and at most so much from one size to
/// another.
fn goals(text: &[Row], mixed: &[Row], binary: &[Row], sent: &[Row]) -> String {
    let is_peer = |row: &Row| !row.name.contains("wsproto") && row.name != "copy";
    let checks_all = |row: &Row| row.note == text[1].note && is_peer(row);
    let copy = |row: &Row| row.name == "copy";
    let tokio_websockets = |row: &Row| row.name.contains("tokio-websockets");
    let (session, warm, bytes) = (text[1].name, receive::WARM, receive::AS_BYTES);
    let goal = |name, rows, ours, is_other, most, sizes| Goal { name, rows, ours, is_other, most, sizes };
    let (few, many) = (0..=125, 16_384..=usize::MAX);
    let goals = [
        goal(
            "text: the best peer that checks as much",
            text,
            session,
            &checks_all as &dyn Fn(&Row) -> bool,
            0.38,
            few,
        ),
        goal("the same, as bytes", text, bytes, &checks_all, 0.25, 125..=125),
        goal("binary: the best peer that checks as much", binary, session, &checks_all, 0.30, 0..=16),
        goal("the same", binary, session, &checks_all, 0.38, 125..=125),
        goal("text, buffer kept: the fastest peer", text, warm, &is_peer, 1.0, many.clone()),
        goal("the same, as bytes", text, bytes, &is_peer, 0.85, many.clone()),
        goal("binary, buffer kept: the fastest peer", binary, warm, &is_peer, 1.0, many),
        goal(
            "text, some not ASCII, as bytes: tokio-websockets",
            mixed,
            bytes,
            &tokio_websockets,
            1.0,
            65_536..=usize::MAX,
        ),
        goal("text: copy", text, warm, &copy, 2.1, 16_384..=16_384),
        goal("binary: copy", binary, warm, &copy, 1.6, 16_384..=16_384),
        goal("send: copy", sent, sent[1].name, &copy, 1.15, 125..=usize::MAX),
    ];
    let mut table = format!("| wsproto, ratio to … | goal: at most |{}", size_columns());
    for Goal { name, rows, ours, is_other, most, sizes } in goals {
        table += &format!("| {name} | {most} |");
        let ours = rows.iter().find(|row| row.name == ours).expect("a row of ours");
        for (at, (size, _)) in SIZES.iter().enumerate() {
            let others = rows.iter().filter(|row| is_other(row)).map(|row| row.nanoseconds[at]);
            let ratio = ours.nanoseconds[at] / others.fold(f64::MAX, f64::min);
            let verdict = match sizes.contains(size) {
                false => "",
                true if ratio <= most => " met",
                true => " **missed**",
            };
            table += &format!(" {ratio:.2}{verdict} |");
        }
        table += "\n";
    }
    table
}

fn size_columns() -> String {
    let sizes: String = SIZES.iter().map(|(_, size)| format!(" {size} |")).collect();
    format!("{sizes}\n|---|---|{}\n", "---|".repeat(SIZES.len()))
}

/// One frame of a client.
fn masked(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let header = FrameHeader::new(opcode, true, payload.len() as u64).expect("a frame");
    let header = header.with_masking_key(Some(MaskingKey::new([0x37, 0xfa, 0x21, 0x3d])));
    let mut bytes = vec![0; payload.len() + 14];
    let len = frame::encode(header, payload, &mut bytes).expect("it fits");
    bytes.truncate(len);
    bytes
}

/// Ten to a power, in nanoseconds, as a time.
fn time_of_power(power: i32) -> String {
    match power {
        ..3 => format!("{} ns", 10_f64.powi(power)),
        3..6 => format!("{} µs", 10_i32.pow(power.unsigned_abs() - 3)),
        _ => format!("{} ms", 10_i32.pow(power.unsigned_abs() - 6)),
    }
}
