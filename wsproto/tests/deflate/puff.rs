//! A DEFLATE decoder [RFC 1951] that is as plain as can be: bit by bit, no tables, no cuts. The oracle for the engine; it
//! also sees how far references go back.

/// What came of a message.
#[derive(Debug, PartialEq, Eq)]
pub struct Puffed {
    pub plain: Vec<u8>,
    /// The longest way back that a reference took, in bytes.
    pub farthest: usize,
}

/// Decodes a message's payload with its tail, after `history`. `None` if it can't be, or does not end where a block does.
pub fn puff(payload: &[u8], history: &[u8]) -> Option<Puffed> {
    let bytes = [payload, &[0x00, 0x00, 0xFF, 0xFF]].concat();
    let mut puff = Puff { bytes: &bytes, at: 0, out: history.to_vec(), farthest: 0 };
    while puff.at < bytes.len() * 8 {
        let is_final = puff.block()?;
        if is_final {
            puff.at = puff.at.next_multiple_of(8);
        }
    }
    Some(Puffed { plain: puff.out.split_off(history.len()), farthest: puff.farthest })
}

struct Puff<'a> {
    bytes: &'a [u8],
    /// In bits.
    at: usize,
    out: Vec<u8>,
    farthest: usize,
}

const LENGTHS: [(usize, usize); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];

impl Puff<'_> {
    fn block(&mut self) -> Option<bool> {
        let is_final = self.bits(1)? == 1;
        match self.bits(2)? {
            0 => self.stored()?,
            1 => {
                let lengths: Vec<_> = (0..288)
                    .map(|symbol| match symbol {
                        144..256 => 9,
                        256..280 => 7,
                        _ => 8,
                    })
                    .collect();
                self.symbols(&Code::new(&lengths), &Code::new(&[5; 30]))?;
            }
            2 => self.dynamic()?,
            _ => return None,
        }
        Some(is_final)
    }

    fn stored(&mut self) -> Option<()> {
        self.at = self.at.next_multiple_of(8);
        let (len, check) = (self.bits(16)?, self.bits(16)?);
        if len != !check & 0xFFFF {
            return None;
        }
        for _ in 0..len {
            let byte = self.bits(8)?;
            self.out.push(byte.try_into().unwrap());
        }
        Some(())
    }

    fn dynamic(&mut self) -> Option<()> {
        let (literals, distances, of_lengths) = (self.bits(5)? + 257, self.bits(5)? + 1, self.bits(4)? + 4);
        if literals > 286 || distances > 30 {
            return None;
        }
        let mut lengths = [0; 19];
        for symbol in
            [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15].iter().take(of_lengths)
        {
            lengths[*symbol] = self.bits(3)?;
        }
        let code = Code::new(&lengths);
        if !code.is_complete() {
            return None;
        }
        let mut lengths = Vec::new();
        while lengths.len() < literals + distances {
            let (value, times) = match self.symbol(&code)? {
                16 => (*lengths.last()?, 3 + self.bits(2)?),
                17 => (0, 3 + self.bits(3)?),
                18 => (0, 11 + self.bits(7)?),
                length => (length, 1),
            };
            lengths.extend(vec![value; times]);
        }
        if lengths.len() > literals + distances {
            return None;
        }
        let (literals, distances) = lengths.split_at(literals);
        let (literals, distances) = (Code::new(literals), Code::new(distances));
        // As zlib and miniz have it: a code of one symbol, or none, may be incomplete.
        for code in [&literals, &distances] {
            if !(code.is_complete() || code.longest() <= 1 && !code.is_over()) {
                return None;
            }
        }
        self.symbols(&literals, &distances)
    }

    fn symbols(&mut self, literals: &Code, distances: &Code) -> Option<()> {
        loop {
            match self.symbol(literals)? {
                literal @ 0..256 => self.out.push(literal.try_into().unwrap()),
                256 => return Some(()),
                length => {
                    let (base, extra) = *LENGTHS.get(length - 257)?;
                    let length = base + self.bits(extra)?;
                    let distance = match self.symbol(distances)? {
                        symbol @ 0..4 => symbol + 1,
                        symbol @ 4..30 => {
                            let extra = symbol / 2 - 1;
                            ((2 + symbol % 2) << extra) + 1 + self.bits(extra)?
                        }
                        _ => return None,
                    };
                    self.farthest = self.farthest.max(distance);
                    let from = self.out.len().checked_sub(distance)?;
                    for at in from..from + length {
                        self.out.push(self.out[at]);
                    }
                }
            }
        }
    }

    fn symbol(&mut self, code: &Code) -> Option<usize> {
        let (mut bits, mut len) = (0, 0);
        while len < 15 {
            bits = bits << 1 | self.bits(1)?;
            len += 1;
            let found = code.0.iter().find(|entry| (entry.0, entry.1) == (len, bits));
            if let Some((_, _, symbol)) = found {
                return Some(*symbol);
            }
        }
        None
    }

    fn bits(&mut self, n: usize) -> Option<usize> {
        let mut value = 0;
        for i in 0..n {
            let byte = self.bytes.get(self.at / 8)?;
            value |= usize::from(byte >> (self.at % 8) & 1) << i;
            self.at += 1;
        }
        Some(value)
    }
}

/// Length, bits and symbol of each, shortest first [RFC 1951 §3.2.2].
struct Code(Vec<(usize, usize, usize)>);

impl Code {
    fn new(lengths: &[usize]) -> Self {
        let mut code = Vec::new();
        let mut bits = 0;
        for len in 1..=15 {
            bits <<= 1;
            for symbol in (0..lengths.len()).filter(|symbol| lengths[*symbol] == len) {
                code.push((len, bits, symbol));
                bits += 1;
            }
        }
        Self(code)
    }

    /// How much of all codes of 15 bits are taken.
    fn taken(&self) -> usize {
        self.0.iter().map(|(len, _, _)| 1 << (15 - len)).sum()
    }

    fn is_complete(&self) -> bool {
        self.taken() == 1 << 15
    }

    fn is_over(&self) -> bool {
        self.taken() > 1 << 15
    }

    fn longest(&self) -> usize {
        self.0.last().map_or(0, |(len, _, _)| *len)
    }
}
