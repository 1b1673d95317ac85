use super::{MessageKind, SendState};
use crate::error::Misuse;
use crate::wire::{Opcode, Utf8Validator};

/// What was sent, as far as it rules what may follow. It knows no role.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outgoing {
    pub(super) state: SendState,
    /// The fragmented message under way, and its text so far.
    pub(super) message: Option<(MessageKind, Utf8Validator)>,
}

/// A fragment's opcode, and the message that is under way after it.
pub(super) type Fragment = (Opcode, Option<(MessageKind, Utf8Validator)>);

impl Outgoing {
    pub(super) const NEW: Self = Self { state: SendState::Open, message: None };

    const fn check_open(&self) -> Result<(), Misuse> {
        match self.state {
            SendState::Open => Ok(()),
            // [RFC 6455 §5.5.1]: no data frames after a Close frame.
            SendState::CloseSent | SendState::Done => Err(Misuse::CloseSent),
        }
    }

    /// [RFC 6455 §5.4]: the fragments of one message are not mixed with another's.
    pub(super) const fn check_message(&self) -> Result<(), Misuse> {
        match (self.check_open(), self.message) {
            (Ok(()), None) => Ok(()),
            (Ok(()), Some(_)) => Err(Misuse::MessageUnderWay),
            (closed, _) => closed,
        }
    }

    /// The opcode of a fragment, and what is under way after it.
    pub(super) fn next_fragment(
        &self,
        kind: MessageKind,
        payload: &[u8],
        is_last: bool,
    ) -> Result<Fragment, Misuse> {
        self.check_open()?;
        let (opcode, mut utf8) = match (self.message, kind) {
            (Some((under_way, utf8)), _) if under_way == kind => (Opcode::Continuation, utf8),
            (Some(_), _) => return Err(Misuse::MessageUnderWay),
            (None, MessageKind::Text) => (Opcode::Text, Utf8Validator::new()),
            (None, MessageKind::Binary) => (Opcode::Binary, Utf8Validator::new()),
        };
        if kind == MessageKind::Text {
            utf8.validate(payload).map_err(|_| Misuse::NotUtf8)?;
            if is_last && !utf8.is_complete() {
                return Err(Misuse::NotUtf8);
            }
        }
        Ok((opcode, (!is_last).then_some((kind, utf8))))
    }
}
