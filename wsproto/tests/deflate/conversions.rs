//! Numbers to windows and levels, and back, and how they print.

use wsproto::deflate::{Level, WindowBits};

#[test]
fn windows_have_8_to_15_bits_and_levels_go_to_9() {
    for number in 0..=u8::MAX {
        assert_eq!(
            WindowBits::new(number).map(WindowBits::get),
            (8..=15).contains(&number).then_some(number)
        );
        assert_eq!(Level::new(number).map(Level::get), (number <= 9).then_some(number));
    }
}

#[test]
fn and_back() {
    assert_eq!(u8::from(WindowBits::MIN), 8);
    assert_eq!(u8::from(Level::BEST), 9);
    assert_eq!(Level::BALANCED.to_string(), "6");
}
