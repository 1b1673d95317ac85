#!/usr/bin/env python3
"""Holds an implementation against the cases of frames: python3 run.py MODULE

MODULE has `echo(case, pieces)`: it makes an endpoint as the README says, of the case's role, limits and start, hands it each of the
pieces, and returns what came of it, as three things:

  events   what the endpoint took from them, in the words of the table: [{"text": "Hello"}, {"ping": b"x"}, {"close": None}]; payloads
           are bytes
  fails    whether it failed the connection
  out      the bytes that it sent

and may have `skip(case)`, which says why it leaves a case out. Each case is run whole, byte by byte, and in two pieces cut at each
byte. `websockets_echo.py` beside this is one for Python's websockets.
"""

import importlib, json, sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.path.append(str(HERE))
    module = importlib.import_module(sys.argv[1])
    skip = getattr(module, "skip", lambda case: None)
    skipped, passed, free, failed = Counter(), 0, 0, 0
    for path in sorted(HERE.glob("*.json")):
        for case in json.loads(path.read_text())["cases"]:
            if "in" not in case:
                continue
            if reason := skip(case):
                skipped[reason] += 1
            elif fault := check(case, module.echo):
                free += "freedom" in case
                failed += "freedom" not in case
                may = f"\n    it may: {case['freedom']}" if "freedom" in case else ""
                print(f"{case['name']}, {case['section']}: {case['about']}\n    {fault[:200]}{may}")
            else:
                passed += 1
    for reason, number in skipped.items():
        print(f"{number} left out: {reason}")
    print(f"{passed} passed, {free} went otherwise as they may, {failed} as they may not")
    sys.exit(failed > 0)


def check(case, echo):
    """Says what is wrong, if something is."""
    received = read(case["in"])
    events = [event(entry) for entry in case["events"]]
    for pieces in in_pieces(received):
        told, fails, out = echo(case, pieces)
        how = f"in {len(pieces)} pieces: "
        if told != events:
            return how + f"told {told} in place of {events}"
        if fails != case.get("fails", False):
            return how + ("failed" if fails else "did not fail")
        sent, due = frames(out), frames(read(case["out"]))
        if sent != due:
            return how + f"sent {sent} in place of {due}"
    return None


def read(words):
    """The bytes of a list of strings of hex digits; `2a*100` is 100 times `2a`."""
    parts = (word.split("*") for text in words for word in text.split())
    return b"".join(bytes.fromhex(part[0]) * int(part[1] if part[1:] else 1) for part in parts)


def event(entry):
    (name, value), = entry.items()
    return {name: read([value]) if name in ("binary", "ping", "pong") else value}


def in_pieces(received):
    size = len(received)
    cuts = range(size + 1) if size <= 1000 else [*range(21), *range(4099, size, 4099), *range(size - 20, size)]
    yield [received]
    yield [received[i : i + 1] for i in range(size)]
    yield from ([received[:cut], received[cut:]] for cut in cuts)


def frames(out):
    """What was sent, unmasked: (first byte, payload); of a Close frame the code alone, since any reason may stand there."""
    found = []
    while out:
        first, second = out[:2]
        size, at = second & 0x7F, 2
        if size >= 126:
            wide = 2 if size == 126 else 8
            size, at = int.from_bytes(out[2 : 2 + wide]), 2 + wide
        key = bytes(4)
        if second & 0x80:
            key, at = out[at : at + 4], at + 4
        payload = bytes(byte ^ key[i % 4] for i, byte in enumerate(out[at : at + size]))
        found.append((first, payload[:2] if first & 0x0F == 8 else payload))
        out = out[at + size :]
    return found


if __name__ == "__main__":
    main()
