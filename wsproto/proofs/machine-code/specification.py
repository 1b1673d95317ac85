"""What the functions have to do, as formulas over bit-vectors: from the RFCs' text and figures, not from the code."""

from claripy import And, BVV, Concat, Extract, If, Not, Or, ULE, ULT, UGE, UGT, ZeroExt

# The numbers for errors are those of src/lib.rs.
INCOMPLETE = 0
RESERVED_OPCODE, FRAGMENTED_CONTROL, CONTROL_TOO_LONG, NON_MINIMAL, OVER_63_BITS = 0x100, 0x200, 0x300, 0x400, 0x500


def word(value):
    return BVV(value, 64)


def wide(byte):
    return ZeroExt(56, byte)


class Header:
    """RFC 6455 section 5.2's figure, read off the bits of up to 14 bytes. `minimal`: the length must be the shortest."""

    def __init__(self, bytes, minimal=True):
        n = len(bytes)
        at = lambda i: bytes[i] if i < n else BVV(0, 8)
        first, second = at(0), at(1)
        self.fin = ZeroExt(7, Extract(7, 7, first))
        self.rsv = ZeroExt(5, Extract(6, 4, first))
        self.opcode = ZeroExt(4, Extract(3, 0, first))
        self.is_masked = ZeroExt(7, Extract(7, 7, second))
        code = ZeroExt(1, Extract(6, 0, second))

        length_16 = ZeroExt(48, Concat(at(2), at(3)))
        length_64 = Concat(*[at(i) for i in range(2, 10)])
        self.payload_len = If(code == 127, length_64, If(code == 126, length_16, wide(code)))
        length_bytes = If(code == 127, word(8), If(code == 126, word(2), word(0)))
        key_at = {0: 2, 2: 4, 8: 10}
        key = [at(key_at[0] + i) for i in range(4)]
        for size in (2, 8):
            key = [If(length_bytes == size, at(key_at[size] + i), key[i]) for i in range(4)]
        self.masking_key = [If(self.is_masked == 1, byte, BVV(0, 8)) for byte in key]
        self.len = 2 + length_bytes + If(self.is_masked == 1, word(4), word(0))

        # Each rule, in the order of the bytes that it needs; the first that is broken is the answer.
        control = Extract(3, 3, first) == 1
        reserved = Or(*[self.opcode == code for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)])
        least = If(code == 127, word(0x10000), If(code == 126, word(126), word(0)))
        too_short = ULT(self.payload_len, least) if minimal else False
        rules = [
            (1, reserved, RESERVED_OPCODE + wide(self.opcode)),
            (1, And(control, self.fin == 0), word(FRAGMENTED_CONTROL)),
            (2, And(control, UGT(code, 125)), word(CONTROL_TOO_LONG)),
            (3, And(code == 127, Extract(7, 7, at(2)) == 1), word(OVER_63_BITS)),
            (4, And(code == 126, too_short), word(NON_MINIMAL)),
            (10, And(code == 127, too_short), word(NON_MINIMAL)),
        ]
        complete = ULE(self.len, n) if n >= 2 else False
        self.verdict = If(complete, self.len, word(INCOMPLETE))
        for needed, broken, error in reversed(rules):
            if n >= needed:
                self.verdict = If(broken, error, self.verdict)

    def fields(self):
        """As `struct Fields` has them: the length little-endian."""
        length = [Extract(8 * i + 7, 8 * i, self.payload_len) for i in range(8)]
        return length + self.masking_key + [self.is_masked, self.opcode, self.rsv, self.fin]


def is_header(opcode, fin, payload_len, longest_control=125):
    """Whether RFC 6455 sections 5.2 and 5.5 have such a frame."""
    known = Or(*[opcode == code for code in (0, 1, 2, 8, 9, 10)])
    control_rules = And(fin != 0, ULE(payload_len, longest_control))
    return And(known, Extract(63, 63, payload_len) == 0, Or(ULT(opcode, 8), control_rules))


def masked(bytes, key, turn=0):
    """RFC 6455 section 5.3: transformed-octet-i = original-octet-i XOR masking-key-octet-(i MOD 4)."""
    return [byte ^ key[(i + turn) % 4] for i, byte in enumerate(bytes)]


def turned(key, count):
    """The key whose octet 0 is for the byte `count` further on."""
    return [key[(i + count) % 4] for i in range(4)]


class Utf8:
    """A character under way: `size` bytes in all, `missing` of them to come, `value` the bits of those that came.

    RFC 3629 section 3: how many bits each byte brings, and that a character takes as few bytes as it can, is no surrogate
    and not above 10FFFF. A byte is impossible if no byte after it can make a character: none of the code points that
    begin with the bits so far is allowed. (The code has the table of section 4 instead.)
    """

    LEAST = {1: 0, 2: 0x80, 3: 0x800, 4: 0x10000}

    def __init__(self, size=0, missing=0, value=0, surrogates=False):
        number = lambda x, bits: BVV(x, bits) if isinstance(x, int) else x
        self.size, self.missing, self.value = number(size, 8), number(missing, 8), number(value, 32)
        self.surrogates = surrogates

    def step(self, byte):
        """Whether `byte` can stand here, and what is under way after it."""
        begins = self.missing == 0
        bits = lambda count: ZeroExt(32 - count, Extract(count - 1, 0, byte))
        size, value = BVV(0, 8), BVV(0, 32)
        for n, mask, lead, count in [(1, 0x80, 0, 7), (2, 0xE0, 0xC0, 5), (3, 0xF0, 0xE0, 4), (4, 0xF8, 0xF0, 3)]:
            is_lead = byte & mask == lead
            size, value = If(is_lead, BVV(n, 8), size), If(is_lead, bits(count), value)
        shape = If(begins, size != 0, byte & 0xC0 == 0x80)
        size = If(begins, size, self.size)
        value = If(begins, value, self.value << 6 | bits(6))
        missing = If(begins, size - 1, self.missing - 1)
        return And(shape, self._allows(size, missing, value)), Utf8(size, missing, value, self.surrogates)

    def _allows(self, size, missing, value):
        shift = ZeroExt(24, missing) * 6
        lowest, highest = value << shift, ((value + 1) << shift) - 1
        long_enough = Or(*[And(size == n, UGE(highest, least)) for n, least in self.LEAST.items()])
        surrogate = And(UGE(lowest, 0xD800), ULE(highest, 0xDFFF))
        return And(long_enough, ULE(lowest, 0x10FFFF), True if self.surrogates else Not(surrogate))

    def otherwise(self, condition, other):
        """This one where `condition` holds, `other` elsewhere."""
        pick = lambda a, b: If(condition, a, b)
        return Utf8(
            pick(self.size, other.size), pick(self.missing, other.missing), pick(self.value, other.value),
            self.surrogates,
        )


def utf8(state, bytes):
    """How many bytes are possible, and the character that is under way then."""
    taken, failed = word(0), False
    for byte in bytes:
        possible, after = state.step(byte)
        goes_on = And(Not(failed), possible)
        state = after.otherwise(goes_on, state)
        taken = If(goes_on, taken + 1, taken)
        failed = Or(failed, Not(possible))
    return taken, state
