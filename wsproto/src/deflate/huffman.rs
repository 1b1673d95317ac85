/// A Huffman code to encode with: by symbol, the code's bits with the highest lowest, and above them its length, from bit 16 on.
pub(super) type Encoding<const SYMBOLS: usize> = [u32; SYMBOLS];

/// Gives the code of these lengths [RFC 1951 §3.2.2].
#[allow(clippy::indexing_slicing, clippy::cast_possible_truncation)] // indexes are cut to their arrays; codes have 15 bits
pub(super) const fn encoding<const SYMBOLS: usize>(lengths: &[u8; SYMBOLS]) -> Encoding<SYMBOLS> {
    let mut next = [0_u16; 16];
    let mut symbol = 0;
    while symbol < SYMBOLS {
        let len = (lengths[symbol] % 16) as usize;
        next[len] = next[len].wrapping_add(1);
        symbol = symbol.wrapping_add(1);
    }
    // From how many there are of a length to the first code of it.
    let (mut code, mut len) = (0_u16, 1);
    while len < 16 {
        let count = next[len];
        next[len] = code;
        code = code.wrapping_add(count).wrapping_shl(1);
        len = len.wrapping_add(1);
    }
    let mut encoding = [0; SYMBOLS];
    symbol = 0;
    while symbol < SYMBOLS {
        let len = (lengths[symbol] % 16) as usize;
        if len > 0 {
            let bits = next[len].reverse_bits().wrapping_shr(16_u32.wrapping_sub(len as u32));
            encoding[symbol] = (len as u32).wrapping_shl(16) | bits as u32;
            next[len] = next[len].wrapping_add(1);
        }
        symbol = symbol.wrapping_add(1);
    }
    encoding
}

/// Makes the lengths of the code that is best for symbols that come so often, none of it longer than `longest`. At least two
/// symbols get one: decoders want a code that is whole.
pub(super) fn lengths<const SYMBOLS: usize>(counts: &[u16; SYMBOLS], longest: usize) -> [u8; SYMBOLS] {
    let mut lengths = [0; SYMBOLS];
    let mut symbols = [0_u32; SYMBOLS];
    let used = sort(counts, &mut symbols);
    if used < 2 {
        let only = symbols.first().map_or(0, |symbol| symbol & 0xFFFF) as usize;
        for symbol in [only, usize::from(only == 0)] {
            if let Some(len) = lengths.get_mut(symbol) {
                *len = 1;
            }
        }
        return lengths;
    }
    let leaves = symbols.get(..used).unwrap_or_default();
    let numbers = number_of_lengths::<SYMBOLS>(leaves, longest);
    // The rarest get the longest.
    let mut rest = leaves.iter();
    for (len, number) in (0_u8..16).zip(numbers).rev() {
        for symbol in rest.by_ref().take(number.into()) {
            if let Some(to) = lengths.get_mut((symbol & 0xFFFF) as usize) {
                *to = len;
            }
        }
    }
    lengths
}

/// Sorts those that come at all by how often, which stands above bit 16 of each. Returns how many there are.
fn sort<const SYMBOLS: usize>(counts: &[u16; SYMBOLS], symbols: &mut [u32; SYMBOLS]) -> usize {
    let mut entries = [0; SYMBOLS];
    let (mut used, mut all) = (0, 0);
    for (symbol, count) in (0_u32..).zip(counts) {
        if let Some(to) = entries.get_mut(used).filter(|_| *count > 0) {
            *to = u32::from(*count) << 16 | symbol;
            used = used.saturating_add(1);
            all |= *count;
        }
    }
    let shifts: &[u32] = if all < 0x100 { &[16] } else { &[16, 24] };
    for shift in shifts {
        let mut places = [0_u16; 256];
        let digit = |entry: u32| (entry >> shift & 0xFF) as usize;
        let taken = entries.get(..used).unwrap_or_default();
        for entry in taken {
            if let Some(place) = places.get_mut(digit(*entry)) {
                *place = place.wrapping_add(1);
            }
        }
        let mut next = 0_u16;
        for place in &mut places {
            (*place, next) = (next, next.wrapping_add(*place));
        }
        for entry in taken {
            if let Some(place) = places.get_mut(digit(*entry)) {
                if let Some(to) = symbols.get_mut(usize::from(*place)) {
                    *to = *entry;
                }
                *place = place.wrapping_add(1);
            }
        }
        entries = *symbols;
    }
    used
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
            if of_leaf <= of_inner {
                leaf = leaf.wrapping_add(1);
            } else {
                if let Some(parent) = parents.get_mut(inner) {
                    *parent = number;
                }
                inner = inner.wrapping_add(1);
            }
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
