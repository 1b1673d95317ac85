//! A client that reconnects waits a random time, longer after each failure, and not at all where it is not wanted.

use std::time::Duration;

use proptest::prelude::*;
use wsproto::backoff::{Backoff, Lost};
use wsproto::wire::CloseCode;

const SECOND: Duration = Duration::from_secs(1);

fn closed(code: u16, lasted: Duration) -> Lost {
    Lost::Closed { code: CloseCode::new(code), lasted }
}

/// The range in seconds from which the next delay is taken; the failure counts once.
#[track_caller]
fn range(backoff: &mut Backoff, lost: Lost) -> (f64, f64) {
    let shortest = backoff.clone().retry_in(lost, 0).expect("a retry");
    let longest = backoff.retry_in(lost, u64::MAX).expect("a retry");
    // The longest is a nanosecond short of the end.
    (shortest.as_secs_f64(), (longest.as_secs_f64() * 1e6).round() / 1e6)
}

#[track_caller]
fn assert_ranges(backoff: &mut Backoff, lost: Lost, expected: &[(f64, f64)]) {
    for expected in expected {
        let (low, high) = range(backoff, lost);
        assert!(
            (low - expected.0).abs() < 1e-6 && (high - expected.1).abs() < 1e-6,
            "{low} to {high}, not {expected:?}"
        );
    }
}

#[test]
fn the_range_doubles_up_to_the_cap() {
    let ranges =
        [(0.0, 5.0), (5.0, 10.0), (10.0, 20.0), (20.0, 40.0), (30.0, 60.0), (30.0, 60.0), (30.0, 60.0)];
    assert_ranges(&mut Backoff::new(), Lost::Unreachable, &ranges);
    assert_ranges(&mut Backoff::default(), Lost::Refused { status: 503 }, &ranges);
    let mut own = Backoff::new().with_first(Duration::from_millis(100)).with_cap(Duration::from_millis(300));
    assert_ranges(&mut own, Lost::Unreachable, &[(0.0, 0.1), (0.1, 0.2), (0.15, 0.3), (0.15, 0.3)]);
}

#[test]
fn a_first_delay_of_zero_is_the_only_one() {
    let ranges = [(0.0, 0.0), (0.0, 1.0), (1.0, 2.0), (2.0, 4.0)];
    assert_ranges(&mut Backoff::new().with_first(Duration::ZERO), Lost::Unreachable, &ranges);
}

#[test]
fn only_a_connection_that_lasted_begins_anew() {
    let mut backoff = Backoff::new().with_lasting(10 * SECOND);
    assert_ranges(&mut backoff, closed(1001, 9 * SECOND), &[(0.0, 5.0), (5.0, 10.0), (10.0, 20.0)]);
    assert_ranges(&mut backoff, closed(1001, 10 * SECOND), &[(0.0, 5.0), (0.0, 5.0)]);
    assert_ranges(&mut backoff, Lost::Closed { code: None, lasted: SECOND }, &[(5.0, 10.0)]);
    assert_ranges(&mut backoff, Lost::Closed { code: None, lasted: Duration::MAX }, &[(0.0, 5.0)]);
    // Also one that ended well, after which the application connects again all the same.
    assert_ranges(&mut backoff, Lost::Unreachable, &[(5.0, 10.0)]);
    assert_eq!(backoff.retry_in(closed(1000, 10 * SECOND), 0), None);
    assert_ranges(&mut backoff, Lost::Unreachable, &[(0.0, 5.0)]);
}

#[test]
fn a_server_that_restarts_is_given_5_to_30_seconds() {
    let restart = closed(1012, SECOND);
    assert_ranges(&mut Backoff::new(), restart, &[(5.0, 30.0), (30.0, 60.0), (30.0, 60.0)]);
    assert_ranges(&mut Backoff::new(), closed(1012, 3600 * SECOND), &[(5.0, 30.0), (5.0, 30.0)]);
    assert_ranges(&mut Backoff::new().with_cap(4 * SECOND), restart, &[(2.0, 4.0)]);
}

#[test]
fn a_server_that_is_overloaded_is_given_the_longest_time_at_once() {
    let mut backoff = Backoff::new();
    assert_ranges(&mut backoff, closed(1013, 3600 * SECOND), &[(30.0, 60.0)]);
    assert_ranges(&mut backoff, Lost::Unreachable, &[(30.0, 60.0)]);
    assert_ranges(&mut backoff, closed(1001, 3600 * SECOND), &[(0.0, 5.0)]);
}

#[test]
fn what_would_end_the_same_way_is_not_tried_again() {
    let retries = |lost| Backoff::new().retry_in(lost, 0).is_some();
    let given_up: Vec<_> = (1000..5000)
        .filter(|&code| CloseCode::new(code).is_some() && !retries(closed(code, SECOND)))
        .collect();
    assert_eq!(given_up, [1000, 1002, 1003, 1007, 1008, 1009, 1010, 3000, 3003]);
    let tried: Vec<_> = (0..1000).filter(|&status| retries(Lost::Refused { status })).collect();
    let server_errors = (500..600).filter(|status| ![501, 505, 511].contains(status));
    assert_eq!(tried, [408, 425, 429].into_iter().chain(server_errors).collect::<Vec<_>>());
    assert!(retries(Lost::Unreachable) && retries(Lost::Closed { code: None, lasted: Duration::ZERO }));
}

#[test]
fn what_is_not_tried_again_is_no_failure() {
    let mut backoff = Backoff::new();
    for lost in [closed(1008, SECOND), Lost::Refused { status: 401 }] {
        let before = backoff.clone();
        assert_eq!(backoff.retry_in(lost, 7), None);
        assert_eq!(backoff, before);
    }
}

fn any_duration() -> impl Strategy<Value = Duration> {
    let likely = (0..100_000u64).prop_map(Duration::from_millis);
    prop_oneof![4 => likely, 1 => any::<Duration>(), 1 => Just(Duration::ZERO), 1 => Just(Duration::MAX)]
}

fn any_lost() -> impl Strategy<Value = Lost> {
    let code = prop_oneof![Just(1001), Just(1005), Just(1011), Just(1012), Just(1013), 999..5000u16];
    prop_oneof![
        3 => Just(Lost::Unreachable),
        1 => (400..600u16).prop_map(|status| Lost::Refused { status }),
        4 => (code, any_duration()).prop_map(|(code, lasted)| closed(code, lasted)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn delays_stay_below_the_cap_and_in_a_range_that_only_grows(
        first in any_duration(),
        cap in any_duration(),
        lasting in any_duration(),
        all in proptest::collection::vec((any_lost(), any::<u64>()), 1..40),
    ) {
        let mut backoff = Backoff::new().with_first(first).with_cap(cap).with_lasting(lasting);
        let mut longest_before = Duration::ZERO;
        for (lost, random) in all {
            let (shortest, longest) = (backoff.clone().retry_in(lost, 0), backoff.clone().retry_in(lost, u64::MAX));
            let delay = backoff.retry_in(lost, random);
            prop_assert_eq!(delay.is_some(), shortest.is_some());
            if matches!(lost, Lost::Closed { lasted, .. } if lasted >= lasting) {
                longest_before = Duration::ZERO;
            }
            let (Some(delay), Some(shortest), Some(longest)) = (delay, shortest, longest) else { continue };
            prop_assert!(shortest <= delay && delay <= longest && longest <= cap);
            prop_assert!(longest >= longest_before, "{:?} after {:?}", longest, longest_before);
            longest_before = longest;
        }
    }

    #[test]
    fn the_cap_is_reached_by_a_server_that_stays_away(
        first in 1..10_000u64,
        cap in 1..1_000_000_000u64,
        randoms in proptest::collection::vec(any::<u64>(), 40),
    ) {
        let cap = Duration::from_millis(cap);
        let mut backoff = Backoff::new().with_first(Duration::from_millis(first)).with_cap(cap);
        let last = randoms.into_iter().filter_map(|random| backoff.retry_in(Lost::Unreachable, random)).last();
        prop_assert!(last.unwrap() >= cap / 2);
    }

    #[test]
    fn each_delay_of_a_range_is_as_likely_as_any_other(random in any::<u64>()) {
        let delay = Backoff::new().with_first(4 * SECOND).retry_in(Lost::Unreachable, random).unwrap();
        let exact = u128::from(random) * 4_000_000_000 / (1 << 64);
        prop_assert_eq!(delay.as_nanos(), exact);
    }
}
