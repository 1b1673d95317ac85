"""Close frames, the closing handshake, and what comes behind it."""

from write import *

LATER = "Registered with IANA after the RFC: an endpoint that knows only the RFC's list may fail with 1002."
RESERVED = "Reserved for later: an endpoint may take it as a code that it does not know."
FINE = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3001, 3999, 4000, 4001, 4999]
BAD = [0, 1, 255, 256, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 9999, 32768, 65535]


def tables():
    t = Table("close", "Close frames, codes, reasons, and the closing handshake (sections 5.5.1, 7.1 and 7.4).")

    def add(name, section, about, payload, events=(), **more):
        t.add(name, section, about, [CLIENT.frame(FIN | CLOSE, payload)], events, **more)

    add("empty", "5.5.1", "no code: the answer has none", b"", [close()])
    t.add("empty-to-a-client", "5.5.1", "no code: the answer has none, and is masked", [SERVER.frame(FIN | CLOSE)], [close()], role="client")
    for code in FINE:
        section = "7.4.1" if code < 3000 else "7.4.2"
        add(f"code-{code}", section, f"{code} may be sent, and is answered with itself", code_and_reason(code), [close(code)], freedom=LATER if code in (1012, 1013, 1014) else None)
    for code in BAD:
        section = "7.4.1" if code in (1004, 1005, 1006, 1015) else "7.4.2"
        free = RESERVED if code == 1004 or 1016 <= code <= 2999 or code >= 5000 else None
        add(f"code-{code}", section, f"{code} must not stand in a Close frame", code_and_reason(code), fails=1002, freedom=free)
    for code, role_section in ((1000, "7.4.1"), (4999, "7.4.2")):
        t.add(f"code-{code}-to-a-client", role_section, "servers send codes too; the answer is masked", [SERVER.frame(FIN | CLOSE, code_and_reason(code, b"bye"))], [close(code, "bye")], role="client")
    for code in (1005, 1006, 1015, 999):
        t.add(f"code-{code}-to-a-client", "7.4.1" if code > 1000 else "7.4.2", "nor may a server send it", [SERVER.frame(FIN | CLOSE, code_and_reason(code))], fails=1002, role="client")
    for byte in (0x00, 0x03, 0xFF):
        add(f"one-byte-{byte:02x}", "5.5.1", "a code is two bytes", bytes([byte]), fails=1002)
    add("bad-code-and-a-reason", "7.4.1", "a reason does not help", code_and_reason(1006, b"lost"), fails=1002)
    add("bad-code-and-bad-reason", "7.4.1", "the code is looked at first", code_and_reason(1006, b"\xff"), fails=1002, freedom="1007, where the reason is looked at first.")
    reasons(add)
    behind(t)
    ours_first(t)
    return [t]


def reasons(add):
    for name, reason in (("one-byte", "x"), ("122-bytes", "r" * 122), ("123-bytes", "r" * 123), ("of-any-script", "κόσμε 😀"), ("123-bytes-of-euros", "€" * 41), ("with-nul", "a\0b"), ("with-line-ends", "a\r\nb"), ("with-a-byte-order-mark", "\ufeffbye")):
        add(f"reason-{name}", "5.5.1", "it is shown to the program, and need not be sent back", code_and_reason(1000, reason.encode()), [close(1000, reason)])
    for name, data in (
        ("cut-inside-2-bytes", b"bye \xc3"), ("cut-inside-3-bytes-after-one", b"bye \xe2"), ("cut-inside-3-bytes-after-two", b"bye \xe2\x82"),
        ("cut-inside-4-bytes-after-one", b"\xf0"), ("cut-inside-4-bytes-after-two", b"\xf0\x9f"), ("cut-inside-4-bytes-after-three", b"\xf0\x9f\x98"),
        ("of-123-bytes-cut-inside-a-character", b"r" * 121 + b"\xe2\x82"), ("overlong", b"\xc0\xaf"), ("surrogate", b"\xed\xa0\x80"), ("over-10ffff", b"\xf4\x90\x80\x80"), ("lone-continuation", b"\x80"), ("byte-ff", b"bye\xff"),
    ):
        add(f"reason-{name}", "8.1", f"{data.lstrip(b'r').hex(' ')} is not UTF-8", code_and_reason(1000, data), fails=1007, freedom="1002 is as well.")


def behind(t):
    bye = CLIENT.frame(FIN | CLOSE, b"\x03\xe8bye")
    for name, frames in (
        ("text", [CLIENT.frame(FIN | TEXT, b"late")]), ("ping", [CLIENT.frame(FIN | PING, b"late")]), ("another-close-frame", [CLIENT.frame(FIN | CLOSE, b"\x03\xe9")]),
        ("a-reserved-opcode", [CLIENT.frame(FIN | 0x3)]), ("text-that-is-not-utf8", [CLIENT.frame(FIN | TEXT, b"\xff")]), ("an-unmasked-frame", ["81 04 6c617465"]), ("a-huge-length", [CLIENT.header(FIN | BINARY, (1 << 64) - 1)]),
        ("noise", ["ffffffffff"]), ("half-a-header", ["81"]), ("a-kibibyte", ["00*1024"]),
    ):
        t.add(f"behind-it-{name}", "5.5.1", "what follows a Close frame is discarded unseen", [bye, *frames], [close(1000, "bye")])
    t.add("behind-it-text-to-a-client", "5.5.1", "what follows a Close frame is discarded unseen", [SERVER.frame(FIN | CLOSE, b"\x03\xe9"), SERVER.frame(FIN | TEXT, b"late")], [close(1001)], role="client")
    t.add("behind-a-message", "5.5.1", "the message is answered first", [CLIENT.frame(FIN | TEXT, b"last"), bye], [text("last"), close(1000, "bye")])
    t.add("behind-a-ping", "5.5.2", "a Ping before a Close frame", [CLIENT.frame(FIN | PING, b"?"), CLIENT.frame(FIN | CLOSE)], [ping(b"?"), close()], freedom="Without the Pong, where the Close frame was received before it could be sent.")
    t.add("inside-a-fragmented-message", "5.5.1", "the message stays unfinished and is not given out", [CLIENT.frame(TEXT, b"a"), bye], [close(1000, "bye")])
    t.add("inside-a-character", "5.5.1", "nor is half a character held against it", [CLIENT.frame(TEXT, b"\xc3"), bye], [close(1000, "bye")])
    t.add("failure-and-then-a-close-frame", "7.1.7", "nothing is processed behind a failure, not even a Close frame", [CLIENT.frame(FIN | 0x3), bye], fails=1002)
    t.add("failure-and-then-a-message", "7.1.7", "nothing is processed behind a failure", [CLIENT.frame(FIN | TEXT, b"\xff"), CLIENT.frame(FIN | TEXT, b"good")], fails=1007)
    t.add("failure-and-then-a-ping", "7.1.7", "nothing is answered behind a failure", [CLIENT.frame(FIN | CONT), CLIENT.frame(FIN | PING, b"?")], fails=1002)
    t.add("two-failures", "7.1.7", "the first one is told", [CLIENT.frame(FIN | TEXT, b"\xff"), CLIENT.frame(FIN | 0x3)], fails=1007)


def ours_first(t):
    for name, reply, event in (("the-same-code", b"\x03\xe8", close(1000)), ("another-code", b"\x03\xe9gone", close(1001, "gone")), ("no-code", b"", close())):
        for role, peer in (("server", CLIENT), ("client", SERVER)):
            t.add(f"ours-answered-with-{name}-to-a-{role}", "5.5.1", "one Close frame in each direction: the answer is not answered", [peer.frame(FIN | CLOSE, reply)], [event], role=role, starts=1000)
    t.add("ours-without-a-code", "5.5.1", "a Close frame may have no code", [CLIENT.frame(FIN | CLOSE)], [close()], starts=None)
    t.add("ours-and-a-message-behind-it", "5.5.1", "what the peer had under way is received, and no data is sent", [CLIENT.frame(FIN | TEXT, b"under way"), CLIENT.frame(FIN | CLOSE, b"\x03\xe8")], [text("under way"), close(1000)], starts=1000)
    t.add("ours-and-a-ping-behind-it", "5.5.2", "a Ping is answered until the peer's Close frame has come", [CLIENT.frame(FIN | PING, b"?"), CLIENT.frame(FIN | CLOSE, b"\x03\xe8")], [ping(b"?"), close(1000)], starts=1000)
    t.add("ours-and-fragments-behind-it", "5.5.1", "also in fragments", [CLIENT.frame(TEXT, b"a"), CLIENT.frame(FIN | PONG), CLIENT.frame(FIN | CONT, b"b"), CLIENT.frame(FIN | CLOSE)], [pong(), text("ab"), close()], starts=1001)
    t.add("ours-and-no-answer-yet", "7.1.1", "the transport stays open until it comes", [CLIENT.frame(FIN | TEXT, b"a")], [text("a")], starts=1000)
    t.add("ours-and-a-failure-behind-it", "7.1.7", "there is no second Close frame", [CLIENT.frame(FIN | 0x3)], fails=1002, starts=1000)
    t.add("ours-and-bad-text-behind-it", "8.1", "what is received is still looked at", [CLIENT.frame(FIN | TEXT, b"\xff")], fails=1007, starts=1000)
    t.add("ours-and-bad-text-behind-it-to-a-client", "8.1", "what is received is still looked at", [SERVER.frame(FIN | TEXT, b"\xff")], fails=1007, starts=1000, role="client")
