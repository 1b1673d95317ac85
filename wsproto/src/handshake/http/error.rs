//! What is wrong with a head, whoever sent it.

use core::fmt;

/// Tells what is wrong with the head of a message, before its meaning matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum HeadError {
    /// The head is longer than [`HeadLimits::bytes`](super::limits::HeadLimits::bytes).
    TooLong,
    /// The head has more field lines than [`HeadLimits::fields`](super::limits::HeadLimits::fields).
    TooManyFields,
    /// A line ends in LF without CR, which other parsers may read differently ([RFC 9112 §2.2]).
    ///
    /// [RFC 9112 §2.2]: https://www.rfc-editor.org/rfc/rfc9112#section-2.2
    BareLineFeed,
    /// A field line is folded over two lines ([RFC 9112 §5.2]). A folded response is refused too: a decoder does not
    /// write to the received bytes, so it can't replace the fold by spaces.
    ///
    /// [RFC 9112 §5.2]: https://www.rfc-editor.org/rfc/rfc9112#section-5.2
    FoldedField,
    /// A field's name is no token, ends in whitespace or lacks the colon ([RFC 9112 §5.1]).
    ///
    /// [RFC 9112 §5.1]: https://www.rfc-editor.org/rfc/rfc9112#section-5.1
    FieldName,
    /// A field's value holds CR, NUL or another control character ([RFC 9110 §5.5]).
    ///
    /// [RFC 9110 §5.5]: https://www.rfc-editor.org/rfc/rfc9110#section-5.5
    FieldValue,
}

impl HeadError {
    /// Says what is wrong, and what to send instead.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::TooLong => "the head is too long: send fewer or shorter header fields",
            Self::TooManyFields => "the head has too many header fields: send fewer",
            Self::BareLineFeed => "a line of the head ends in LF alone: end each in CR LF",
            Self::FoldedField => "a header field is folded: write it on one line",
            Self::FieldName => "a header field's name is not a token followed by a colon",
            Self::FieldValue => "a header field's value holds a control character",
        }
    }
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for HeadError {}
