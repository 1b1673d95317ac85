"""What each Python peer does, whichever library it is on: see `driver/plan.py` for what the steps mean.

A library's part is a `Peer`; messages are `str` or `bytes`:

    extensions()                                what the library says was negotiated, as text
    send(message)
    send_fragments(parts, is_text, ping)        each part is `bytes`; a Ping after the first, if one is given, and its Pong
    ping(payload)                               waits for the Pong, and gives its payload
    receive()                                   the next message, or `Closed`
    close(code, reason)                         gives `Closed`; `code_unless_told` is what it sends where `code` is `None`
"""

import asyncio
import base64
import json
import ssl
import sys
from dataclasses import dataclass


@dataclass
class Closed:
    """What came in the other end's Close frame; 1005 if there was no code."""

    code: int
    reason: str


class Mismatch(Exception):
    pass


class Plan:
    def __init__(self, path):
        with open(path) as file:
            plan = json.load(file)
        self.compress = plan["compress"]
        self.tls = plan["tls"]
        self.connections = plan["connections"]
        self.messages = {name: build(pieces) for name, pieces in plan["messages"].items()}


    def client_tls(self):
        """The context of a client that trusts the server's certificate alone; `None` without TLS."""
        return self.tls and ssl.create_default_context(cafile=self.tls["certificate"])

    def server_tls(self):
        if not self.tls:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.tls["certificate"], self.tls["key"])
        return context


def build(pieces):
    payload = base64.b64decode(pieces["unit"]) * pieces["times"] + base64.b64decode(pieces["tail"])
    return payload.decode() if pieces["text"] else payload


async def check(peer, plan, connection):
    """Does the steps of one connection; the first that fails is the last."""
    for step in connection["steps"]:
        label = f"{connection['name']}: {step['label']}"
        try:
            await asyncio.wait_for(STEPS[step["do"]](peer, plan, step), 20)
        except Exception as error:
            print(f"not ok {label}: {type(error).__name__}: {str(error)[:300]}", flush=True)
            return False
        print(f"ok {label}", flush=True)
    return True


async def do_open(peer, plan, step):
    expect("permessage-deflate" in peer.extensions(), plan.compress, "compression as the library sees it")


async def do_echo(peer, plan, step):
    message = plan.messages[step["message"]]
    await peer.send(message)
    expect(await peer.receive(), message, "the echo")


async def do_fragments(peer, plan, step):
    message = plan.messages[step["message"]]
    await peer.send_fragments(*cut(message, step["cuts"]), step["ping"].encode())
    expect(await peer.receive(), message, "the echo")


async def do_ping(peer, plan, step):
    expect(await peer.ping(step["payload"].encode()), step["payload"].encode(), "the Pong")


async def do_burst(peer, plan, step):
    messages = [plan.messages[name] for name in step["messages"]]
    sending = asyncio.ensure_future(send_all(peer, messages))
    for message in messages:
        expect(await peer.receive(), message, "an echo of many")
    await sending


async def send_all(peer, messages):
    for message in messages:
        await peer.send(message)


async def do_ask_ping(peer, plan, step):
    await peer.send(f"ask ping {step['payload']}")
    expect(await peer.receive(), f"pong {step['payload']}", "what the other end had for its Ping")


async def do_ask_fragments(peer, plan, step):
    message = plan.messages[step["message"]]
    await peer.send(f"ask fragments {step['count']}")
    await peer.send(message)
    expect(await peer.receive(), message, "the echo")


async def do_ask_close(peer, plan, step):
    code, reason = step["code"], step["reason"]
    await peer.send(f"ask close {'' if code is None else code} {reason}".rstrip())
    expect(await peer.receive(), Closed(code or 1005, reason), "the Close frame")


async def do_close(peer, plan, step):
    closed = await peer.close(step["code"], step["reason"])
    expect(closed.code, step["answer"] or step["code"] or peer.code_unless_told, "the code of the answer")


async def do_too_big(peer, plan, step):
    try:
        await peer.send(plan.messages[step["message"]])
    except ConnectionError:
        pass  # the other end need not read all of it
    closed = await peer.receive()
    expect(getattr(closed, "code", closed), step["code"], "the code")


STEPS = {
    name.removeprefix("do_").replace("_", " "): function
    for name, function in list(globals().items())
    if name.startswith("do_")
}


async def echo(peer):
    """Sends back what comes, and does what it is asked for."""
    count = None
    while not isinstance(message := await peer.receive(), Closed):
        words = message.split(" ", 3) if isinstance(message, str) and message.startswith("ask ") else []
        match words:
            case ["ask", "ping", payload]:
                await peer.send(f"pong {(await peer.ping(payload.encode())).decode()}")
            case ["ask", "fragments", n]:
                count = int(n)
            case ["ask", "close"]:
                await peer.close(None, "")
            case ["ask", "close", code, *reason]:
                await peer.close(int(code), "".join(reason))
            case _ if count:
                size = len(message.encode() if isinstance(message, str) else message)
                await peer.send_fragments(*cut(message, [n * size // count for n in range(1, count)]), None)
                count = None
            case _:
                await peer.send(message)


def cut(message, at):
    """Cuts the bytes, so that an end may fall inside of a character; gives the parts, and whether it was a text."""
    payload = message.encode() if isinstance(message, str) else message
    ends = [0, *at, len(payload)]
    return [payload[start:end] for start, end in zip(ends, ends[1:])], isinstance(message, str)


def expect(actual, expected, what):
    if actual != expected or type(actual) is not type(expected):
        raise Mismatch(f"{what} is {shorten(actual)}, not {shorten(expected)}")


def shorten(value):
    text = repr(value)
    return text if len(text) < 100 else f"{text[:80]}… ({len(value)} long)"


def connection_of(target, plan):
    """The connection that a server is to check, by the request's target; `None` where it is to echo."""
    _, is_case, query = target.partition("/runCase?case=")
    return plan.connections[int(query.partition("&")[0]) - 1] if is_case else None


async def serve(peer, target, plan):
    """The server's part of a connection: a check, an echo, or what our client of the Autobahn suite asks for."""
    if target.startswith("/getCaseCount"):
        await peer.send(str(len(plan.connections)))
        await peer.close(None, "")
    elif target.startswith("/updateReports"):
        await peer.close(None, "")
    elif connection := connection_of(target, plan):
        await check(peer, plan, connection)
    else:
        await echo(peer)


async def run_client(connect, url, plan):
    """`connect(url, connection)` is an asynchronous context manager that gives a `Peer`."""
    for n, connection in enumerate(plan.connections, 1):
        try:
            async with connect(f"{url}/?connection={n}", plan, connection) as peer:
                if not await check(peer, plan, connection):
                    return 1
        except Exception as error:
            print(f"not ok {connection['name']}: {type(error).__name__}: {error}", flush=True)
            return 1
    return 0


def main(connect, start_server):
    match sys.argv[1:]:
        case ["client", url, plan]:
            sys.exit(asyncio.run(run_client(connect, url, Plan(plan))))
        case ["server", plan]:
            asyncio.run(start_server(Plan(plan)))
        case _:
            sys.exit(f"usage: {sys.argv[0]} client URL PLAN | server PLAN")
