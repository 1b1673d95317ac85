"""What is said on each connection, in a form that every peer can read.

A plan is JSON: messages by name, and connections, each a list of steps. An endpoint that has the plan is the *checker*: it does
the steps in order and prints `ok CONNECTION: STEP` or `not ok CONNECTION: STEP: WHY` for each. The other is the *echoer*: it sends
back every message, of the same kind. Either may be the client.

A text that begins with `ask ` is for an echoer that can do more (it "obeys"): `ask ping PAYLOAD` (it sends the Ping, waits for
the Pong and answers with the text `pong PAYLOAD`), `ask fragments N` (the next message is sent back in N fragments), `ask close
[CODE [REASON]]`.
"""

import base64
import random

MIB = 1 << 20
SIZES = [0, 1, 125, 126, 65535, 65536, MIB]
# Two, three and four bytes a character, so that cuts and sizes fall inside of them.
TEXT = "κόσμε, 世界, 👋 and ASCII; ".encode()
BINARY = bytes(range(256))
RANDOM = random.Random(7692)
NOISE = RANDOM.randbytes(100_000)
# What repeats at these distances is found only by those that have a window for it.
FAR = b"".join(RANDOM.randbytes(distance) * 2 for distance in (300, 600, 1200, 2400, 4800, 9600, 19_200))
# Comes twice as the first messages of a variant: the second time it is short, if the first may be referred to.
AGAIN = RANDOM.randbytes(2000)

# Each offer of RFC 7692's parameters; `True` is a parameter without a value, `False` one that is left out.
OFFERS = [
    {"client_max_window_bits": False},
    {"server_no_context_takeover": True},
    {"client_no_context_takeover": True},
    {"server_no_context_takeover": True, "client_no_context_takeover": True},
    *({"server_max_window_bits": bits} for bits in range(8, 16)),
    *({"client_max_window_bits": bits} for bits in range(9, 16)),
    {"server_max_window_bits": 9, "client_max_window_bits": 9},
]


def make_plan(abilities, compress=False, offers=(), answer=None, tls=None, http=None):
    """Those connections and steps that the two ends have the abilities for: see `needs` below. `answer` is the code with which the
    echoer answers a Close frame, if not with the same; `tls` has the server's `certificate` and `key`, files in PEM; `http` is the
    version of HTTP, if it is not 1.1."""
    planned = connections() + [variant(offer) for offer in offers]
    kept = []
    for connection in planned:
        steps = [step for step in connection["steps"] if set(step.pop("needs")) <= abilities]
        for closing in (step for step in steps if step["do"] == "close"):
            closing["answer"] = answer
        if set(connection.pop("needs")) <= abilities and any(step["do"] not in ("open", "close") for step in steps):
            kept.append({**connection, "steps": steps})
    return {"compress": compress, "tls": tls, "http": http, "messages": messages(), "connections": kept}


def connections():
    every = [f"{kind} {size}" for size in SIZES for kind in ("text", "binary")]
    # All of it fits into the system's buffers: some peers read only when they have written.
    many = [name for name in every if name.split()[1] in ("0", "1", "125", "126")] * 5 + ["text 65536"]
    return [
        connection("sizes", *(echo(name) for name in every), echo("noise"), close(1000, "bye")),
        connection("large", echo(f"text {4 * MIB}"), echo(f"binary {4 * MIB}"), close(1000, "bye"), needs=["raised"]),
        connection("fragments", *fragments(), close(3000, "κόσμε")),
        connection(
            "pings",
            ping(""),
            ping("between"),
            echo("text 125"),
            ping("p" * 125),
            step("burst", "all at once", messages=many),
            close(None, ""),
        ),
        connection("long reason", echo("text 125"), close(4999, "r" * 123)),
        connection(
            "asked",
            ask_ping("hello"),
            ask_ping("P" * 125),
            *(ask_fragments(name, count) for name, count in [("text 126", 2), ("binary 65536", 5), (f"text {MIB}", 16)]),
            echo("text 125"),
            ask_close(4001, "κόσμε"),
            needs=["obeys"],
        ),
        connection("asked to go", echo("text 1"), ask_close(1001, "going away"), needs=["obeys"]),
        connection("asked without a code", echo("text 1"), ask_close(None, ""), needs=["obeys", "closes without a code"]),
        connection(
            "too big",
            echo("text 1"),
            step("too big", "closed with 1009", message=f"binary {MIB + 1}", code=1009),
            needs=["limits"],
        ),
    ]


def variant(offer):
    """One kind of everything, under these parameters."""
    forms = {True: "{}", False: "no {}"}
    name = ", ".join(forms[value].format(key) if value in (True, False) else f"{key}={value}" for key, value in offer.items())
    names = ["again", "again", "far", "text 0", "noise", "text 65536"]
    steps = [*(echo(name) for name in names), *fragments()[:2], echo("far"), echo("binary 65536")]
    return {**connection(name, *steps, close(1000, "")), "offer": offer}


def connection(name, *steps, needs=()):
    return {"name": name, "offer": {}, "needs": needs, "steps": [step("open", "opens"), *steps]}


def step(do, label, needs=(), **more):
    return {"do": do, "label": label, "needs": needs, **more}


def echo(name):
    return step("echo", f"echo of {name}", message=name)


def fragments():
    """Some are empty, some end inside of a character; Pings go between them where the checker can send them."""
    cuts = [("text 126", [1]), ("text 65536", [0, 3, 3, 65536]), ("binary 65536", [125, 251]), ("text 0", [0, 0])]
    cuts.append((f"binary {MIB}", [n << 16 for n in range(1, 16)]))
    return [
        step("fragments", f"{name} in {len(at) + 1} fragments", ["fragments"], message=name, cuts=at, ping="in between")
        for name, at in cuts
    ]


def ping(payload):
    return step("ping", f"Pong of {len(payload)} bytes", ["pings"], payload=payload)


def ask_ping(payload):
    return step("ask ping", f"Pong when asked, {len(payload)} bytes", ["sends pings"], payload=payload)


def ask_fragments(name, count):
    return step("ask fragments", f"{name} back in {count} fragments", ["sends fragments"], message=name, count=count)


def ask_close(code, reason):
    return step("ask close", f"closed with {code}", code=code, reason=reason)


def close(code, reason):
    return step("close", f"closes with {code}", code=code, reason=reason)


def messages():
    """By name; each is `unit` so many `times`, then `tail`: small to write down, however large."""
    sizes = [*SIZES, 4 * MIB, MIB + 1]
    named = {f"binary {size}": pieces(False, BINARY, size, BINARY[: size % len(BINARY)]) for size in sizes}
    for size in sizes:
        whole, rest = divmod(size, len(TEXT))
        tail = TEXT[:rest].decode(errors="ignore").encode()
        named[f"text {size}"] = pieces(True, TEXT, whole * len(TEXT), tail + b"x" * (rest - len(tail)))
    for name, payload in [("noise", NOISE), ("far", FAR), ("again", AGAIN)]:
        named[name] = pieces(False, payload, len(payload), b"")
    return named


def pieces(is_text, unit, size, tail):
    return {
        "text": is_text,
        "unit": base64.b64encode(unit).decode(),
        "times": size // len(unit),
        "tail": base64.b64encode(tail).decode(),
    }
