//! Beside the layers: deadlines, and how long to wait before connecting again.

use wsproto::backoff::Backoff;
use wsproto::deadlines::Deadlines;

use crate::{EntryPoint, entry_points};

pub const ENTRY_POINTS: &[EntryPoint] = entry_points![
    Deadlines::new,
    Deadlines::opened,
    Deadlines::received,
    Deadlines::pong,
    Deadlines::wrote,
    Deadlines::close_queued,
    Deadlines::close_received,
    Deadlines::shut_down,
    Deadlines::ended,
    Deadlines::ping,
    Deadlines::wake_up,
    Deadlines::due,
    Deadlines::latency,
    Backoff::new,
    Backoff::with_first,
    Backoff::with_cap,
    Backoff::with_lasting,
    Backoff::cap,
    Backoff::retry_in,
];
