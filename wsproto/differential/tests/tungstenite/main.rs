//! The same bytes through `tungstenite` and through our session: the same messages, replies and end, or a difference
//! that is on the list of [`wsproto_differential::reasons`].

mod frames;
mod reasons;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestCaseError, TestCaseResult};
use tungstenite::protocol::Role;

use frames::{RawFrame, any_frame, bytes_of, conversation};
use wsproto_differential::ends::{self, Told, ours, theirs};

const ROLES: [Role; 2] = [Role::Server, Role::Client];

/// The same cases on each run, so that a change is to blame for what a run finds.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 300,
        rng_seed: RngSeed::Fixed(6455),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// The same as [`wsproto_differential::compare`], as proptest likes it.
fn compare(role: Role, bytes: &[u8], cuts: &[usize]) -> Result<Told, TestCaseError> {
    wsproto_differential::compare(role, bytes, cuts).map_err(TestCaseError::fail)
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    vec(0..600_usize, 0..12)
}

proptest! {
    #![proptest_config(config())]

    /// No reason is good enough here: what is valid is understood alike.
    #[test]
    fn valid_conversations_are_told_alike(frames in conversation(), cuts in cuts()) {
        for role in ROLES {
            let bytes = bytes_of(&frames, role);
            prop_assert_eq!(ours(role, &bytes, &cuts), theirs(role, &bytes, &cuts), "{:02x?}", bytes);
        }
    }

    #[test]
    fn conversations_that_stop_anywhere(frames in conversation(), at in any::<prop::sample::Index>(), cuts in cuts()) {
        for role in ROLES {
            let bytes = bytes_of(&frames, role);
            compare(role, &bytes[..at.index(bytes.len() + 1)], &cuts)?;
        }
    }

    #[test]
    fn conversations_with_bytes_changed(
        frames in conversation(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cuts in cuts(),
    ) {
        for role in ROLES {
            let mut bytes = bytes_of(&frames, role);
            for (at, byte) in changes.iter().filter(|_| !frames.is_empty()) {
                let at = at.index(bytes.len());
                bytes[at] ^= byte;
            }
            compare(role, &bytes, &cuts)?;
        }
    }

    #[test]
    fn conversations_with_a_frame_that_does_not_belong(
        mut frames in conversation(),
        stranger in any_frame(),
        at in any::<prop::sample::Index>(),
        cuts in cuts(),
    ) {
        frames.insert(at.index(frames.len() + 1), stranger);
        for role in ROLES {
            compare(role, &bytes_of(&frames, role), &cuts)?;
        }
    }

    #[test]
    fn frames_without_sense(frames in vec(any_frame(), 0..8), cuts in cuts()) {
        for role in ROLES {
            compare(role, &bytes_of(&frames, role), &cuts)?;
        }
    }

    #[test]
    fn bytes_without_sense(bytes in vec(any::<u8>(), 0..300), cuts in cuts()) {
        for role in ROLES {
            compare(role, &bytes, &cuts)?;
        }
    }
}

/// The places where a header is short of, at, and over the next form of its length, and those around the limits.
#[test]
fn lengths_at_every_edge() -> TestCaseResult {
    for len in [0, 1, 125, 126, 127, 4095, ends::MAX_FRAME, ends::MAX_FRAME + 1, 65_535, 65_536] {
        for role in ROLES {
            let frame = RawFrame { payload: vec![b'x'; len], ..RawFrame::text("") };
            compare(role, &frame.bytes(role), &[])?;
        }
    }
    Ok(())
}

/// A message over the limit in frames that are not.
#[test]
fn messages_at_the_limit_in_fragments() -> TestCaseResult {
    for over in [0, 1] {
        let first = RawFrame { fin: false, payload: vec![b'x'; ends::MAX_FRAME], ..RawFrame::text("") };
        let last_len = ends::MAX_MESSAGE - ends::MAX_FRAME + over;
        let last = RawFrame { opcode: 0, payload: vec![b'x'; last_len], ..RawFrame::text("") };
        for role in ROLES {
            let told = compare(role, &bytes_of(&[first.clone(), last.clone()], role), &[1000])?;
            assert_eq!(told.messages.is_empty(), over > 0);
        }
    }
    Ok(())
}
