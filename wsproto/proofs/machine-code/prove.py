"""Proves the library's machine code equal to its specification, for all inputs: prove.py LIBRARY [--long]

Each claim is a formula about one function. It is proven if no input, on any path through the instructions, makes it
false; and if the paths together take every input. Then each claim is made once more with a specification that is wrong in
one point: there a counterexample must be found, and the processor must do with it what was predicted.
"""

import argparse
import ctypes
import os
import time
from concurrent.futures import ProcessPoolExecutor

import claripy
from claripy import And, BVS, BVV, If, Not, Or

import specification as spec
from machine import Machine


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("library")
    parser.add_argument("--long", action="store_true", help="text in pieces of one byte more")
    options = parser.parse_args()

    jobs = [(decode, n) for n in range(16)] + [(encode,)]
    jobs += [(mask, n) for n in range(68)] + [(mask_into, n) for n in range(68)]
    longest = {"": 5, "inside a character": 3} if options.long else {"": 4, "inside a character": 2}
    for prefix in UNDER_WAY:
        for n in range(1 + longest["inside a character" if prefix else ""]):
            jobs += [(utf8, prefix, first, n) for first in (LEADS if n > 2 else [ANY])]
    jobs += [(utf8_is_complete, prefix) for prefix in UNDER_WAY]
    # The longest first, so that no worker is left with it at the end.
    jobs.sort(key=lambda job: (job[0] is utf8, job[-1] if isinstance(job[-1], int) else 0), reverse=True)
    controls = [
        (decode, 4, "a length need not be minimal"),
        (encode, "a control frame may have 126 bytes"),
        (mask, 7, "the key begins with its second byte"),
        (mask_into, 7, "the key begins with its second byte"),
        (utf8, b"", ANY, 2, "surrogates are text"),
    ]

    totals = {}
    with ProcessPoolExecutor(os.cpu_count(), initializer=load, initargs=(options.library,)) as pool:
        for job, (paths, seconds, refuted) in zip(jobs, pool.map(attempt, jobs)):
            if refuted:
                raise SystemExit(f"{describe(job)}: {refuted}")
            count, all_paths, all_seconds = totals.get(job[0], (0, 0, 0))
            totals[job[0]] = (count + 1, all_paths + paths, all_seconds + seconds)
        for function, (count, paths, seconds) in totals.items():
            print(f"{function.__name__}: {count} claims hold, on {paths} paths ({seconds:.0f} s)")
        for job, (_, _, refuted) in zip(controls, pool.map(attempt, controls)):
            if not refuted:
                raise SystemExit(f"{describe(job)}: not refuted, though it is wrong")
            print(f"{describe(job)}: refuted, as it has to be: {refuted}")


def decode(length, wrong=None):
    """What `FrameHeader::decode` does with `length` bytes."""
    bytes = symbols("byte", length)
    header = spec.Header(bytes, minimal=not wrong)
    untouched = [BVV(0xAA, 8)] * 16
    decoded = And(spec.UGE(header.verdict, 2), spec.ULE(header.verdict, 14))
    fields = [If(decoded, field, other) for field, other in zip(header.fields(), untouched)]
    return claim("decode", [bytes, length, untouched], header.verdict, [bytes, fields])


def encode(wrong=None):
    """What `FrameHeader::encode` makes of all values of all fields."""
    length, key = symbols("length", 8), symbols("key", 4)
    is_masked, opcode, rsv, fin = symbols("flag", 4)
    fields = length + key + [is_masked, opcode, rsv, fin]
    payload_len = claripy.Concat(*reversed(length))
    valid = spec.is_header(opcode, fin, payload_len, longest_control=126 if wrong else 125)
    # The three flags are C's: src/lib.rs takes all but 0 for true. RSV has three bits.
    flags = And(spec.ULE(is_masked, 1), spec.ULE(rsv, 7), spec.ULE(fin, 1))

    out = [BVV(0xAA, 8)] * 14
    expected, size = out, spec.word(0)
    for code_bytes, least, most in [(0, 0, 125), (2, 126, 0xFFFF), (8, 0x10000, 2**64 - 1)]:
        code = {0: length[0], 2: BVV(126, 8), 8: BVV(127, 8)}[code_bytes]
        for masked in (0, 1):
            frame = [fin << 7 | rsv << 4 | opcode, BVV(masked << 7, 8) | code]
            frame += reversed(length[:code_bytes])
            frame += key if masked else []
            fits = And(valid, spec.UGE(payload_len, least), spec.ULE(payload_len, most), is_masked == masked)
            size = If(fits, spec.word(len(frame)), size)
            expected = [If(fits, byte, other) for byte, other in zip(frame + out[len(frame):], expected)]
    return claim("encode", [fields, out], size, [fields, expected], assume=[flags])


def mask(length, wrong=None):
    """What `MaskingKey::apply` does to `length` bytes, for every key."""
    bytes, key = symbols("byte", length), symbols("key", 4)
    after = [spec.turned(key, length), spec.masked(bytes, key, turn=1 if wrong else 0)]
    return claim("mask", [key, bytes, length], None, after)


def mask_into(length, wrong=None):
    """What `MaskingKey::apply_into` makes of `length` bytes, for every key."""
    bytes, key = symbols("byte", length), symbols("key", 4)
    after = [spec.turned(key, length), bytes, spec.masked(bytes, key, turn=1 if wrong else 0)]
    return claim("mask_into", [key, bytes, [0] * length, length], None, after)


ANY = (0x00, 0xFF)
# One claim about long pieces is made as several, by their first byte, so that they can be proven side by side.
LEADS = [(0x00, 0x7F), (0x80, 0xDF), (0xE0, 0xEF), (0xF0, 0xFF)]

# Every state of a validator, as the text that leads to it, and the character that is under way there.
UNDER_WAY = {
    b"": (0, 0, 0),
    b"\xc2": (2, 1, 0x2),
    b"\xe0": (3, 2, 0x0),
    b"\xe1": (3, 2, 0x1),
    b"\xed": (3, 2, 0xD),
    b"\xf0": (4, 3, 0x0),
    b"\xf1": (4, 3, 0x1),
    b"\xf4": (4, 3, 0x4),
}


def utf8(prefix, first, length, wrong=None):
    """What `Utf8Validator::validate` says of the next `length` bytes, the first in the range `first`, and in which state
    it is then: one of those of `UNDER_WAY`. So it is right for all pieces of such lengths, however many there are."""
    bytes = symbols("byte", length)
    assume = [And(spec.UGE(byte, first[0]), spec.ULE(byte, first[1])) for byte in bytes[:1]]
    taken, after = spec.utf8(spec.Utf8(*UNDER_WAY[prefix], surrogates=bool(wrong)), bytes)
    expected = [BVV(byte, 8) for byte in validator(b"")]
    for condition, text in [
        (after.missing == 1, b"\xc2"),
        (after.missing == 2, b"\xe1"),
        (And(after.size == 3, after.missing == 2, after.value == 0x0), b"\xe0"),
        (And(after.size == 3, after.missing == 2, after.value == 0xD), b"\xed"),
        (after.missing == 3, b"\xf1"),
        (And(after.missing == 3, after.value == 0x0), b"\xf0"),
        (And(after.missing == 3, after.value == 0x4), b"\xf4"),
    ]:
        expected = [If(condition, BVV(there, 8), byte) for there, byte in zip(validator(text), expected)]
    return claim("utf8_validate", [validator(prefix), bytes, length], taken, [expected, bytes], assume)


def utf8_is_complete(prefix):
    """What `Utf8Validator::is_complete` says in this state."""
    state = validator(prefix)
    return claim("utf8_is_complete", [state], spec.word(prefix == b""), [[BVV(byte, 8) for byte in state]])


def validator(text):
    """The three bytes of a validator that has seen `text`, by the processor itself."""
    state = ctypes.create_string_buffer(3)
    native.utf8_new(state)
    assert native.utf8_validate(state, text, len(text)) == len(text)
    return list(state.raw)


def claim(function, arguments, result, memory, assume=()):
    """Claims that `function` returns `result`, leaves `memory` in the regions of its list arguments, and nothing beside
    them changed. Gives the number of paths, or raises `Refuted`."""
    paths = machine.paths(function, *arguments, assume=assume)
    for path in paths:
        holds = [byte == 0 for byte in path.guards] + ([path.result == result] if result is not None else [])
        for found, expected in zip(path.memory, memory, strict=True):
            holds += [byte == value for byte, value in zip(found, expected, strict=True)]
        counterexample = claripy.Solver()
        counterexample.add(path.conditions + [Not(And(*holds))])
        if counterexample.satisfiable():
            raise Refuted(replay(function, arguments, path, counterexample))
    missed = claripy.Solver()
    missed.add(list(assume) + [Not(Or(*[And(True, *path.conditions) for path in paths]))])
    if missed.satisfiable():
        raise Refuted(f"{function}: the paths do not take every input")
    return len(paths)


class Refuted(Exception):
    pass


def replay(function, arguments, path, model):
    """Has the processor do what was predicted for the model's values; says what these are."""
    number = lambda value: value if isinstance(value, int) else model.eval(value, 1)[0]
    wanted = lambda values: [number(value) for value in values]
    everything = [byte for region in path.memory for byte in region] + [path.result]
    inputs = [value for argument in arguments if isinstance(argument, list) for value in argument]
    # All of one model: what is chosen for one value rules the others.
    for value in inputs + everything:
        if not isinstance(value, int):
            model.add(value == number(value))
    regions = [bytes(wanted(argument)) for argument in arguments if isinstance(argument, list)]
    buffers = [ctypes.create_string_buffer(region, len(region)) for region in regions]
    rest = iter(buffers)
    result = native[function](*[next(rest) if isinstance(argument, list) else argument for argument in arguments])
    predicted = [bytes(wanted(region)) for region in path.memory]
    agrees = [buffer.raw for buffer in buffers] == predicted
    if function.startswith("mask"):
        result = ""  # returns nothing
    else:
        agrees = agrees and result == number(path.result)
        result = f" = {result:#x}"
    if not agrees:
        raise RuntimeError(f"{function}: the processor does not do what was predicted")
    called = ", ".join(region.hex(" ") or "nothing" for region in regions)
    left = ", ".join(buffer.raw.hex(" ") for buffer in buffers)
    return f"{function}({called}){result}, leaves {left}"


def symbols(name, count):
    return [BVS(f"{name}{i}", 8) for i in range(count)]


def attempt(job):
    function, *arguments = job
    started = time.monotonic()
    try:
        return function(*arguments), time.monotonic() - started, None
    except Refuted as refuted:
        return 0, time.monotonic() - started, str(refuted)


def load(library):
    """In each worker."""
    global machine, native
    machine = Machine(library)
    native = ctypes.CDLL(os.path.abspath(library))
    for function in ("decode", "encode", "utf8_validate", "utf8_is_complete"):
        native[function].restype = ctypes.c_uint64


def describe(job):
    function, *arguments = job
    return " ".join([function.__name__] + [repr(argument) for argument in arguments])


if __name__ == "__main__":
    main()
