//! A peer's compressed messages, whatever they are. Held against zlib-rs's decoder: the same bytes come out of what is DEFLATE,
//! and of what is not, the same bytes before the fault; and against itself, cut in other ways.

use arbitrary::Arbitrary;
use flate2::{Decompress, FlushDecompress, Status};
use wsproto::deflate::{InflateError, Inflater, WindowBits};

#[derive(Debug, Arbitrary)]
pub struct Messages<'a> {
    window: u8,
    has_takeover: bool,
    piece: u8,
    space: u8,
    messages: Vec<&'a [u8]>,
}

/// What came out of a message, and how it ended.
type Inflated = (Vec<u8>, Result<(), InflateError>);

pub fn check(input: &Messages<'_>) {
    let bits = WindowBits::new(8 + input.window % 8).expect("8 to 15");
    let (piece, space) = (usize::from(input.piece).max(1), usize::from(input.space).max(1));
    let new = || Inflater::new(bits, input.has_takeover);
    let (mut whole, mut cut) = (new(), new());
    let mut other = Decompress::new(false);
    let mut may_compare = bits == WindowBits::MAX;
    for payload in &input.messages {
        let inflated = inflate(&mut whole, payload, usize::MAX, 1 << 16);
        assert_eq!(inflate(&mut cut, payload, piece, space), inflated, "cut");
        let held = whole.capacity();
        assert!(held <= bits.window_size() + 6400, "{held} bytes are held");
        if may_compare && input.has_takeover {
            may_compare = is_the_same(&mut other, payload, &inflated);
        }
        if let (_, Err(error)) = inflated {
            assert_eq!(whole.inflate(payload, true, &mut [0; 9]), Err(error), "it latches");
            return;
        }
        assert!(held <= bits.window_size() && (input.has_takeover || held == 0), "{held} bytes are held");
    }
}

/// No bit brings more than 258 bytes.
fn inflate(inflater: &mut Inflater, payload: &[u8], piece: usize, space: usize) -> Inflated {
    let (mut plain, mut output) = (Vec::new(), vec![0; space]);
    let mut pieces = payload.chunks(piece).peekable();
    let mut input = pieces.next().unwrap_or_default();
    loop {
        match inflater.inflate(input, pieces.peek().is_none(), &mut output) {
            Err(error) => return (plain, Err(error)),
            Ok(inflated) => {
                plain.extend_from_slice(&output[..inflated.written]);
                assert!(plain.len() <= (payload.len() + 4) * 8 * 258, "out of nothing");
                if inflated.is_done {
                    return (plain, Ok(()));
                }
                input = &input[inflated.consumed..];
                if input.is_empty() && inflated.written < space {
                    input = pieces.next().unwrap_or_default();
                }
            }
        }
    }
}

/// Whether later messages can be compared too: a block with BFINAL ends the other one's stream.
fn is_the_same(other: &mut Decompress, payload: &[u8], (plain, result): &Inflated) -> bool {
    if payload.is_empty() {
        // No stream of DEFLATE is, but browsers take it for the empty message.
        assert_eq!((plain.len(), *result), (0, Ok(())));
        return true;
    }
    let bytes = [payload, &[0x00, 0x00, 0xFF, 0xFF]].concat();
    let (mut expected, mut at) = (Vec::new(), 0);
    loop {
        let mut output = vec![0; 1 << 16];
        let (before_in, before_out) = (other.total_in(), other.total_out());
        let status = other.decompress(&bytes[at..], &mut output, FlushDecompress::Sync);
        at += usize::try_from(other.total_in() - before_in).expect("small");
        let written = usize::try_from(other.total_out() - before_out).expect("small");
        expected.extend_from_slice(&output[..written]);
        match status {
            Err(_) => {
                // At the end it may miss what would follow the fault, and call that unfinished.
                assert!(result.is_err(), "the other one refuses it");
                // It may give out less than what came before the fault.
                assert!(plain.starts_with(&expected), "what came before the fault");
                return false;
            }
            Ok(Status::StreamEnd) => {
                assert!(plain.starts_with(&expected), "up to the end of its stream");
                return false;
            }
            Ok(_) if at == bytes.len() && written < output.len() => {
                assert!(*plain == expected, "what came out");
                // The other one takes a code without symbols for one of zeros, and fails when the block has no end.
                return *result == Ok(());
            }
            Ok(_) => {}
        }
    }
}
