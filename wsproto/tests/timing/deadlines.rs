//! Deadlines: each rule by itself, then any sequence of events against a naive oracle, then a simulated peer.

use std::collections::VecDeque;
use std::time::Duration;

use proptest::prelude::*;
use wsproto::deadlines::{Deadline, Deadlines, Due, Moment, Timeouts};
use wsproto::wire::CloseCode;

/// The length of a Ping frame of a server.
const PING: usize = 6;

fn at(seconds: u64) -> Moment {
    Moment::from_millis(1000 * seconds)
}

/// Open since 0.
fn open(timeouts: Timeouts) -> Deadlines {
    let mut deadlines = Deadlines::new(timeouts, at(0));
    deadlines.opened(at(0));
    deadlines
}

/// Open, with a Ping that was written at 30 seconds, and its payload.
fn pinged() -> (Deadlines, [u8; 4]) {
    let mut deadlines = open(Timeouts::new());
    let payload = due_ping(&mut deadlines, at(30));
    deadlines.wrote(at(30), PING, PING);
    assert_eq!(deadlines.wake_up(at(30), 0), Some(at(60)));
    (deadlines, payload)
}

#[track_caller]
fn due_ping(deadlines: &mut Deadlines, now: Moment) -> [u8; 4] {
    match deadlines.due(now) {
        Some(Due::Ping(payload)) => payload,
        other => panic!("no Ping, but {other:?}"),
    }
}

#[track_caller]
fn assert_given_up(deadlines: &mut Deadlines, now: u64, why: Deadline) {
    let just_before = Moment::since_origin(Duration::from_nanos(now * 1_000_000_000 - 1));
    assert_eq!(deadlines.due(just_before), None);
    assert_eq!(deadlines.due(at(now)), Some(Due::GiveUp(why)));
    assert_eq!(deadlines.due(Moment::from_millis(u64::MAX)), None, "once is enough");
    assert_eq!(deadlines.wake_up(at(now), 1), None);
}

mod opening {
    use super::*;

    #[test]
    fn has_one_deadline_however_its_bytes_drip() {
        let mut deadlines = Deadlines::new(Timeouts::new(), at(5));
        for second in 5..15 {
            deadlines.received(at(second));
            assert_eq!(deadlines.wake_up(at(second), 0), Some(at(15)));
        }
        assert_given_up(&mut deadlines, 15, Deadline::Opening);
    }

    #[test]
    fn is_over_when_it_is_complete() {
        let mut deadlines = Deadlines::new(Timeouts::new(), at(0));
        deadlines.opened(at(9));
        assert_eq!(deadlines.wake_up(at(9), 0), Some(at(39)));
        deadlines.opened(at(20));
        assert_eq!(deadlines.wake_up(at(20), 0), Some(at(39)), "it was open before");
    }

    #[test]
    fn that_is_refused_leaves_the_time_for_the_transports_end() {
        let mut deadlines = Deadlines::new(Timeouts::new(), at(0));
        deadlines.shut_down(at(3));
        deadlines.shut_down(at(3));
        assert_eq!(deadlines.wake_up(at(3), 0), Some(at(4)));
        assert_given_up(&mut deadlines, 4, Deadline::End);
    }
}

mod silence {
    use super::*;

    #[test]
    fn asks_for_a_ping_and_then_ends_the_connection() {
        let (mut deadlines, _) = pinged();
        assert_given_up(&mut deadlines, 60, Deadline::Pong);
    }

    #[test]
    fn is_broken_by_any_byte() {
        let mut deadlines = open(Timeouts::new());
        // A frame that trickles in: no message is whole, no Pong possible.
        for second in 1..300 {
            deadlines.received(at(second));
            assert_eq!(deadlines.due(at(second)), None);
            assert_eq!(deadlines.wake_up(at(second), 0), Some(at(second + 30)));
        }
    }

    #[test]
    fn is_broken_by_any_byte_also_after_a_ping() {
        let (mut deadlines, _) = pinged();
        deadlines.received(at(59));
        assert_eq!(deadlines.wake_up(at(59), 0), Some(at(89)));
        due_ping(&mut deadlines, at(89));
    }

    #[test]
    fn is_not_broken_by_what_is_sent() {
        let mut deadlines = open(Timeouts::new());
        for second in 1..30 {
            assert_eq!(deadlines.wake_up(at(second), 100), Some(at(30)));
            deadlines.wrote(at(second), 100, 100);
            assert_eq!(deadlines.wake_up(at(second), 0), Some(at(30)));
        }
        due_ping(&mut deadlines, at(30));
        deadlines.wrote(at(30), PING, PING);
        for second in 30..60 {
            assert_eq!(deadlines.wake_up(at(second), 100), Some(at(60)));
            deadlines.wrote(at(second), 100, 100);
            assert_eq!(deadlines.wake_up(at(second), 0), Some(at(60)));
        }
        assert_given_up(&mut deadlines, 60, Deadline::Pong);
    }

    #[test]
    fn asks_for_one_ping_at_a_time() {
        let mut deadlines = open(Timeouts::new());
        due_ping(&mut deadlines, at(30));
        assert_eq!(deadlines.due(at(30)), None);
        // Its frame waits; what waits before it is being taken.
        for second in (30..300).step_by(10) {
            assert_eq!(deadlines.wake_up(at(second), 10_000), Some(at(second + 30)), "the write timeout");
            assert_eq!(deadlines.due(at(second)), None);
            deadlines.wrote(at(second + 10), 1, 10_000);
        }
    }

    #[test]
    fn that_nobody_listens_to_says_nothing() {
        let (mut deadlines, _) = pinged();
        for second in 31..300 {
            deadlines.received(at(second));
            assert_eq!(deadlines.due(at(second)), None);
        }
    }

    #[test]
    fn without_an_answer_that_is_awaited_only_keeps_the_way_open() {
        let mut deadlines = open(Timeouts::new().with_pong(None));
        for second in (30..300).step_by(30) {
            assert_eq!(deadlines.wake_up(at(second - 30), 0), Some(at(second)));
            due_ping(&mut deadlines, at(second));
            deadlines.wrote(at(second), PING, PING);
        }
    }
}

mod ping {
    use super::*;

    #[test]
    fn has_its_time_from_when_it_was_written() {
        let mut deadlines = open(Timeouts::new());
        due_ping(&mut deadlines, at(30));
        // 1000 bytes stand before it, 500 come behind it later.
        deadlines.wrote(at(30), 0, 1000 + PING);
        assert_eq!(deadlines.wake_up(at(30), 1000 + PING), Some(at(60)), "the write timeout");
        deadlines.wrote(at(50), 1000, 1500 + PING);
        assert_eq!(deadlines.wake_up(at(50), 500 + PING), Some(at(80)), "again");
        deadlines.wrote(at(70), PING, 500 + PING);
        assert_eq!(deadlines.wake_up(at(70), 500), Some(at(100)));
        deadlines.wrote(at(71), 500, 500);
        assert_eq!(deadlines.wake_up(at(71), 0), Some(at(101)), "71: the full transport took some more");
        assert_given_up(&mut deadlines, 101, Deadline::Pong);
    }

    #[test]
    fn is_not_missed_of_a_peer_that_still_reads_what_stands_behind_it() {
        let (mut deadlines, _) = pinged();
        deadlines.wrote(at(40), 4_000, 100_000);
        assert_eq!(deadlines.wake_up(at(40), 96_000), Some(at(60)));
        for second in (50..500).step_by(10) {
            assert_eq!(deadlines.due(at(second)), None);
            deadlines.wrote(at(second), 10, 96_000);
            assert_eq!(deadlines.wake_up(at(second), 96_000), Some(at(second + 30)));
        }
    }

    #[test]
    fn is_missed_of_a_dead_peer_while_our_own_buffers_have_room() {
        // Full once, and no longer: all was taken, or thrown away.
        for is_thrown_away in [false, true] {
            let (mut deadlines, _) = pinged();
            deadlines.wrote(at(31), 10, 20);
            if is_thrown_away {
                assert_eq!(deadlines.wake_up(at(31), 0), Some(at(60)));
            } else {
                deadlines.wrote(at(31), 10, 10);
                assert_eq!(deadlines.wake_up(at(31), 100), Some(at(61)));
            }
            deadlines.wrote(at(50), 100, 100);
            assert_eq!(deadlines.wake_up(at(50), 0), Some(at(if is_thrown_away { 60 } else { 61 })));
        }
    }

    #[test]
    fn is_written_at_the_latest_with_all_that_waits() {
        let mut deadlines = open(Timeouts::new().with_write(None));
        due_ping(&mut deadlines, at(30));
        assert_eq!(deadlines.wake_up(at(30), 1000 + PING), None);
        // Of 1000 bytes before it nothing was told.
        assert_eq!(deadlines.wake_up(at(31), PING), None);
        deadlines.wrote(at(32), PING, PING + 10);
        assert_eq!(deadlines.wake_up(at(40), 10), Some(at(62)));
    }

    #[test]
    fn is_missed_of_a_peer_that_stopped_to_read() {
        let (mut deadlines, _) = pinged();
        deadlines.wrote(at(40), 4_000, 100_000);
        assert_eq!(deadlines.wake_up(at(40), 96_000), Some(at(60)));
        assert_given_up(&mut deadlines, 60, Deadline::Pong);
    }

    #[test]
    fn is_answered_by_its_payload_which_gives_the_round_trip_time() {
        let (mut deadlines, payload) = pinged();
        assert_eq!(deadlines.latency(), None);
        deadlines.pong(Moment::from_millis(30_123), &payload);
        assert_eq!(deadlines.latency(), Some(Duration::from_millis(123)));
        deadlines.pong(Moment::from_millis(30_999), &payload);
        assert_eq!(deadlines.latency(), Some(Duration::from_millis(123)), "answered before");
        assert_eq!(deadlines.wake_up(at(31), 0), Some(Moment::from_millis(60_999)));
    }

    #[test]
    fn is_answered_also_behind_other_bytes() {
        let (mut deadlines, payload) = pinged();
        deadlines.received(at(31));
        deadlines.received(at(32));
        deadlines.pong(at(32), &payload);
        assert_eq!(deadlines.latency(), Some(Duration::from_secs(2)));
    }

    #[test]
    fn is_answered_at_once_over_a_fast_network() {
        let (mut deadlines, payload) = pinged();
        deadlines.pong(at(30), &payload);
        assert_eq!(deadlines.latency(), Some(Duration::ZERO));
        assert_eq!(deadlines.wake_up(at(30), 0), Some(at(60)));
        due_ping(&mut deadlines, at(60));
    }

    #[test]
    fn is_not_answered_by_another_pong_which_is_life_all_the_same() {
        for wrong in [&b""[..], b"x", &[0; 4], &[0, 0, 0, 1, 0]] {
            let (mut deadlines, payload) = pinged();
            assert_ne!(payload, wrong);
            deadlines.pong(at(59), wrong);
            assert_eq!(deadlines.latency(), None);
            assert_eq!(deadlines.wake_up(at(59), 0), Some(at(89)));
        }
    }

    #[test]
    fn is_not_answered_by_the_pong_of_an_older_one() {
        let (mut deadlines, first) = pinged();
        deadlines.received(at(40));
        let second = due_ping(&mut deadlines, at(70));
        deadlines.wrote(at(70), PING, PING);
        let _ = deadlines.wake_up(at(70), 0);
        deadlines.pong(at(71), &first);
        assert_eq!(deadlines.latency(), None);
        deadlines.pong(at(72), &second);
        assert_eq!(deadlines.latency(), Some(Duration::from_secs(2)));
    }

    #[test]
    fn may_be_asked_for_and_postpones_no_deadline() {
        let mut deadlines = Deadlines::new(Timeouts::new(), at(0));
        assert_eq!(deadlines.ping(), None, "not open");
        deadlines.opened(at(0));
        let payload = deadlines.ping().unwrap();
        assert_eq!(deadlines.ping(), None, "queued");
        assert_eq!(deadlines.wake_up(at(1), 0), Some(at(31)));
        assert_eq!(deadlines.ping(), None, "written");
        deadlines.received(at(2));
        assert_eq!(deadlines.ping(), None, "overtaken");
        deadlines.pong(at(3), &payload);
        assert_eq!(deadlines.latency(), Some(Duration::from_secs(2)));
        assert!(deadlines.ping().is_some_and(|next| next != payload));
        assert_eq!(deadlines.wake_up(at(4), 0), Some(at(34)));
        assert_given_up(&mut deadlines, 34, Deadline::Pong);
    }
}

mod writing {
    use super::*;

    #[test]
    fn has_its_time_from_when_something_waits() {
        let mut deadlines = open(Timeouts::new().with_silence(None));
        assert_eq!(deadlines.wake_up(at(0), 0), None);
        assert_eq!(deadlines.wake_up(at(7), 1), Some(at(37)));
        assert_eq!(deadlines.wake_up(at(8), 2), Some(at(37)), "more of it is no progress");
        deadlines.wrote(at(9), 0, 2);
        assert_eq!(deadlines.wake_up(at(9), 2), Some(at(37)), "nor is nothing");
        assert_given_up(&mut deadlines, 37, Deadline::Write);
    }

    #[test]
    fn goes_on_while_some_is_taken() {
        let mut deadlines = open(Timeouts::new().with_silence(None));
        for second in (0..300).step_by(29) {
            assert_eq!(deadlines.wake_up(at(second), 1000), Some(at(second + 30)));
            deadlines.wrote(at(second + 29), 1, 1000);
        }
        assert_eq!(deadlines.wake_up(at(300), 0), None);
    }

    #[test]
    fn is_not_excused_by_what_the_peer_sends() {
        let mut deadlines = open(Timeouts::new());
        for second in 0..30 {
            deadlines.received(at(second));
            assert_eq!(deadlines.wake_up(at(second), 1000), Some(at(30)));
        }
        assert_given_up(&mut deadlines, 30, Deadline::Write);
    }

    #[test]
    fn has_its_deadline_also_during_both_handshakes() {
        let mut deadlines = Deadlines::new(Timeouts::new().with_opening(None), at(0));
        assert_eq!(deadlines.wake_up(at(0), 1), Some(at(30)));
        deadlines.opened(at(1));
        deadlines.close_queued();
        assert_eq!(deadlines.wake_up(at(1), 4), Some(at(30)));
        assert_given_up(&mut deadlines, 30, Deadline::Write);
    }
}

mod closing {
    use super::*;

    #[test]
    fn has_its_time_from_when_the_close_frame_was_written() {
        let mut deadlines = open(Timeouts::new());
        deadlines.close_queued();
        assert_eq!(deadlines.wake_up(at(1), 104), Some(at(31)), "the write timeout");
        deadlines.wrote(at(20), 100, 104);
        assert_eq!(deadlines.wake_up(at(20), 4), Some(at(50)), "again");
        deadlines.wrote(at(40), 4, 4);
        assert_eq!(deadlines.wake_up(at(40), 0), Some(at(45)));
        // What the peer still sends is no answer.
        deadlines.received(at(44));
        deadlines.pong(at(44), b"");
        deadlines.close_queued();
        assert_given_up(&mut deadlines, 45, Deadline::Closing);
    }

    #[test]
    fn leaves_the_time_for_the_transports_end_once_it_is_answered() {
        let mut deadlines = open(Timeouts::new());
        deadlines.close_queued();
        assert_eq!(deadlines.wake_up(at(1), 0), Some(at(6)));
        deadlines.close_received(at(5));
        deadlines.close_received(at(6));
        assert_eq!(deadlines.wake_up(at(5), 0), Some(at(6)));
        assert_given_up(&mut deadlines, 6, Deadline::End);
    }

    #[test]
    fn by_the_peer_leaves_that_time_once_our_answer_is_written() {
        let mut deadlines = open(Timeouts::new());
        deadlines.close_received(at(5));
        assert_eq!(deadlines.wake_up(at(5), 0), None, "a peer that said goodbye is sent no Ping");
        deadlines.close_queued();
        assert_eq!(deadlines.wake_up(at(6), 4), Some(at(36)), "the write timeout");
        deadlines.wrote(at(8), 4, 4);
        assert_eq!(deadlines.wake_up(at(8), 0), Some(at(9)));
        assert_given_up(&mut deadlines, 9, Deadline::End);
    }

    #[test]
    fn by_both_at_once_leaves_that_time_once_ours_is_written() {
        let mut deadlines = open(Timeouts::new());
        deadlines.close_queued();
        assert_eq!(deadlines.wake_up(at(1), 4), Some(at(31)));
        deadlines.close_received(at(2));
        assert_eq!(deadlines.wake_up(at(2), 4), Some(at(31)));
        deadlines.wrote(at(3), 4, 4);
        assert_eq!(deadlines.wake_up(at(3), 0), Some(at(4)));
    }

    #[test]
    fn sends_no_ping() {
        let (mut deadlines, _) = pinged();
        deadlines.close_queued();
        assert_eq!(deadlines.wake_up(at(31), 4), Some(at(61)), "neither a Ping nor its Pong");
        assert_eq!(deadlines.due(at(60)), None);
        assert_eq!(deadlines.ping(), None);
    }

    #[test]
    fn ends_with_the_transport() {
        let mut deadlines = open(Timeouts::new());
        deadlines.ended();
        assert_eq!(deadlines.wake_up(at(1), 1), None);
        assert_eq!(deadlines.due(Moment::from_millis(u64::MAX)), None);
    }
}

#[test]
fn a_late_caller_gives_up_for_the_first_reason_and_asks_nothing_before() {
    let mut deadlines = open(Timeouts::new());
    assert_eq!(deadlines.wake_up(at(5), 1), Some(at(30)));
    assert_eq!(deadlines.due(at(1000)), Some(Due::GiveUp(Deadline::Write)));

    let mut deadlines = Deadlines::new(Timeouts::new(), at(0));
    assert_eq!(deadlines.wake_up(at(0), 1), Some(at(10)));
    assert_eq!(deadlines.due(at(1000)), Some(Due::GiveUp(Deadline::Opening)));
}

#[test]
fn each_timeout_has_its_default_and_can_be_turned_off() {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let timeouts = Timeouts::default();
    let all = |timeouts: Timeouts| {
        let Timeouts { .. } = timeouts;
        [
            timeouts.opening(),
            timeouts.silence(),
            timeouts.pong(),
            timeouts.write(),
            timeouts.closing(),
            timeouts.end(),
        ]
    };
    assert_eq!(all(timeouts), [seconds(10), seconds(30), seconds(30), seconds(30), seconds(5), seconds(1)]);
    assert_eq!(all(Timeouts::none()), [None; 6]);
    let off = timeouts.with_opening(None).with_silence(None).with_pong(None).with_write(None);
    assert_eq!(off.with_closing(None).with_end(None), Timeouts::none());
    let on = Timeouts::none().with_opening(seconds(1)).with_silence(seconds(2)).with_pong(seconds(3));
    let on = on.with_write(seconds(4)).with_closing(seconds(5)).with_end(seconds(6));
    assert_eq!(all(on), [1, 2, 3, 4, 5, 6].map(seconds));

    // Without any, nothing is ever due.
    let mut deadlines = Deadlines::new(Timeouts::none(), at(0));
    for step in 0..5 {
        assert_eq!(deadlines.wake_up(at(step), 1), None);
        assert_eq!(deadlines.due(Moment::from_millis(u64::MAX)), None);
        match step {
            0 => deadlines.opened(at(0)),
            1 => deadlines.close_queued(),
            2 => assert_eq!(deadlines.wake_up(at(2), 0), None),
            _ => deadlines.close_received(at(3)),
        }
    }
}

#[test]
fn a_timeout_is_never_shortened_but_for_one_of_months() {
    let kept = |timeout| Timeouts::none().with_end(Some(timeout)).end().unwrap();
    assert_eq!(kept(Duration::ZERO), Duration::ZERO);
    assert_eq!(kept(Duration::from_nanos(1)), Duration::from_millis(1));
    assert_eq!(kept(Duration::from_nanos(1_000_001)), Duration::from_millis(2));
    let longest = Duration::from_millis(u64::from(u32::MAX) - 1);
    assert_eq!(kept(longest), longest);
    assert_eq!(kept(Duration::MAX), longest);
}

#[test]
fn a_peer_that_may_hear_is_told() {
    assert_eq!(Deadline::Pong.close_code(), Some(CloseCode::INTERNAL_ERROR));
    for silent in [Deadline::Opening, Deadline::Write, Deadline::Closing, Deadline::End] {
        assert_eq!(silent.close_code(), None);
    }
}

#[test]
fn a_connections_deadlines_stay_small() {
    assert_eq!(size_of::<Timeouts>(), 24);
    assert_eq!(size_of::<Option<Moment>>(), 8);
    // With the timeouts, by value; the state alone is 56.
    assert!(size_of::<Deadlines>() <= 80, "{}", size_of::<Deadlines>());
}

#[test]
fn moments_end_where_the_clock_does() {
    let last = Moment::since_origin(Duration::MAX);
    assert_eq!(last, Moment::from_millis(u64::MAX));
    assert_eq!(last.duration_since(at(0)), last.to_duration());
    // What is never reached is never due.
    let mut deadlines = Deadlines::new(Timeouts::new(), last);
    assert_eq!(deadlines.wake_up(last, usize::MAX), None);
    assert_eq!(deadlines.due(last), None);
}

/// What a caller may tell, in any order.
#[derive(Debug, Clone, Copy)]
enum Step {
    Opened,
    Received,
    Pong {
        number: u32,
    },
    LatestPong,
    Queued(usize),
    /// The transport takes so much at the most.
    Wrote(usize),
    CloseQueued,
    CloseReceived,
    ShutDown,
    Ping,
    /// Only time passes; the others take none.
    Pass(u64),
    /// Until the wake-up.
    Sleep,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Opened),
        4 => Just(Step::Received),
        1 => (0..4u32).prop_map(|number| Step::Pong { number }),
        2 => Just(Step::LatestPong),
        4 => (1..40usize).prop_map(Step::Queued),
        9 => (0..60usize).prop_map(Step::Wrote),
        1 => (0..4u32).prop_map(|n| if n == 0 { Step::CloseQueued } else { Step::Wrote(9) }),
        1 => (0..4u32).prop_map(|n| if n == 0 { Step::CloseReceived } else { Step::LatestPong }),
        1 => Just(Step::Ping),
        1 => (0..40u32).prop_map(|n| if n == 0 { Step::ShutDown } else { Step::Received }),
        6 => (0..25u64).prop_map(Step::Pass),
        6 => Just(Step::Sleep),
    ]
}

fn any_timeouts() -> impl Strategy<Value = Timeouts> {
    // Milliseconds are few, so that deadlines meet.
    let timeout = || proptest::option::weighted(0.85, (1..40u64).prop_map(Duration::from_millis));
    (timeout(), timeout(), timeout(), timeout(), timeout(), timeout()).prop_map(
        |(opening, silence, pong, write, closing, end)| {
            let timeouts = Timeouts::none().with_opening(opening).with_silence(silence).with_pong(pong);
            timeouts.with_write(write).with_closing(closing).with_end(end)
        },
    )
}

/// What happened, as an observer of the wire would note it: with the milliseconds since the start.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Seen {
    Opened,
    Heard,
    /// The numbered Ping was encoded, or written, or answered.
    PingQueued(u32),
    PingWritten(u32),
    PingAnswered(u32),
    /// Output began to wait, or some of what waits was taken.
    Waits,
    Taken {
        was_full: bool,
    },
    Drained,
    CloseQueued,
    CloseWritten,
    PeerClosed,
    ShutDown,
    GaveUp,
}

/// The rules once more, naively: each question is answered from all that was seen.
struct Oracle {
    timeouts: Timeouts,
    start: u128,
    seen: Vec<(u128, Seen)>,
    /// What waits, byte by byte; a frame's last byte has its mark.
    queue: VecDeque<Option<Seen>>,
    is_full: bool,
    pings: u32,
}

impl Oracle {
    fn see(&mut self, now: u128, what: Seen) {
        self.seen.push((now, what));
    }

    fn last(&self, what: impl Fn(Seen) -> bool) -> Option<usize> {
        self.seen.iter().rposition(|&(_, seen)| what(seen))
    }

    fn has(&self, what: Seen) -> bool {
        self.seen.iter().any(|&(_, seen)| seen == what)
    }

    fn is_over(&self) -> bool {
        self.has(Seen::GaveUp)
    }

    fn is_open(&self) -> bool {
        self.has(Seen::Opened)
            && ![Seen::CloseQueued, Seen::PeerClosed, Seen::ShutDown, Seen::GaveUp]
                .iter()
                .any(|&end| self.has(end))
    }

    fn is_opening(&self) -> bool {
        self.seen.iter().all(|(_, seen)| matches!(seen, Seen::Waits | Seen::Taken { .. } | Seen::Drained))
    }

    fn queue(&mut self, now: u128, len: usize, mark: Option<Seen>) {
        if self.queue.is_empty() {
            self.see(now, Seen::Waits);
        }
        self.queue.extend((1..len).map(|_| None));
        self.queue.push_back(mark);
    }

    fn write(&mut self, now: u128, at_most: usize) -> (usize, usize) {
        let offered = self.queue.len();
        let taken = at_most.min(offered);
        if taken > 0 {
            self.see(now, Seen::Taken { was_full: self.is_full });
        }
        for mark in self.queue.drain(..taken).collect::<Vec<_>>().into_iter().flatten() {
            self.see(now, mark);
        }
        self.is_full = taken < offered;
        if self.queue.is_empty() {
            self.see(now, Seen::Drained);
        }
        (taken, offered)
    }

    /// All that is going to be due, as (when, whether to give up, what).
    fn deadlines(&self) -> Vec<(u128, Option<Deadline>)> {
        let mut deadlines = Vec::new();
        if self.is_over() {
            return deadlines;
        }
        let t = &self.timeouts;
        let mut add = |since: u128, timeout: Option<Duration>, what| {
            if let Some(timeout) = timeout {
                deadlines.push((since + timeout.as_millis(), what));
            }
        };
        if !self.queue.is_empty() {
            let since = self.last(|seen| matches!(seen, Seen::Waits | Seen::Taken { .. })).unwrap();
            add(self.seen[since].0, t.write(), Some(Deadline::Write));
        }
        let first = |what| self.seen.iter().find(|&&(_, seen)| seen == what).map(|&(at, _)| at);
        if let Some(since) = first(Seen::ShutDown) {
            add(self.ended_before(since), t.end(), Some(Deadline::End));
        } else if let (Some(ours), Some(theirs)) = (first(Seen::CloseWritten), first(Seen::PeerClosed)) {
            add(ours.max(theirs), t.end(), Some(Deadline::End));
        } else if let Some(ours) = first(Seen::CloseWritten) {
            add(ours, t.closing(), Some(Deadline::Closing));
        } else if self.is_opening() {
            add(self.start, t.opening(), Some(Deadline::Opening));
        } else if self.is_open() {
            let heard = self.last(|seen| matches!(seen, Seen::Opened | Seen::Heard)).unwrap();
            let queued = self.last(|seen| matches!(seen, Seen::PingQueued(_)));
            let written = self.last(|seen| seen == Seen::PingWritten(self.pings));
            let answered = self.last(|seen| matches!(seen, Seen::PingAnswered(_)));
            let is_under_way = queued.is_some_and(|queued| Some(queued) > answered);
            match (queued, written) {
                (Some(queued), written) if is_under_way && written.is_none_or(|written| written < queued) => {
                }
                (Some(_), Some(written)) if is_under_way && written > heard => {
                    let read_on = self.last(|seen| seen == Seen::Taken { was_full: true }).unwrap_or(0);
                    match t.pong() {
                        Some(_) => add(self.seen[written.max(read_on)].0, t.pong(), Some(Deadline::Pong)),
                        None => add(self.seen[written.max(read_on)].0, t.silence(), None),
                    }
                }
                _ => add(self.seen[heard].0, t.silence(), None),
            }
        }
        deadlines
    }

    /// If both Close frames were out before the transport was shut down, the time ran from there.
    fn ended_before(&self, shut_down: u128) -> u128 {
        let first = |what| self.seen.iter().position(|&(_, seen)| seen == what);
        match (first(Seen::CloseWritten), first(Seen::PeerClosed), first(Seen::ShutDown)) {
            (Some(a), Some(b), Some(c)) if a.max(b) < c => self.seen[a.max(b)].0,
            _ => shut_down,
        }
    }

    fn wake_up(&self) -> Option<u128> {
        self.deadlines().into_iter().map(|(at, _)| at).min()
    }

    fn due(&self, now: u128) -> Option<(u128, Option<Deadline>)> {
        let passed: Vec<_> = self.deadlines().into_iter().filter(|&(at, _)| at <= now).collect();
        let given_up = passed.iter().filter(|(_, what)| what.is_some()).min_by_key(|(at, _)| *at);
        given_up.or(passed.first()).copied()
    }

    /// Whether a Ping may be begun that was not due.
    fn may_ping(&self) -> bool {
        let queued = self.last(|seen| matches!(seen, Seen::PingQueued(_)));
        let answered = self.last(|seen| matches!(seen, Seen::PingAnswered(_)));
        self.is_open() && (queued.is_none() || answered > queued)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_a_naive_oracle_whatever_happens(
        timeouts in any_timeouts(),
        steps in proptest::collection::vec(any_step(), 1..80),
        start in prop_oneof![Just(0), 0..1u64 << 40],
        is_opened in any::<bool>(),
    ) {
        let mut now = u128::from(start);
        #[allow(clippy::cast_possible_truncation)]
        let moment = |now: u128| Moment::from_millis(now as u64);
        let mut deadlines = Deadlines::new(timeouts, moment(now));
        let mut oracle = Oracle {
            timeouts, start: now, seen: Vec::new(), queue: VecDeque::new(), is_full: false, pings: 0,
        };
        let mut latency = None;
        for step in is_opened.then_some(Step::Opened).into_iter().chain(steps) {
            let is_over = oracle.is_over();
            match step {
                _ if is_over => {}
                Step::Opened => {
                    deadlines.opened(moment(now));
                    if oracle.is_opening() {
                        oracle.see(now, Seen::Opened);
                    }
                }
                Step::Received => {
                    deadlines.received(moment(now));
                    if oracle.is_open() {
                        oracle.see(now, Seen::Heard);
                    }
                }
                Step::Pong { .. } | Step::LatestPong => {
                    let number = if let Step::Pong { number } = step { number } else { oracle.pings };
                    deadlines.pong(moment(now), &number.to_be_bytes());
                    if oracle.is_open() {
                        oracle.see(now, Seen::Heard);
                        let queued = oracle.last(|seen| seen == Seen::PingQueued(number));
                        let is_first = oracle.last(|seen| seen == Seen::PingAnswered(number)).is_none();
                        if number == oracle.pings && queued.is_some() && is_first {
                            if let Some(written) = oracle.last(|seen| seen == Seen::PingWritten(number)) {
                                latency = Some(now - oracle.seen[written].0);
                            }
                            oracle.see(now, Seen::PingAnswered(number));
                        }
                    }
                }
                Step::Queued(len) => oracle.queue(now, len, None),
                Step::Wrote(at_most) => {
                    let (taken, offered) = oracle.write(now, at_most);
                    if offered > 0 {
                        deadlines.wrote(moment(now), taken, offered);
                    }
                }
                Step::CloseQueued => {
                    deadlines.close_queued();
                    if !oracle.has(Seen::CloseQueued) && !oracle.has(Seen::ShutDown) {
                        oracle.see(now, Seen::CloseQueued);
                        oracle.queue(now, 4, Some(Seen::CloseWritten));
                    }
                }
                Step::CloseReceived => {
                    deadlines.close_received(moment(now));
                    if !oracle.has(Seen::PeerClosed) && !oracle.has(Seen::ShutDown) {
                        oracle.see(now, Seen::PeerClosed);
                    }
                }
                Step::ShutDown => {
                    deadlines.shut_down(moment(now));
                    oracle.see(now, Seen::ShutDown);
                }
                Step::Ping => {
                    let payload = deadlines.ping();
                    prop_assert_eq!(payload.is_some(), oracle.may_ping());
                    if let Some(payload) = payload {
                        oracle.pings = u32::from_be_bytes(payload);
                        oracle.see(now, Seen::PingQueued(oracle.pings));
                        oracle.queue(now, PING, Some(Seen::PingWritten(oracle.pings)));
                    }
                }
                Step::Pass(millis) => now += u128::from(millis),
                Step::Sleep => {
                    let wake_up = oracle.wake_up();
                    if let Some(wake_up) = wake_up.filter(|&at| at > now) {
                        // Never early.
                        prop_assert_eq!(deadlines.due(moment(wake_up - 1)), None);
                        // Never late, and never for nothing.
                        prop_assert!(oracle.due(wake_up).is_some());
                        now = wake_up;
                    }
                }
            }
            // Whatever is due is the same, and each cause is told once.
            while let Some((_, what)) = oracle.due(now) {
                let due = deadlines.due(moment(now));
                match (what, due) {
                    (Some(why), Some(Due::GiveUp(other))) => {
                        // Of two at the same time either may be told.
                        let is_equal = why == other || oracle.deadlines().iter().filter(|(_, w)| w.is_some()).count() > 1;
                        prop_assert!(is_equal, "{:?} is not {:?}", why, other);
                        oracle.see(now, Seen::GaveUp);
                    }
                    (None, Some(Due::Ping(payload))) => {
                        prop_assert_eq!(u32::from_be_bytes(payload), oracle.pings.wrapping_add(1));
                        oracle.pings += 1;
                        oracle.see(now, Seen::PingQueued(oracle.pings));
                        oracle.queue(now, PING, Some(Seen::PingWritten(oracle.pings)));
                    }
                    other => prop_assert!(false, "{:?}", other),
                }
            }
            prop_assert_eq!(deadlines.due(moment(now)), None);
            prop_assert_eq!(deadlines.wake_up(moment(now), oracle.queue.len()), oracle.wake_up().map(moment));
            prop_assert_eq!(deadlines.latency().map(|latency| latency.as_millis()), latency);
        }
    }

    #[test]
    fn nothing_panics_at_any_time_and_in_any_order(
        calls in proptest::collection::vec((0..11u8, any_time(), any_len(), any_len()), 0..25),
        first in any_time(),
        pings in 0..3u8,
    ) {
        let mut deadlines = Deadlines::new(Timeouts::new(), first);
        for (call, now, a, b) in calls {
            match call {
                0 => deadlines.opened(now),
                1 => deadlines.received(now),
                2 => deadlines.pong(now, &[0, 0, 0, pings]),
                3 => deadlines.wrote(now, a, b),
                4 => deadlines.close_queued(),
                5 => deadlines.close_received(now),
                6 => deadlines.shut_down(now),
                7 => drop(deadlines.ping()),
                8 => drop(deadlines.due(now)),
                9 => drop(deadlines.wake_up(now, a)),
                _ => drop(deadlines.latency()),
            }
        }
    }
}

fn any_time() -> impl Strategy<Value = Moment> {
    let nanos = prop_oneof![
        Just(0),
        Just(u64::MAX),
        Just(u64::MAX - 1),
        u64::MAX - 60_000_000_000..=u64::MAX,
        any::<u64>()
    ];
    nanos.prop_map(|nanos| Moment::since_origin(Duration::from_nanos(nanos)))
}

fn any_len() -> impl Strategy<Value = usize> {
    prop_oneof![Just(0), Just(1), Just(6), Just(usize::MAX), any::<usize>()]
}

/// A peer and the buffers on the way to it, in steps of a millisecond; it lives until `dies`.
#[derive(Debug, Clone)]
struct World {
    /// How many bytes all buffers on the way hold.
    capacity: usize,
    /// How many bytes the peer reads at once, and how often.
    reads: usize,
    reads_every: u64,
    /// How long a way takes.
    delay: u64,
    /// What we send it: so many bytes, so often.
    posts: usize,
    posts_every: u64,
    /// What it says, so often; never, if 0.
    speaks_every: u64,
    dies: Option<u64>,
}

fn any_world() -> impl Strategy<Value = World> {
    let posts = (1..3000usize, 20..2000u64);
    let reads = (1..2000usize, 1..400u64);
    (posts, reads, 10..3000usize, 0..100u64, prop_oneof![Just(0), 1..2000u64]).prop_map(
        |((posts, posts_every), (reads, reads_every), capacity, delay, speaks_every)| World {
            capacity,
            reads,
            reads_every,
            delay,
            posts,
            posts_every,
            speaks_every,
            dies: None,
        },
    )
}

/// Silence 300 ms, a Pong 900 ms later, a write without progress 900 ms.
const FAST: Timeouts = Timeouts::none()
    .with_silence(Some(Duration::from_millis(300)))
    .with_pong(Some(Duration::from_millis(900)))
    .with_write(Some(Duration::from_millis(900)));

/// Runs the world; returns when and why the peer was given up.
fn run(world: &World, until: u64) -> Option<(u64, Deadline)> {
    let mut deadlines = Deadlines::new(FAST, at(0));
    deadlines.opened(at(0));
    // Bytes in our queue, and in the buffers on the way; a Ping stands at its last byte.
    let mut unsent = VecDeque::new();
    let mut on_the_way: VecDeque<Option<[u8; 4]>> = VecDeque::new();
    let mut pongs = VecDeque::new();
    for now in 1..until {
        let moment = Moment::from_millis(now);
        let lives = world.dies.is_none_or(|dies| now < dies);
        if lives && now % world.reads_every == 0 {
            let n = world.reads.min(on_the_way.len());
            for payload in on_the_way.drain(..n).flatten() {
                pongs.push_back((now + world.delay, payload));
            }
        }
        while pongs.front().is_some_and(|&(arrives, _)| arrives <= now) {
            let (_, payload) = pongs.pop_front().unwrap();
            deadlines.received(moment);
            deadlines.pong(moment, &payload);
        }
        if lives && world.speaks_every > 0 && now % world.speaks_every == 0 {
            deadlines.received(moment);
        }
        // Our own queue is bounded, as each has to be.
        if now % world.posts_every == 0 && unsent.len() < 10_000 {
            unsent.extend((0..world.posts).map(|_| None));
        }
        match deadlines.due(moment) {
            Some(Due::Ping(payload)) => {
                unsent.extend([None; PING - 1]);
                unsent.push_back(Some(payload));
            }
            Some(Due::GiveUp(why)) => return Some((now, why)),
            None => {}
        }
        let space = world.capacity - on_the_way.len();
        // A socket tells when it has room, and is not tried before.
        if !unsent.is_empty() && space > 0 {
            let offered = unsent.len();
            let taken = offered.min(space);
            on_the_way.extend(unsent.drain(..taken));
            deadlines.wrote(moment, taken, offered);
        }
        let wake_up = deadlines.wake_up(moment, unsent.len());
        assert!(wake_up.is_some_and(|at| at > moment), "it rings again for what was done");
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_living_peer_is_never_dropped(world in any_world()) {
        // What lies in buffers that we can't see is read in time, and what fills them again is seen.
        let rate = world.reads.min(world.capacity) as u64;
        let drained_in = (world.capacity as u64).div_ceil(rate) * world.reads_every + world.delay;
        prop_assume!(drained_in < 800);
        prop_assert_eq!(run(&world, 8_000), None);
    }

    #[test]
    fn a_dead_peer_is_dropped_in_time(world in any_world(), dies in 0..3000u64) {
        let world = World { dies: Some(dies), ..world };
        let end = run(&world, 6_000);
        prop_assert!(end.is_some(), "it is kept");
        // Its last words may be under way. The last room that it made in the buffers may be used as late as the next post, of a
        // queue that was empty.
        let bound = dies + world.delay + 300 + 900 + 900;
        prop_assert!(end.unwrap().0 <= bound, "{:?} is later than {}", end, bound);
    }
}
