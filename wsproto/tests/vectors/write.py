#!/usr/bin/env python3
"""Writes the table beside it: `python3 write.py`; `python3 write.py --check` tells whether it is what stands there.

This file has the bytes: frames from the figure of RFC 6455 section 5.2, and what an echo endpoint answers. It knows
nothing of any implementation. The cases are in `cases_*.py`, each with what is expected of it, said outright.
"""

import json
import pathlib
import sys

KEY = bytes.fromhex("37fa213d")  # the RFC's own (section 5.7)
CONT, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
FIN = 0x80
NONE = object()


class Peer:
    """Frames as one end writes them: a client with a masking key, a server without."""

    def __init__(self, key):
        self.key = key

    def frame(self, first, payload=b"", key=NONE, form=None):
        """One frame, as text: first byte, length, key, payload."""
        key = self.key if key is NONE else key
        masked = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload)) if key else payload
        return " ".join(filter(None, [self.header(first, len(payload), key, form), notation(masked)]))

    def header(self, first, length, key=NONE, form=None):
        """The header of a frame of `length` bytes; the length in 7, 16 or 64 bits, the fewest unless told."""
        key = self.key if key is NONE else key
        form = form or (7 if length < 126 else 16 if length < 65536 else 64)
        mask = 0x80 if key else 0
        size = {7: f"{mask | length & 0x7F:02x}", 16: f"{mask | 126:02x} {length & 0xFFFF:04x}", 64: f"{mask | 127:02x} {length:016x}"}
        return " ".join(filter(None, [f"{first:02x}", size[form], key.hex() if key else ""]))


CLIENT = Peer(KEY)  # what a server receives
SERVER = Peer(None)  # what a client receives
ENDS = {"server": (CLIENT, Peer(None)), "client": (SERVER, Peer(bytes(4)))}  # the peer, and the end that is tested


def notation(data):
    """Hex, with `ab*100` for what is repeated often."""
    words, literal, at = [], "", 0
    while at < len(data):
        for period in (1, 4):
            unit = data[at : at + period]
            times = 1
            while data[at + times * period : at + (times + 1) * period] == unit and len(unit) == period:
                times += 1
            if times * period >= 32:
                words += [literal] if literal else []
                words.append(f"{unit.hex()}*{times}")
                literal, at = "", at + times * period
                break
        else:
            literal, at = literal + f"{data[at]:02x}", at + 1
    return " ".join(words + ([literal] if literal else []))


def code_and_reason(code, reason=b""):
    return b"" if code is None else code.to_bytes(2, "big") + reason


# The events.
def text(string):
    return {"text": string}


def binary(data):
    return {"binary": notation(data)}


def ping(data=b""):
    return {"ping": notation(data)}


def pong(data=b""):
    return {"pong": notation(data)}


def close(code=None, reason=""):
    return {"close": None if code is None else {"code": code, "reason": reason}}


def octets(words):
    """The bytes that a notation stands for."""
    parts = (word.partition("*") for word in words.split())
    return b"".join(bytes.fromhex(unit) * int(times or 1) for unit, _, times in parts)


def answers(end, event):
    """What an echo endpoint sends upon an event."""
    ((kind, value),) = event.items()
    if kind == "text":
        return [end.frame(FIN | TEXT, value.encode())]
    if kind in ("binary", "ping"):
        return [end.frame(FIN | (BINARY if kind == "binary" else PONG), octets(value))]
    return [end.frame(FIN | CLOSE, code_and_reason(value and value["code"]))] if kind == "close" else []


class Table:
    """The cases of one file."""

    def __init__(self, group, about):
        self.group, self.about, self.cases = group, about, []

    def add(self, name, section, about, frames, events=(), fails=None, role="server", config=None, starts=NONE, freedom=None):
        """A case of frames. `fails`: the close code, if the connection fails behind the events; `starts`: the code
        of a Close frame that the end that is tested has sent before."""
        end = ENDS[role][1]
        started = starts is not NONE
        sent = [end.frame(FIN | CLOSE, code_and_reason(starts))] if started else []
        code = starts
        for event in events:
            # Behind its own Close frame an end sends no data and no other Close frame, but Pongs.
            sent += [] if started and "ping" not in event else answers(end, event)
            if "close" in event and not started:
                code = event["close"] and event["close"]["code"]
        if fails and not started:
            code = fails
            sent.append(end.frame(FIN | CLOSE, code_and_reason(fails)))
        case = {"name": name, "section": section, "about": about, "role": role}
        case |= {"config": config} if config else {}
        case |= {"starts": starts} if started else {}
        case |= {"in": frames, "events": list(events)}
        case |= {"fails": True} if fails else {}
        case |= {} if code is NONE else {"close": code}
        case |= {"out": sent}
        self.put(case, freedom)

    def put(self, case, freedom=None):
        self.cases.append(case | ({"freedom": freedom} if freedom else {}))

    def file(self):
        lines = [",\n".join(f"      {json.dumps(key)}: {json.dumps(value)}" for key, value in case.items()) for case in self.cases]
        cases = ",\n".join(f"    {{\n{case}\n    }}" for case in lines)
        return f'{{\n  "group": {json.dumps(self.group)},\n  "about": {json.dumps(self.about)},\n  "cases": [\n{cases}\n  ]\n}}\n'


def main():
    import cases_closing
    import cases_deflate
    import cases_frames
    import cases_handshake
    import cases_text

    folder = pathlib.Path(__file__).parent
    tables = [t for m in (cases_frames, cases_text, cases_closing, cases_handshake, cases_deflate) for t in m.tables()]
    files = {folder / f"{table.group}.json": table.file() for table in tables}
    if "--check" not in sys.argv:
        for path, content in files.items():
            path.write_text(content)
    elif {path: path.read_text() for path in folder.glob("*.json")} != files:
        sys.exit("the table is not what the cases say: run write.py")
    print(", ".join(f"{table.group} {len(table.cases)}" for table in tables), "=", sum(len(t.cases) for t in tables))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.modules["write"] = sys.modules["__main__"]
    main()
