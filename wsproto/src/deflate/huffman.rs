/// A Huffman code to encode with: by symbol, the code's bits with the highest lowest, and above them its length, from bit 16 on.
pub(super) type Encoding<const SYMBOLS: usize> = [u32; SYMBOLS];

/// Gives the code of these lengths [RFC 1951 §3.2.2].
#[expect(clippy::indexing_slicing, reason = "indexes are cut to their arrays")]
pub(super) const fn encoding<const SYMBOLS: usize>(lengths: &[u8; SYMBOLS]) -> Encoding<SYMBOLS> {
    let mut numbers = [0_u16; 16];
    let mut symbol = 0;
    while symbol < SYMBOLS {
        let len = (lengths[symbol] % 16) as usize;
        numbers[len] = numbers[len].wrapping_add(1);
        symbol = symbol.wrapping_add(1);
    }
    let mut next = first_codes(&numbers);
    let mut encoding = [0; SYMBOLS];
    symbol = 0;
    while symbol < SYMBOLS {
        let len = lengths[symbol] % 16;
        encoding[symbol] = encoded(next[len as usize], len);
        next[len as usize] = next[len as usize].wrapping_add(1);
        symbol = symbol.wrapping_add(1);
    }
    encoding
}

/// The first code of each length, of which there are so many.
#[expect(clippy::indexing_slicing, reason = "as above")]
const fn first_codes(numbers: &[u16; 16]) -> [u16; 16] {
    let mut first = [0_u16; 16];
    let mut len = 1_usize;
    while len < 15 {
        let next = len.wrapping_add(1);
        first[next] = first[len].wrapping_add(numbers[len]).wrapping_shl(1);
        len = next;
    }
    first
}

/// A code as it is written.
const fn encoded(code: u16, len: u8) -> u32 {
    if len == 0 {
        return 0;
    }
    let bits = code.reverse_bits().wrapping_shr(16_u32.wrapping_sub(len as u32));
    (len as u32).wrapping_shl(16) | bits as u32
}

/// A code made for symbols that come so often.
pub(super) struct Code<const SYMBOLS: usize> {
    pub(super) lengths: [u8; SYMBOLS],
    pub(super) encoding: Encoding<SYMBOLS>,
    /// The last symbol that has a code, and one more.
    pub(super) used: usize,
    /// How many bits all symbols take together.
    pub(super) bits: usize,
}

impl<const SYMBOLS: usize> Code<SYMBOLS> {
    /// Makes the best one of which no code is longer than `longest`. At least two symbols have one: decoders want a code that
    /// is whole.
    pub(super) fn new(counts: &[u16; SYMBOLS], longest: usize) -> Self {
        let mut code = Self { lengths: [0; SYMBOLS], encoding: [0; SYMBOLS], used: 0, bits: 0 };
        let mut present = [0_u32; SYMBOLS];
        let mut number = 0_usize;
        for (chunk, start) in counts.chunks(16).zip((0_u32..).step_by(16)) {
            if chunk.iter().fold(0, |all, count| all | count) == 0 {
                continue; // most do not come
            }
            for (symbol, count) in (start..).zip(chunk) {
                if let Some(to) = present.get_mut(number) {
                    *to = u32::from(*count) << 16 | symbol;
                }
                number = number.wrapping_add(usize::from(*count > 0));
            }
        }
        if let ([first, second, ..], 0..2) = (present.as_mut_slice(), number) {
            // One that does not come, before or behind the one that does.
            (*first, *second) = if *first % 0x1_0000 == 0 { (*first, 1) } else { (0, *first) };
            number = 2;
        }
        let present = present.get(..number).unwrap_or_default();
        let mut sorted = [0_u32; SYMBOLS];
        if let Some(sorted) = sorted.get_mut(..number) {
            sort::<SYMBOLS>(present, sorted);
        }
        let sorted = sorted.get(..number).unwrap_or_default();
        let numbers = number_of_lengths::<SYMBOLS>(sorted, longest);
        // The rarest get the longest.
        let mut rest = sorted;
        for (len, number) in (0_u8..16).zip(numbers).rev() {
            let (these, others) = rest.split_at_checked(number.into()).unwrap_or((rest, &[]));
            for entry in these {
                if let Some(to) = code.lengths.get_mut((entry & 0xFFFF) as usize) {
                    *to = len;
                }
                let bits = (entry >> 16).wrapping_mul(len.into());
                code.bits = code.bits.wrapping_add(bits as usize);
            }
            rest = others;
        }
        let mut next = first_codes(&numbers);
        for entry in present {
            let symbol = (entry & 0xFFFF) as usize;
            let len = code.lengths.get(symbol).copied().unwrap_or_default();
            if let (Some(to), Some(next)) = (code.encoding.get_mut(symbol), next.get_mut(usize::from(len))) {
                *to = encoded(*next, len);
                *next = next.wrapping_add(1);
            }
            code.used = symbol.wrapping_add(1);
        }
        code
    }
}

/// Sorts by what stands above bit 16, four bits after the other.
fn sort<const SYMBOLS: usize>(entries: &[u32], sorted: &mut [u32]) {
    let all = entries.iter().fold(0, |all, entry| all | entry);
    let mut from = [0; SYMBOLS];
    let Some(from) = from.get_mut(..entries.len()) else { return };
    sorted.copy_from_slice(entries);
    for shift in [16, 20, 24, 28].into_iter().take_while(|shift| all >> shift > 0) {
        from.copy_from_slice(sorted);
        let mut places = [0_u16; 16];
        let digit = |entry: u32| (entry >> shift & 15) as usize;
        for entry in &*from {
            if let Some(place) = places.get_mut(digit(*entry)) {
                *place = place.wrapping_add(1);
            }
        }
        let mut next = 0_u16;
        for place in &mut places {
            (*place, next) = (next, next.wrapping_add(*place));
        }
        for entry in &*from {
            if let Some(place) = places.get_mut(digit(*entry)) {
                if let Some(to) = sorted.get_mut(usize::from(*place)) {
                    *to = *entry;
                }
                *place = place.wrapping_add(1);
            }
        }
    }
}

/// Builds Huffman's tree over leaves sorted by weight, two at the least, and counts how many lie how deep.
fn number_of_lengths<const SYMBOLS: usize>(leaves: &[u32], longest: usize) -> [u16; 16] {
    let (mut weights, mut parents) = ([u32::MAX; SYMBOLS], [0_u16; SYMBOLS]);
    let nodes = leaves.len().saturating_sub(1);
    let (mut leaf, mut inner) = (0_usize, 0_usize);
    for (node, number) in (0..nodes).zip(0_u16..) {
        let mut weight = 0_u32;
        for _ in 0..2 {
            let of_leaf = leaves.get(leaf).map_or(u32::MAX, |leaf| leaf >> 16);
            let of_inner = weights.get(inner).copied().unwrap_or(u32::MAX);
            weight = weight.wrapping_add(of_leaf.min(of_inner));
            // Of an inner node that is not taken yet this is written again when it is.
            if let Some(parent) = parents.get_mut(inner) {
                *parent = number;
            }
            let is_leaf = of_leaf <= of_inner;
            leaf = leaf.wrapping_add(usize::from(is_leaf));
            inner = inner.wrapping_add(usize::from(!is_leaf));
        }
        if let Some(to) = weights.get_mut(node) {
            *to = weight;
        }
    }
    // From the root down each node makes two places of one, a level deeper; where there is no deeper level, one that lies
    // higher does. Parents come last and are depths by then.
    let mut depths = parents;
    let mut numbers = [0_u16; 16];
    let root = nodes.saturating_sub(1);
    for node in (0..nodes).rev() {
        let parent = depths.get(node).map_or(0, |parent| usize::from(*parent));
        let depth =
            if node == root { 0 } else { depths.get(parent).copied().unwrap_or_default().saturating_add(1) };
        if let Some(to) = depths.get_mut(node) {
            *to = depth;
        }
        let mut place = usize::from(depth).min(longest.saturating_sub(1));
        while place > 0 && numbers.get(place) == Some(&0) {
            place = place.saturating_sub(1);
        }
        if let Some(number) = numbers.get_mut(place) {
            *number = number.saturating_sub(1);
        }
        if let Some(number) = numbers.get_mut(place.wrapping_add(1)) {
            *number = number.wrapping_add(2);
        }
    }
    numbers
}
