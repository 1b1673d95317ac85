use std::cell::RefCell;

use wsproto::{MaskingKey, MaskingKeys, RandomKeys};

/// The role of a client whose masking keys come from [`ThreadKeys`]: `WebSocket<T, Client>`.
pub type Client = wsproto::Client<ThreadKeys>;

/// Masking keys from the operating system, drawn 128 at once for all the connections of a thread ([RFC 6455 §5.3]).
///
/// A value of no size.
///
/// [RFC 6455 §5.3]: https://www.rfc-editor.org/rfc/rfc6455#section-5.3
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ThreadKeys;

impl ThreadKeys {
    /// Returns the role of a client that draws from these keys.
    pub const fn client() -> Client {
        wsproto::Client::new(Self)
    }
}

thread_local! {
    static KEYS: RefCell<RandomKeys> = const { RefCell::new(RandomKeys::new()) };
}

impl MaskingKeys for ThreadKeys {
    fn next_key(&mut self) -> Option<MaskingKey> {
        // While a thread ends, its batch may be gone already.
        KEYS.try_with(|keys| keys.borrow_mut().next_key()).unwrap_or_else(|_| RandomKeys::new().next_key())
    }
}
