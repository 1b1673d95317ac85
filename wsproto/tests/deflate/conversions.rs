//! Numbers to windows and levels, and back, and how they print.

use wsproto::deflate::{InvalidLevel, InvalidWindowBits, Level, WindowBits};

#[test]
fn each_number_converts_as_its_constructor_has_it() {
    for number in 0..=u8::MAX {
        let bits = number;
        assert_eq!(WindowBits::try_from(bits), WindowBits::new(bits).ok_or(InvalidWindowBits { bits }));
        assert_eq!(Level::try_from(number), Level::new(number).ok_or(InvalidLevel { level: number }));
    }
}

#[test]
fn and_back() {
    assert_eq!(u8::from(WindowBits::MIN), 8);
    assert_eq!(u8::from(Level::BEST), 9);
    assert_eq!(Level::BALANCED.to_string(), "6");
}

#[test]
fn what_is_no_such_number_says_which_are() {
    let (window, level) = (InvalidWindowBits { bits: 7 }, InvalidLevel { level: 10 });
    assert_eq!(window.to_string(), "there is no window of 7 bits: take 8 to 15");
    assert_eq!(level.to_string(), "there is no compression level 10: take 0 to 9");
}
