"""Framing, masking, fragmentation, control frames, limits: what stands in headers."""

from write import *

EARLY = "The frame is cut short on purpose: an endpoint may also wait for the rest of it, and fail then."
POLICY = "A limit of its own: an endpoint that has none, or another, may take it; the code is its choice."
NAMES = {CONT: "continuation", TEXT: "text", BINARY: "binary", CLOSE: "close", PING: "ping", PONG: "pong"}


def tables():
    return [framing(), masking(), fragmentation(), control(), limits()]


def framing():
    t = Table("framing", "The header of one frame: opcodes, RSV bits, the three forms of the length (sections 5.2 and 5.7).")
    examples(t)
    for opcode in [*range(0x3, 0x8), *range(0xB, 0x10)]:
        kind = "control" if opcode & 8 else "data"
        t.add(f"reserved-{kind}-opcode-{opcode:x}", "5.2", f"opcode 0x{opcode:X} is reserved: an unknown opcode fails the connection", [CLIENT.frame(FIN | opcode)], fails=1002)
    t.add("reserved-opcode-to-a-client", "5.2", "a client does not know opcode 0x3 either", [SERVER.frame(FIN | 0x3, b"abc")], fails=1002, role="client")
    t.add("reserved-control-opcode-to-a-client", "5.2", "a client does not know opcode 0xB either", [SERVER.frame(FIN | 0xB)], fails=1002, role="client")
    t.add("reserved-opcode-with-a-payload", "5.2", "what it carries does not help", [CLIENT.frame(FIN | 0x7, b"payload")], fails=1002)
    t.add("reserved-opcode-without-fin", "5.2", "nor does it as a first fragment", [CLIENT.frame(0x4, b"abc")], fails=1002)
    t.add("reserved-control-opcode-without-fin", "5.2", "nor as a control frame that is fragmented", [CLIENT.frame(0xF)], fails=1002)
    t.add("reserved-opcode-inside-a-message", "5.2", "between two fragments", [CLIENT.frame(TEXT, b"a"), CLIENT.frame(FIN | 0x5), CLIENT.frame(FIN | CONT, b"b")], fails=1002)
    t.add("reserved-control-opcode-inside-a-message", "5.2", "between two fragments", [CLIENT.frame(TEXT, b"a"), CLIENT.frame(FIN | 0xC), CLIENT.frame(FIN | CONT, b"b")], fails=1002)
    t.add("reserved-opcode-behind-a-message", "5.2", "what came before is not lost", [CLIENT.frame(FIN | TEXT, b"good"), CLIENT.frame(FIN | 0x3)], [text("good")], fails=1002)
    t.add("reserved-opcode-told-from-its-first-byte", "5.2", "one byte is enough to fail", ["83"], fails=1002, freedom=EARLY)
    for opcode in NAMES:
        for rsv in range(1, 8):
            bits = "".join(str(n) for n, bit in ((1, 4), (2, 2), (3, 1)) if rsv & bit)
            before = [CLIENT.frame(TEXT, b"a")] if opcode == CONT else []
            payload = b"\x03\xe8" if opcode == CLOSE else b"b"
            t.add(f"rsv{bits}-on-{NAMES[opcode]}", "5.2", f"RSV {rsv:03b} and no extension, on a {NAMES[opcode]} frame", [*before, CLIENT.frame(FIN | rsv << 4 | opcode, payload)], fails=1002)
    t.add("rsv1-to-a-client", "5.2", "a client that negotiated nothing fails too", [SERVER.frame(FIN | 0x40 | TEXT, b"a")], fails=1002, role="client")
    t.add("rsv1-on-an-empty-frame", "5.2", "also where there is nothing to decompress", [CLIENT.frame(FIN | 0x40 | BINARY)], fails=1002)
    lengths(t)
    whole = CLIENT.frame(FIN | BINARY, b"abc")
    for name, cut, about in [
        ("nothing", "", "no byte at all"),
        ("one-byte", "82", "the first byte alone"),
        ("half-a-key", "82 83 37fa", "the key is not whole"),
        ("no-payload", "82 83 37fa213d", "the header alone"),
        ("half-a-length", "82 fe 01", "the length is not whole"),
        ("seven-bytes-of-length", "82 ff 00000000000100", "the length is not whole"),
        ("part-of-the-payload", whole[:-2], "the last byte of the payload is missing"),
        ("half-a-ping", "89 85 37fa213d 7f9f", "a control frame is taken whole"),
    ]:
        t.add(f"incomplete-{name}", "6.2", f"{about}: no event, and no failure", [cut] if cut else [])
    t.add("incomplete-behind-a-message", "6.2", "a message, and half a header behind it", [CLIENT.frame(FIN | TEXT, b"whole"), "81"], [text("whole")])
    return t


def examples(t):
    hello = [text("Hello")]
    t.add("example-unmasked-text", "5.7", "the RFC's bytes", ["81 05 48656c6c6f"], hello, role="client")
    t.add("example-masked-text", "5.7", "the RFC's bytes", ["81 85 37fa213d 7f9f4d5158"], hello)
    t.add("example-fragmented-text", "5.7", "the RFC's bytes", ["01 03 48656c", "80 02 6c6f"], hello, role="client")
    t.add("example-ping", "5.7", "the RFC's bytes", ["89 05 48656c6c6f"], [ping(b"Hello")], role="client")
    t.add("example-masked-pong", "5.7", "the RFC's bytes: the answer to that Ping", ["8a 85 37fa213d 7f9f4d5158"], [pong(b"Hello")])
    t.add("example-256-bytes", "5.7", "the RFC's header", ["82 7e 0100 2a*256"], [binary(b"*" * 256)], role="client")
    t.add("example-64-kib", "5.7", "the RFC's header", ["82 7f 0000000000010000 2a*65536"], [binary(b"*" * 65536)], role="client")
    t.add("several-messages-in-a-row", "5.2", "frames follow each other without a gap", [CLIENT.frame(FIN | TEXT, b"one"), CLIENT.frame(FIN | BINARY, b"two"), CLIENT.frame(FIN | TEXT), CLIENT.frame(FIN | TEXT, b"three")], [text("one"), binary(b"two"), text(""), text("three")])
    t.add("any-byte-in-binary", "5.6", "all 256 of them", [CLIENT.frame(FIN | BINARY, bytes(range(256)))], [binary(bytes(range(256)))])


def lengths(t):
    for n in (0, 1, 2, 124, 125):
        t.add(f"length-{n}-in-7-bits", "5.2", f"{n} bytes, in the shortest form", [CLIENT.frame(FIN | BINARY, b"*" * n)], [binary(b"*" * n)])
    for n in (126, 127, 128, 255, 256, 65534, 65535):
        t.add(f"length-{n}-in-16-bits", "5.2", f"{n} bytes, in the shortest form", [CLIENT.frame(FIN | BINARY, b"*" * n)], [binary(b"*" * n)])
    for n in (65536, 65537):
        t.add(f"length-{n}-in-64-bits", "5.2", f"{n} bytes, in the shortest form", [CLIENT.frame(FIN | BINARY, b"*" * n)], [binary(b"*" * n)])
    for n in (0, 1, 124, 125):
        t.add(f"length-{n}-in-16-bits-is-not-minimal", "5.2", "the minimal number of bytes must be used", [CLIENT.frame(FIN | BINARY, b"*" * n, form=16)], fails=1002)
    for n in (0, 1, 125, 126, 127, 65534, 65535):
        t.add(f"length-{n}-in-64-bits-is-not-minimal", "5.2", "the minimal number of bytes must be used", [CLIENT.header(FIN | BINARY, n, form=64)], fails=1002, freedom=EARLY)
    t.add("length-125-in-16-bits-to-a-client", "5.2", "the rule holds for servers as well", [SERVER.frame(FIN | TEXT, b"*" * 125, form=16)], fails=1002, role="client")
    t.add("length-65535-in-64-bits-to-a-client", "5.2", "the rule holds for servers as well", [SERVER.header(FIN | TEXT, 65535, form=64)], fails=1002, role="client", freedom=EARLY)
    t.add("length-not-minimal-in-a-continuation", "5.2", "and for each fragment", [CLIENT.frame(BINARY, b"a"), CLIENT.frame(FIN | CONT, b"b", form=16)], fails=1002)
    for n in (1 << 63, (1 << 63) + 1, (1 << 64) - 1):
        t.add(f"length-{n:x}-has-its-highest-bit-set", "5.2", "the most significant bit must be 0", [CLIENT.header(FIN | BINARY, n)], fails=1002)
    t.add("length-over-63-bits-told-from-one-byte", "5.2", "the bit is in the third byte of the header", ["82 ff 80"], fails=1002, freedom=EARLY)
    t.add("length-over-63-bits-to-a-client", "5.2", "the most significant bit must be 0", [SERVER.header(FIN | BINARY, 1 << 63)], fails=1002, role="client")
    for n in (1 << 62, (1 << 63) - 1, 1 << 32, (1 << 32) + 5, 1 << 31):
        t.add(f"length-{n:x}-announced-and-nothing-sent", "10.4", "over the default limit of 1 MiB: failed from the header alone", [CLIENT.header(FIN | BINARY, n)], fails=1009, freedom=POLICY)


def masking():
    t = Table("masking", "Clients mask, servers do not; the key starts anew with each frame (sections 5.1 and 5.3).")
    for opcode, name in NAMES.items():
        for role, peer, other, who in (("server", CLIENT, None, "a client's frame that is not masked"), ("client", SERVER, KEY, "a server's frame that is masked")):
            before = [peer.frame(TEXT, b"a")] if opcode == CONT else []
            payload = b"\x03\xe8" if opcode == CLOSE else b"b"
            t.add(f"{'masked' if other else 'unmasked'}-{name}-to-a-{role}", "5.1", who, [*before, peer.frame(FIN | opcode, payload, key=other)], fails=1002, role=role)
        t.add(f"unmasked-empty-{name}-to-a-server", "5.1", "also where there is nothing to mask", [*([CLIENT.frame(TEXT)] if opcode == CONT else []), CLIENT.frame(FIN | opcode, key=None)], fails=1002)
    t.add("masked-empty-text-to-a-client", "5.1", "also where there is nothing to unmask", [SERVER.frame(FIN | TEXT, key=KEY)], fails=1002, role="client")
    t.add("unmasked-behind-a-masked-one", "5.1", "each frame is looked at", [CLIENT.frame(FIN | TEXT, b"masked"), CLIENT.frame(FIN | TEXT, b"not", key=None)], [text("masked")], fails=1002)
    t.add("unmasked-last-fragment", "5.1", "each fragment too", [CLIENT.frame(TEXT, b"masked"), CLIENT.frame(FIN | CONT, b"not", key=None)], fails=1002)
    t.add("unmasked-ping-inside-a-message", "5.1", "and what stands between them", [CLIENT.frame(TEXT, b"masked"), CLIENT.frame(FIN | PING, b"not", key=None)], fails=1002)
    t.add("masked-behind-an-unmasked-one-to-a-client", "5.1", "each frame is looked at", [SERVER.frame(FIN | TEXT, b"clear"), SERVER.frame(FIN | TEXT, b"not", key=KEY)], [text("clear")], fails=1002, role="client")
    for name, key in (("zeros", "00000000"), ("ones", "ffffffff"), ("one-bit", "00000001"), ("zero-in-front", "00fa213d"), ("zero-behind", "37fa2100"), ("ascii", "61626364")):
        t.add(f"key-of-{name}", "5.3", f"a key may be anything, also {key}", [CLIENT.frame(FIN | TEXT, "κόσμε!".encode(), key=bytes.fromhex(key))], [text("κόσμε!")])
    t.add("key-of-zeros-on-a-close-frame", "5.3", "masked, though nothing shows it", [CLIENT.frame(FIN | CLOSE, b"\x03\xe8", key=bytes(4))], [close(1000)])
    for n in range(1, 10):
        data = bytes(range(n))
        t.add(f"masked-{n}-bytes-and-as-many", "5.3", f"the key starts anew behind a frame of {n} bytes", [CLIENT.frame(FIN | BINARY, data), CLIENT.frame(FIN | BINARY, data)], [binary(data), binary(data)])
    t.add("masked-fragments-of-1-2-and-3-bytes", "5.3", "the key starts anew with each fragment", [CLIENT.frame(TEXT, b"a"), CLIENT.frame(CONT, b"bc"), CLIENT.frame(CONT, b"def"), CLIENT.frame(FIN | CONT, b"g")], [text("abcdefg")])
    t.add("another-key-in-each-frame", "5.3", "keys belong to frames, not to connections", [CLIENT.frame(TEXT, b"one", key=b"\1\2\3\4"), CLIENT.frame(FIN | PING, b"two", key=b"\5\6\7\x08"), CLIENT.frame(FIN | CONT, b"three", key=b"\x09\0\xff\x80")], [ping(b"two"), text("onethree")])
    t.add("masked-text-that-looks-invalid", "5.3", "it is the unmasked text that has to be UTF-8", [CLIENT.frame(FIN | TEXT, b"Hello", key=b"\xff\xc0\xed\x80")], [text("Hello")])
    t.add("masked-text-that-looks-valid", "8.1", "masked it reads `abc`, unmasked it is not UTF-8", [CLIENT.frame(FIN | TEXT, b"\xff\xfe\xfd", key=b"\x9e\x9c\x9e\x00")], fails=1007)
    t.add("masked-payload-of-300-bytes", "5.3", "the key goes round 75 times", [CLIENT.frame(FIN | BINARY, bytes(i % 251 for i in range(300)))], [binary(bytes(i % 251 for i in range(300)))])
    t.add("masked-ping-of-125-bytes", "5.3", "the Pong has the unmasked payload", [CLIENT.frame(FIN | PING, bytes(range(125)))], [ping(bytes(range(125)))])
    return t


def fragmentation():
    t = Table("fragmentation", "Messages in several frames, and what may stand between them (sections 5.4 and 6.2).")
    for opcode, event in ((TEXT, lambda b: text(b.decode())), (BINARY, binary)):
        kind = NAMES[opcode]
        for name, parts in (
            ("two", [b"ab", b"cd"]), ("three", [b"ab", b"", b"cd"]), ("bytes", [b"a", b"b", b"c", b"d"]), ("empty-first", [b"", b"abcd"]), ("empty-last", [b"abcd", b""]),
            ("all-empty", [b"", b"", b""]), ("two-empty", [b"", b""]), ("long-first", [b"a" * 126, b"b"]), ("long-last", [b"a", b"b" * 126]),
        ):
            frames = [CLIENT.frame((FIN if i == len(parts) - 1 else 0) | (CONT if i else opcode), part) for i, part in enumerate(parts)]
            t.add(f"{kind}-in-fragments-{name}", "5.4", f"{kind} in {len(parts)} frames ({', '.join(str(len(p)) for p in parts)} bytes) is one message", frames, [event(b"".join(parts))])
    parts = [CLIENT.frame(TEXT, b"a"), CLIENT.frame(CONT, b"b"), CLIENT.frame(FIN | CONT, b"c")]
    for opcode, event in ((PING, ping), (PONG, pong)):
        kind = NAMES[opcode]
        t.add(f"{kind}-between-all-fragments", "5.4", f"each {kind} is seen at once, the message when it is whole", [parts[0], CLIENT.frame(FIN | opcode, b"1"), parts[1], CLIENT.frame(FIN | opcode, b"2"), parts[2]], [event(b"1"), event(b"2"), text("abc")])
        t.add(f"longest-{kind}-between-fragments", "5.4", "of 125 bytes", [parts[0], CLIENT.frame(FIN | opcode, b"*" * 125), parts[2]], [event(b"*" * 125), text("ac")])
    t.add("several-pings-between-fragments", "5.5.2", "each has its Pong", [parts[0], *[CLIENT.frame(FIN | PING, bytes([n])) for n in b"123"], parts[2]], [ping(b"1"), ping(b"2"), ping(b"3"), text("ac")])
    for outer in (TEXT, BINARY):
        for inner in (TEXT, BINARY):
            for fin in (FIN, 0):
                t.add(f"{NAMES[inner]}-{'message' if fin else 'fragment'}-inside-{NAMES[outer]}", "5.4", f"a message has to end before another begins: {NAMES[inner]} {'with' if fin else 'without'} FIN", [CLIENT.frame(outer, b"a"), CLIENT.frame(fin | inner, b"b")], fails=1002)
    t.add("empty-text-inside-an-empty-fragment", "5.4", "nothing was said yet, and still a message is under way", [CLIENT.frame(TEXT), CLIENT.frame(FIN | TEXT)], fails=1002)
    t.add("message-inside-behind-a-ping", "5.4", "a control frame ends no message", [parts[0], CLIENT.frame(FIN | PING), CLIENT.frame(FIN | TEXT, b"b")], [ping()], fails=1002)
    t.add("new-message-inside-to-a-client", "5.4", "servers have to finish as well", [SERVER.frame(BINARY, b"a"), SERVER.frame(FIN | TEXT, b"b")], fails=1002, role="client")
    for name, frames, events in (
        ("first-with-fin", [CLIENT.frame(FIN | CONT, b"a")], []),
        ("first-without-fin", [CLIENT.frame(CONT, b"a")], []),
        ("first-and-empty", [CLIENT.frame(FIN | CONT)], []),
        ("behind-a-message", [CLIENT.frame(FIN | TEXT, b"a"), CLIENT.frame(FIN | CONT, b"b")], [text("a")]),
        ("behind-a-fragmented-message", [CLIENT.frame(TEXT, b"a"), CLIENT.frame(FIN | CONT, b"b"), CLIENT.frame(CONT, b"c")], [text("ab")]),
        ("behind-a-ping", [CLIENT.frame(FIN | PING), CLIENT.frame(FIN | CONT, b"b")], [ping()]),
    ):
        t.add(f"continuation-{name}", "5.4", "a continuation, and no message is under way", frames, events, fails=1002)
    t.add("continuation-of-nothing-to-a-client", "5.4", "a continuation, and no message is under way", [SERVER.frame(FIN | CONT, b"a")], fails=1002, role="client")
    t.add("two-fragmented-messages", "6.2", "what follows FIN belongs to a new message", [CLIENT.frame(TEXT, b"a"), CLIENT.frame(FIN | CONT, b"b"), CLIENT.frame(BINARY, b"c"), CLIENT.frame(FIN | CONT, b"d")], [text("ab"), binary(b"cd")])
    t.add("whole-behind-fragmented", "6.2", "what follows FIN belongs to a new message", [*parts, CLIENT.frame(FIN | BINARY, b"d")], [text("abc"), binary(b"d")])
    t.add("type-of-the-first-fragment", "5.4", "continuations of binary are binary: no UTF-8 is asked of them", [CLIENT.frame(BINARY, b"a"), CLIENT.frame(FIN | CONT, b"\xff")], [binary(b"a\xff")])
    t.add("message-without-end", "5.4", "nothing is given out before the last fragment has come", [CLIENT.frame(TEXT, b"a"), CLIENT.frame(CONT, b"b")])
    t.add("message-without-end-and-a-ping", "5.5.2", "the Ping is answered all the same", [CLIENT.frame(TEXT, b"a"), CLIENT.frame(FIN | PING, b"?")], [ping(b"?")])
    t.add("fragments-to-a-client", "5.4", "clients take fragmented messages too", [SERVER.frame(TEXT, b"a"), SERVER.frame(FIN | PING, b"?"), SERVER.frame(CONT), SERVER.frame(FIN | CONT, b"b")], [ping(b"?"), text("ab")], role="client")
    many = CLIENT.frame(CONT, b"x", key=bytes(4))
    t.add("fragments-of-one-byte", "5.4", "a hundred of them", [CLIENT.frame(BINARY, b"x", key=bytes(4)), *[many] * 98, CLIENT.frame(FIN | CONT, b"x")], [binary(b"x" * 100)])
    return t


def control():
    t = Table("control", "Ping and Pong, and what holds for all control frames (sections 5.5 to 5.5.3).")
    for n in (0, 1, 4, 124, 125):
        t.add(f"ping-of-{n}-bytes", "5.5.2", "the Pong has the same payload", [CLIENT.frame(FIN | PING, b"?" * n)], [ping(b"?" * n)])
        t.add(f"pong-of-{n}-bytes", "5.5.3", "nobody asked for it, and it is not answered", [CLIENT.frame(FIN | PONG, b"!" * n)], [pong(b"!" * n)])
    t.add("ping-to-a-client", "5.5.2", "the Pong is masked", [SERVER.frame(FIN | PING, b"?" * 125)], [ping(b"?" * 125)], role="client")
    t.add("pong-to-a-client", "5.5.3", "nobody asked for it, and it is not answered", [SERVER.frame(FIN | PONG, b"!")], [pong(b"!")], role="client")
    t.add("ping-of-any-bytes", "5.5.2", "no UTF-8 is asked of a Ping", [CLIENT.frame(FIN | PING, b"\xff\xfe\x00\x80")], [ping(b"\xff\xfe\x00\x80")])
    t.add("pong-of-any-bytes", "5.5.3", "nor of a Pong", [CLIENT.frame(FIN | PONG, b"\xc3\x28")], [pong(b"\xc3\x28")])
    t.add("ping-that-looks-like-a-close-frame", "5.5.2", "its payload means nothing", [CLIENT.frame(FIN | PING, b"\x03\xe8")], [ping(b"\x03\xe8")])
    latest = "The Pong of the latest Ping alone is enough, where several were not answered yet (section 5.5.3)."
    t.add("pings-in-a-row", "5.5.2", "each has its Pong, in order", [CLIENT.frame(FIN | PING, bytes([n])) for n in b"abcde"], [ping(bytes([n])) for n in b"abcde"], freedom=latest)
    t.add("pings-between-messages", "5.5.2", "answers keep the order", [CLIENT.frame(FIN | PING, b"1"), CLIENT.frame(FIN | TEXT, b"a"), CLIENT.frame(FIN | PING, b"2"), CLIENT.frame(FIN | BINARY, b"b")], [ping(b"1"), text("a"), ping(b"2"), binary(b"b")], freedom=latest)
    t.add("pongs-in-a-row", "5.5.3", "heartbeats", [CLIENT.frame(FIN | PONG)] * 5, [pong()] * 5)
    for opcode in (CLOSE, PING, PONG):
        kind = NAMES[opcode]
        for role, peer in (("server", CLIENT), ("client", SERVER)):
            t.add(f"{kind}-without-fin-to-a-{role}", "5.5", "control frames must not be fragmented", [peer.frame(opcode, b"\x03\xe8")], fails=1002, role=role)
            t.add(f"{kind}-of-126-bytes-to-a-{role}", "5.5", "125 bytes are the most", [peer.frame(FIN | opcode, b"\x03\xe8" + b"x" * 124)], fails=1002, role=role)
        t.add(f"{kind}-without-fin-inside-a-message", "5.5", "nor inside a fragmented message", [CLIENT.frame(TEXT, b"a"), CLIENT.frame(opcode)], fails=1002)
        t.add(f"{kind}-without-fin-told-from-its-first-byte", "5.5", "one byte is enough to fail", [f"{opcode:02x}"], fails=1002, freedom=EARLY)
        t.add(f"{kind}-over-125-bytes-told-from-two-bytes", "5.5", "the 16-bit form is enough to fail", [f"{FIN | opcode:02x} fe"], fails=1002, freedom=EARLY)
        t.add(f"{kind}-in-64-bits-told-from-two-bytes", "5.5", "and so is the 64-bit form", [f"{FIN | opcode:02x} ff"], fails=1002, freedom=EARLY)
        t.add(f"{kind}-of-2-bytes-in-16-bits", "5.5", "short, but not in its shortest form", [CLIENT.frame(FIN | opcode, b"\x03\xe8", form=16)], fails=1002)
        t.add(f"{kind}-of-65536-bytes", "5.5", "far too long: told from the header", [CLIENT.header(FIN | opcode, 65536)], fails=1002, freedom=EARLY)
    t.add("continuation-of-a-ping", "5.5", "a fragmented Ping fails at its first frame", [CLIENT.frame(PING, b"a"), CLIENT.frame(FIN | CONT, b"b")], fails=1002)
    t.add("failure-behind-a-ping", "5.5.2", "the Ping is answered, then the failure is told", [CLIENT.frame(FIN | PING, b"?"), CLIENT.frame(FIN | 0x3)], [ping(b"?")], fails=1002, freedom="Close frame without the Pong before it: nothing obliges an endpoint to answer once it fails.")
    return t


def limits():
    t = Table("limits", "Limits on what a peer can make an endpoint spend, small ones and the defaults (sections 10.4 and 7.4.1).")

    def add(name, about, frames, events=(), fails=None, role="server", **config):
        t.add(name, "10.4", about, frames, events, fails, role, config or None, freedom=POLICY)

    ten, eleven = b"*" * 10, b"*" * 11
    add("frame-at-its-limit", "10 bytes", [CLIENT.frame(FIN | BINARY, ten)], [binary(ten)], max_frame_payload=10)
    add("frame-over-its-limit", "11 bytes, told from the header", [CLIENT.header(FIN | BINARY, 11)], fails=1009, max_frame_payload=10)
    add("frame-over-its-limit-to-a-client", "clients have limits too", [SERVER.frame(FIN | TEXT, eleven)], fails=1009, role="client", max_frame_payload=10)
    add("frames-at-their-limit", "a message of two frames may be longer", [CLIENT.frame(BINARY, ten), CLIENT.frame(FIN | CONT, ten)], [binary(ten + ten)], max_frame_payload=10)
    add("continuation-over-the-frame-limit", "each frame is measured", [CLIENT.frame(BINARY, b"a"), CLIENT.header(FIN | CONT, 11)], fails=1009, max_frame_payload=10)
    add("ping-over-the-frame-limit", "data frames are limited; a control frame has its 125 bytes", [CLIENT.frame(FIN | PING, eleven)], [ping(eleven)], max_frame_payload=10)
    add("frame-limit-of-nothing", "an empty message passes", [CLIENT.frame(FIN | TEXT)], [text("")], max_frame_payload=0)
    add("frame-limit-of-nothing-and-a-byte", "one byte does not", [CLIENT.header(FIN | TEXT, 1)], fails=1009, max_frame_payload=0)
    add("message-at-its-limit", "10 bytes in one frame", [CLIENT.frame(FIN | BINARY, ten)], [binary(ten)], max_message_size=10)
    add("message-over-its-limit", "11 bytes in one frame, told from the header", [CLIENT.header(FIN | BINARY, 11)], fails=1009, max_message_size=10)
    add("message-at-its-limit-in-fragments", "4 and 6 bytes", [CLIENT.frame(BINARY, b"*" * 4), CLIENT.frame(FIN | CONT, b"*" * 6)], [binary(ten)], max_message_size=10)
    add("message-over-its-limit-in-fragments", "4 and 7 bytes, told from the second header", [CLIENT.frame(BINARY, b"*" * 4), CLIENT.header(FIN | CONT, 7)], fails=1009, max_message_size=10)
    add("message-over-its-limit-by-a-first-fragment", "the end need not have come", [CLIENT.header(BINARY, 11)], fails=1009, max_message_size=10)
    add("messages-at-their-limit", "each message is measured alone", [CLIENT.frame(FIN | BINARY, ten)] * 3, [binary(ten)] * 3, max_message_size=10)
    add("message-limit-in-bytes", "not in characters: 6 of 2 bytes are 12", [CLIENT.header(FIN | TEXT, 12)], fails=1009, max_message_size=10)
    add("empty-fragments-at-the-message-limit", "empty frames add nothing", [CLIENT.frame(BINARY, ten), CLIENT.frame(CONT), CLIENT.frame(FIN | CONT)], [binary(ten)], max_message_size=10)
    add("pings-do-not-count-for-the-message", "a Ping inside of it", [CLIENT.frame(BINARY, b"*" * 5), CLIENT.frame(FIN | PING, ten), CLIENT.frame(FIN | CONT, b"*" * 5)], [ping(ten), binary(ten)], max_message_size=10)
    fragments = [CLIENT.frame(TEXT), CLIENT.frame(CONT), CLIENT.frame(FIN | CONT)]
    add("fragments-at-their-limit", "3 frames", fragments, [text("")], max_fragments=3)
    add("fragments-over-their-limit", "a 4th frame, though all are empty", [fragments[0], fragments[1], fragments[1], fragments[2]], fails=1008, max_fragments=3)
    add("fragments-are-counted-per-message", "two messages of 3 frames", fragments * 2, [text("")] * 2, max_fragments=3)
    add("fragments-over-a-limit-of-one", "only whole messages", [CLIENT.frame(FIN | TEXT, b"a"), *fragments], [text("a")], fails=1008, max_fragments=1)
    pings = [CLIENT.frame(FIN | PING, b"1"), CLIENT.frame(FIN | PONG, b"2")]
    add("control-frames-at-their-limit", "2 between two fragments", [CLIENT.frame(TEXT, b"a"), *pings, CLIENT.frame(FIN | CONT, b"b")], [ping(b"1"), pong(b"2"), text("ab")], max_control_frames=2)
    add("control-frames-over-their-limit", "a 3rd between two fragments", [CLIENT.frame(TEXT, b"a"), *pings, CLIENT.frame(FIN | PING)], [ping(b"1"), pong(b"2")], fails=1008, max_control_frames=2)
    add("control-frames-are-counted-anew", "2 behind each fragment", [CLIENT.frame(TEXT, b"a"), *pings, CLIENT.frame(CONT, b"b"), *pings, CLIENT.frame(FIN | CONT, b"c")], [ping(b"1"), pong(b"2")] * 2 + [text("abc")], max_control_frames=2)
    add("control-frames-between-messages", "are not limited: they may be a week's heartbeats", pings * 4, [ping(b"1"), pong(b"2")] * 4, max_control_frames=2)
    mib = 1 << 20
    add("default-frame-limit", "1 MiB may be announced", [CLIENT.header(FIN | BINARY, mib)])
    add("default-frame-limit-and-a-byte", "1 MiB and a byte may not", [CLIENT.header(FIN | BINARY, mib + 1)], fails=1009)
    add("default-message-limit-and-a-byte", "nor in two frames", [CLIENT.frame(BINARY, b"a"), CLIENT.header(FIN | CONT, mib)], fails=1009)
    first, empty, last = CLIENT.frame(BINARY, key=bytes(4)), "008000000000", CLIENT.frame(FIN | CONT, key=bytes(4))
    add("default-fragment-limit", "1,024 frames", [first, f"{empty}*1022", last], [binary(b"")])
    add("default-fragment-limit-and-one-more", "1,025 frames", [first, f"{empty}*1023", last], fails=1008)
    add("default-control-frame-limit", "128 between two fragments", [first, "8a8000000000*128", last], [pong()] * 128 + [binary(b"")])
    add("default-control-frame-limit-and-one-more", "129 between two fragments", [first, "8a8000000000*129"], [pong()] * 128, fails=1008)
    return t
