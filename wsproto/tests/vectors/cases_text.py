"""Text that is UTF-8 and text that is not, whole and cut by fragments, empty fragments and control frames."""

from write import *

EARLY = "A byte that can't be right is there, the frame is not whole: an endpoint may also wait for the rest, and fail then."

# Every class of bytes that are not UTF-8 (RFC 3629 section 4), each with the index of the first impossible byte; the
# length, where nothing is impossible before the message ends.
BAD = [
    ("lone-continuation-80", "80", 0),
    ("lone-continuation-bf", "bf", 0),
    ("second-continuation", "c3a980", 2),
    ("overlong-2-c0", "c080", 0),
    ("overlong-2-c1", "c1bf", 0),
    ("overlong-3-lowest", "e08080", 1),
    ("overlong-3-highest", "e09fbf", 1),
    ("overlong-4-lowest", "f0808080", 1),
    ("overlong-4-highest", "f08fbfbf", 1),
    ("surrogate-d800", "eda080", 1),
    ("surrogate-dbff", "edafbf", 1),
    ("surrogate-dc00", "edb080", 1),
    ("surrogate-dfff", "edbfbf", 1),
    ("surrogate-pair", "eda0bdedb880", 1),
    ("over-10ffff", "f4908080", 1),
    ("lead-f5", "f5808080", 0),
    ("lead-f7", "f7bfbfbf", 0),
    ("five-bytes", "f888808080", 0),
    ("six-bytes", "fc8480808080", 0),
    ("byte-fe", "fe", 0),
    ("byte-ff", "ff", 0),
    ("two-bytes-ended-by-ascii", "c328", 1),
    ("three-bytes-ended-by-ascii", "e228a1", 1),
    ("three-bytes-ended-by-ascii-late", "e28228", 2),
    ("four-bytes-ended-by-ascii", "f0288cbc", 1),
    ("four-bytes-ended-by-ascii-in-the-middle", "f09028bc", 2),
    ("four-bytes-ended-by-ascii-late", "f09f9828", 3),
    ("two-bytes-ended-by-a-lead", "c3c3a9", 1),
    ("three-bytes-ended-by-a-lead", "e282c3a9", 2),
    ("two-bytes-cut-short", "c3", 1),
    ("three-bytes-cut-after-one", "e2", 1),
    ("three-bytes-cut-after-two", "e282", 2),
    ("four-bytes-cut-after-one", "f0", 1),
    ("four-bytes-cut-after-two", "f09f", 2),
    ("four-bytes-cut-after-three", "f09f98", 3),
]

# The edges of each row of the table.
GOOD = [0x0, 0x7F, 0x80, 0x7FF, 0x800, 0xFFF, 0x1000, 0xCFFF, 0xD000, 0xD7FF, 0xE000, 0xFDD0, 0xFEFF, 0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0x1FFFF, 0x3FFFF, 0x40000, 0xFFFFF, 0x100000, 0x10FFFF]


def tables():
    t = Table("utf8", "Text is UTF-8, whole messages and fail-fast (sections 5.6 and 8.1).")
    for point in GOOD:
        char = chr(point)
        t.add(f"u-{point:04x}", "5.6", f"U+{point:04X} is text: {char.encode().hex(' ')}", [CLIENT.frame(FIN | TEXT, char.encode())], [text(char)])
    for char in "é€😀":
        data = char.encode()
        for at in range(1, len(data)):
            front, back = CLIENT.frame(TEXT, data[:at]), CLIENT.frame(FIN | CONT, data[at:])
            name, about = f"{len(data)}-byte-character-cut-at-{at}", f"a character of {len(data)} bytes, cut behind its byte {at}"
            t.add(name, "5.6", f"{about} by two fragments", [front, back], [text(char)])
            t.add(f"{name}-by-an-empty-fragment", "5.6", f"{about}, an empty fragment in the cut", [front, CLIENT.frame(CONT), back], [text(char)])
            t.add(f"{name}-by-a-ping", "5.6", f"{about}, a Ping in the cut", [front, CLIENT.frame(FIN | PING, b"\xff"), back], [ping(b"\xff"), text(char)])
            t.add(f"{name}-and-ended-empty", "8.1", f"{about}; an empty last fragment does not complete it", [front, CLIENT.frame(FIN | CONT)], fails=1007)
        t.add(f"{len(data)}-byte-character-in-fragments-of-a-byte", "5.6", "each byte in a frame of its own", [CLIENT.frame((FIN if i == len(data) - 1 else 0) | (CONT if i else TEXT), data[i : i + 1]) for i in range(len(data))], [text(char)])
    for name, digits, impossible in BAD:
        bad(t, name, bytes.fromhex(digits), impossible)
    whole = CLIENT.frame(FIN | TEXT, "ä".encode())
    broken = CLIENT.frame(FIN | TEXT, b"\xa4")
    t.add("validator-starts-anew", "5.6", "a message that ends whole leaves nothing to the next", [whole, CLIENT.frame(FIN | TEXT, "ä".encode())], [text("ä"), text("ä")])
    t.add("second-half-in-another-message", "8.1", "a character does not go on in the next message", [whole, broken], [text("ä")], fails=1007)
    t.add("binary-is-not-validated", "5.6", "binary may be anything, text behind it may not", [CLIENT.frame(FIN | BINARY, b"\xc3"), broken], [binary(b"\xc3")], fails=1007)
    t.add("text-to-a-client", "8.1", "clients look at text too", [SERVER.frame(FIN | TEXT, b"ok"), SERVER.frame(FIN | TEXT, b"\xff")], [text("ok")], fails=1007, role="client")
    t.add("text-cut-short-to-a-client", "8.1", "and at its end", [SERVER.frame(TEXT, b"\xc3"), SERVER.frame(FIN | CONT)], fails=1007, role="client")
    frame = CLIENT.frame(FIN | TEXT, b"abc\xff" + b"x" * 96).split()
    start = " ".join(frame[:3]) + f" {(octets(' '.join(frame[3:]))[:4]).hex()}"
    t.add("fails-inside-a-frame", "8.1", "100 bytes are announced, the 4th is impossible, no more has come", [start], fails=1007, freedom=EARLY)
    t.add("fails-inside-a-message", "8.1", "the first of several fragments has an impossible byte", [CLIENT.frame(TEXT, b"abc\xff")], fails=1007, freedom=EARLY)
    t.add("fails-inside-a-message-over-a-cut", "8.1", "the second fragment's first byte is impossible", [CLIENT.frame(TEXT, b"\xf0"), CLIENT.frame(CONT, b"\x80")], fails=1007, freedom=EARLY)
    t.add("good-until-the-frame-is-whole", "8.1", "half a character, and the message has not ended: no failure yet", [CLIENT.frame(TEXT, b"abc\xf0\x9f")])
    t.add("mixed-scripts", "5.6", "characters of one to four bytes", [CLIENT.frame(FIN | TEXT, "aé€😀 κόσμε \u0000".encode())], [text("aé€😀 κόσμε \u0000")])
    t.add("byte-order-mark", "5.6", "a character as any other: it is kept", [CLIENT.frame(FIN | TEXT, b"\xef\xbb\xbfa")], [text("\ufeffa")])
    t.add("not-normalized", "5.6", "e and a combining acute stay two characters", [CLIENT.frame(FIN | TEXT, "e\u0301".encode())], [text("e\u0301")])
    return [t]


def bad(t, name, data, impossible):
    about = f"{data.hex(' ')} is not UTF-8"
    t.add(f"bad-{name}", "8.1", f"{about}: alone", [CLIENT.frame(FIN | TEXT, data)], fails=1007)
    # What comes behind must not make it good: so bytes that are cut short end the message.
    behind = b"" if impossible == len(data) else b" text"
    t.add(f"bad-{name}-in-a-text", "8.1", f"{about}: behind some text", [CLIENT.frame(FIN | TEXT, "täxt ".encode() + data + behind)], fails=1007)
    at = min(impossible, len(data) - 1)
    cuts = [("in-a-last-fragment", 0)] + ([("over-a-cut", at)] if at else [])
    for place, cut in cuts:
        front, back = CLIENT.frame(TEXT, b"a" + data[:cut]), CLIENT.frame(FIN | CONT, data[cut:] + behind)
        t.add(f"bad-{name}-{place}", "8.1", f"{about}: {cut} bytes before a cut", [front, back], fails=1007)
        if cut:
            t.add(f"bad-{name}-over-an-empty-fragment", "8.1", f"{about}: an empty fragment in the cut", [front, CLIENT.frame(CONT), back], fails=1007)
            t.add(f"bad-{name}-over-a-ping", "8.1", f"{about}: a Ping in the cut", [front, CLIENT.frame(FIN | PING, b"?"), back], [ping(b"?")], fails=1007)
