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
#[expect(clippy::indexing_slicing, reason = "by a byte")]
const fn encoded(code: u16, len: u8) -> u32 {
    if len == 0 {
        return 0;
    }
    let [high, low] = code.to_be_bytes();
    let bits = (REVERSED[low as usize] as u32).wrapping_shl(8) | REVERSED[high as usize] as u32;
    (len as u32).wrapping_shl(16) | bits.wrapping_shr(16_u32.wrapping_sub(len as u32))
}

/// Each byte with its bits the other way round: not every processor does that at once.
#[expect(clippy::indexing_slicing, reason = "by the compiler")]
const REVERSED: [u8; 256] = {
    let (mut all, mut byte) = ([0; 256], 0_u8);
    loop {
        all[byte as usize] = byte.reverse_bits();
        byte = byte.wrapping_add(1);
        if byte == 0 {
            break all;
        }
    }
};

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
    pub(super) const NONE: Self = Self { lengths: [0; SYMBOLS], encoding: [0; SYMBOLS], used: 0, bits: 0 };

    /// Makes it the best one of which no code is longer than `longest`. At least two symbols have one: decoders want a code that
    /// is whole.
    #[inline(never)]
    pub(super) fn make(&mut self, counts: &[u16; SYMBOLS], longest: usize) {
        self.lengths = [0; SYMBOLS];
        self.bits = 0;
        let mut present = [0_u32; SYMBOLS];
        let mut number = gather(counts, &mut present);
        if let ([first, second, ..], 0..2) = (present.as_mut_slice(), number) {
            // One that does not come, before or behind the one that does.
            (*first, *second) = if *first % 0x1_0000 == 0 { (*first, 1) } else { (0, *first) };
            number = 2;
        }
        let present = present.get(..number).unwrap_or_default();
        let (mut entries, mut other) = ([0_u32; SYMBOLS], [0_u32; SYMBOLS]);
        let (Some(entries), Some(other)) = (entries.get_mut(..number), other.get_mut(..number)) else {
            return;
        };
        entries.copy_from_slice(present);
        let sorted = sort(entries, other);
        let numbers = number_of_lengths::<SYMBOLS>(sorted, longest);
        // The rarest get the longest.
        let mut rest = sorted;
        for (len, number) in (0_u8..16).zip(numbers).rev() {
            if number == 0 {
                continue;
            }
            let (these, others) = rest.split_at_checked(number.into()).unwrap_or((rest, &[]));
            for entry in these {
                if let Some(to) = self.lengths.get_mut((entry & 0xFFFF) as usize) {
                    *to = len;
                }
                let bits = (entry >> 16).wrapping_mul(len.into());
                self.bits = self.bits.wrapping_add(bits as usize);
            }
            rest = others;
        }
        let mut next = first_codes(&numbers);
        for entry in present {
            let symbol = (entry & 0xFFFF) as usize;
            let len = self.lengths.get(symbol).copied().unwrap_or_default();
            if let (Some(to), Some(next)) = (self.encoding.get_mut(symbol), next.get_mut(usize::from(len))) {
                *to = encoded(*next, len);
                *next = next.wrapping_add(1);
            }
            self.used = symbol.wrapping_add(1);
        }
    }
}

/// Lists the symbols that come, each with how often above bit 16, and returns how many there are.
fn gather(mut counts: &[u16], present: &mut [u32]) -> usize {
    let (mut number, mut symbol) = (0_usize, 0_u32);
    let mut add = |counts: &[u16], symbol: u32| {
        for (symbol, count) in (symbol..).zip(counts) {
            if let Some(to) = present.get_mut(number) {
                *to = u32::from(*count) << 16 | symbol;
            }
            number = number.wrapping_add(usize::from(*count > 0));
        }
    };
    while let Some((eight, rest)) = counts.split_first_chunk::<8>() {
        if *eight != [0; 8] {
            add(eight, symbol); // most do not come
        }
        symbol = symbol.wrapping_add(8);
        counts = rest;
    }
    add(counts, symbol);
    number
}

/// Sorts by what stands above bit 16, five bits after the other, and returns where that came to stand.
#[inline(never)]
fn sort<'e>(entries: &'e mut [u32], other: &'e mut [u32]) -> &'e [u32] {
    let all = entries.iter().fold(0, |all, entry| all | entry);
    let (mut from, mut to) = (entries, other);
    for shift in [16, 21, 26, 31].into_iter().take_while(|shift| all >> shift > 0) {
        let mut places = [0_u16; 32];
        let digit = |entry: u32| (entry >> shift & 31) as usize;
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
                if let Some(to) = to.get_mut(usize::from(*place)) {
                    *to = *entry;
                }
                *place = place.wrapping_add(1);
            }
        }
        (from, to) = (to, from);
    }
    from
}

/// Builds Huffman's tree over leaves sorted by weight, two at the least, and counts how many lie how deep.
#[inline(never)]
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
    // Parents come last: so each is a depth when its children are seen, and the first node lies deepest.
    let mut depths = parents;
    if let Some(root) = depths.get_mut(nodes.saturating_sub(1)) {
        *root = 0;
    }
    for node in (0..nodes.saturating_sub(1)).rev() {
        let parent = depths.get(node).map_or(0, |parent| usize::from(*parent));
        let depth = depths.get(parent).map_or(0, |depth| depth.wrapping_add(1));
        if let Some(to) = depths.get_mut(node) {
            *to = depth;
        }
    }
    numbers_at(depths.get(..nodes).unwrap_or_default(), longest)
}

/// How many leaves lie how deep, where inner nodes lie so deep, the deepest first.
///
/// From the root down each node makes two places of one, a level deeper; where there is no deeper level, one that lies higher does.
fn numbers_at(depths: &[u16], longest: usize) -> [u16; 16] {
    let mut numbers = [0_u16; 16];
    if depths.first().is_some_and(|deepest| usize::from(*deepest) < longest) {
        let mut inner = [0_u16; 16];
        for depth in depths {
            if let Some(number) = inner.get_mut(usize::from(depth & 15)) {
                *number = number.wrapping_add(1);
            }
        }
        let mut places = 1_u16;
        for (number, inner) in numbers.iter_mut().zip(inner) {
            *number = places.wrapping_sub(inner);
            places = inner.wrapping_mul(2);
        }
        return numbers;
    }
    for depth in depths.iter().rev() {
        let mut place = usize::from(*depth).min(longest.saturating_sub(1));
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
