//! `Default` is where `new` starts, and not where a derived one would, at limits of zero.

use wsproto::handshake::{HeadError, HeadLimits, RequestDecoder, RequestFault};

#[test]
fn the_default_decoder_has_the_default_limits() {
    assert_eq!(HeadLimits::default(), HeadLimits::DEFAULT);
    let too_long = "x".repeat(HeadLimits::DEFAULT.bytes + 1);
    let error = RequestDecoder::default().decode(too_long.as_bytes()).unwrap_err();
    assert_eq!(error.fault(), RequestFault::Head(HeadError::TooLong));
}
