//! `Default` is where `new` starts, and not where a derived one would, at limits of zero.

use wsproto::connection::{Limits, Reply, SendState, Sender, Server};
use wsproto::wire::{Rsv, Utf8Validator};

#[test]
fn the_default_is_the_documented_beginning() {
    assert_eq!(Limits::default(), Limits::new());
    assert_eq!(Sender::<Server>::default().state(), SendState::Open);
    assert_eq!(Utf8Validator::default(), Utf8Validator::new());
    assert_eq!(Rsv::default(), Rsv::NONE);
    assert!(!Reply::default().is_due());
}
