"""Lets each peer talk to us, in both roles, plain and compressed, and prints what came of it.

    python3 driver/main.py --examples DIR --peers DIR --cache DIR [--compress] [--tls] [--only NAME] [--sabotage KIND] [--write DIR]

`--examples` has our example programs, `--peers` the programs of this folder's workspace, `--cache` the libraries of other languages.
The end is 0 if all checks passed; the first that fails is the last.
"""

import argparse
import asyncio
import json
import pathlib
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

import peers as peers_module
from plan import OFFERS, make_plan
from relay import DATA, HANDSHAKE, Connection, Relay, Secret
from table import make_summary, make_table, put_table

HERE = pathlib.Path(__file__).resolve().parent.parent
# For one peer and one of our programs. Each takes a few seconds.
LIMIT = 90
# Ours, as servers, with what they can do as echoers.
SERVERS = {
    "echo_turn": {"limits"},
    "echo_tokio": {"limits"},
    "autobahn_server": {"raised"},
    "autobahn_tokio": {"raised"},
    "autobahn_blocking": {"raised"},
    "autobahn_embedded": {"raised"},
    "ours": {"raised", *peers_module.OBEYS},
    "ours_tokio": {"raised", *peers_module.OURS_TOKIO_OBEYS},
}
# Ours, as clients that echo.
CLIENTS = {"autobahn_client": [], "autobahn_tokio": ["client"], "autobahn_blocking": ["client"], "autobahn_embedded": ["client"]}
# Ours, as clients that check.
CHECKERS = {"ours": peers_module.CHECKER, "ours_tokio": peers_module.OURS_TOKIO_CHECKS}
# One that refers to earlier messages where it may, and one that never does, and the crates: each offer is made to these.
EACH_OFFER = {"echo_turn", "autobahn_blocking", "ours", "ours_tokio"}
# Over these versions of HTTP, in TLS.
OVER_HTTP = {2: "h2_extended_connect", 3: "h3_server"}
# What they are on, if not on the engine. One of them has TLS, and one no compression.
CRATES = {
    "autobahn_tokio": "tokio-wsproto",
    "ours_tokio": "tokio-wsproto",
    **dict.fromkeys(OVER_HTTP.values(), "tokio-wsproto"),
    "autobahn_blocking": "wsproto-blocking",
    "autobahn_embedded": "wsproto-embedded",
}
WITH_TLS = "ours_tokio"
PLAIN = "autobahn_embedded"


class Failure(Exception):
    pass


@dataclass
class Cell:
    """What one cell of the table counts."""

    passed: int = 0
    messages: int = 0
    compressed: int = 0


@dataclass
class Run:
    """`cells` are by the peer's name, what ours is on, the mode, and the peer's role."""

    options: argparse.Namespace
    folder: pathlib.Path
    cells: dict = field(default_factory=dict)

    async def all(self):
        tls = make_certificate(self.folder) if self.options.tls else None
        for peer in self.peers():
            for compress in (False, True) if self.options.compress else (False,):
                if not peer.http1:
                    break
                if compress and peer.no_compression:
                    continue
                for tls_or_none in (None, tls) if tls else (None,):
                    started, before = time.monotonic(), self.count()
                    await self.to_ours(peer, compress, tls_or_none)
                    if peer.is_server:
                        await self.from_ours(peer, compress, tls_or_none)
                    how = ("compressed" if compress else "plain") + (" in TLS" if tls_or_none else "")
                    self.report(peer, how, started, before)
            for version in peer.http if tls else ():
                started, before = time.monotonic(), self.count()
                await self.over_http(peer, version, tls)
                self.report(peer, f"over HTTP/{version}", started, before)

    def report(self, peer, how, started, before):
        print(f"{peer.name}, {how}: {self.count() - before} checks, {time.monotonic() - started:.1f} s", flush=True)

    def count(self):
        return sum(cell.passed for cell in self.cells.values())

    def peers(self):
        for peer in peers_module.all_peers(self.options.cache):
            if self.options.only in (None, peer.name):
                peer.command = [part.format(target=self.options.peers) for part in peer.command]
                yield peer

    async def to_ours(self, peer, compress, tls):
        """It is the client, of each of our servers."""
        for name, obeys in SERVERS.items():
            if (tls and name != WITH_TLS) or (compress and name == PLAIN):
                continue
            # In TLS it is the same again: one connection of each kind is enough.
            each_offer = compress and not tls and name in EACH_OFFER
            offers = [offer for offer in OFFERS if peer.offers(offer)] if each_offer else []
            plan = make_plan(peer.checks | obeys, compress, offers, tls=tls)
            command = [self.options.peers / name, "server", self.write(plan)]
            if name not in CHECKERS:
                role = ["server"] if name in CLIENTS else []
                command = [self.options.examples / name, *role, "127.0.0.1:0"]
            async with Program(command) as server:
                async with self.relay(await server.port(), plan) as relay:
                    output = await finish([*peer.command, "client", relay.url(tls), self.write(plan)])
            self.judge(name, "client", peer, plan, output, relay.connections)

    async def from_ours(self, peer, compress, tls):
        """It is the server: it echoes what our client sends, and checks what our other client echoes."""
        for name, checks in CHECKERS.items():
            if tls and name != WITH_TLS:
                continue
            offers = [offer for offer in OFFERS if peer.accepts(offer)] if compress and not tls else []
            plan = make_plan(checks | {"raised"} | peer.obeys, compress, offers, peer.answer, tls)
            async with Program([*peer.command, "server", self.write(plan)]) as server:
                async with self.relay(await server.port(), plan) as relay:
                    output = await finish([self.options.peers / name, "client", relay.url(tls), self.write(plan)])
            self.judge(name, "server", peer, plan, output, relay.connections)
        if tls:
            return

        plan = make_plan(peer.checks | {"raised"}, compress)
        for name, role in CLIENTS.items():
            if compress and name == PLAIN:
                continue
            async with Program([*peer.command, "server", self.write(plan)]) as server:
                async with self.relay(await server.port(), plan) as relay:
                    await finish([self.options.examples / name, *role, f"127.0.0.1:{relay.port}"])
                    output = await server.lines(sum(len(connection["steps"]) for connection in plan["connections"]))
            cases = [connection for connection in relay.connections if connection.target.startswith("/runCase")]
            self.judge(name, "server", peer, plan, output, cases)

    async def over_http(self, peer, version, tls):
        """It is the client of a server that speaks nothing but this version, compressed as each of them can."""
        name = OVER_HTTP[version]
        plan = make_plan(peer.checks | {"limits"}, compress=True, tls=tls, http=version)
        async with Program([self.options.examples / name, "127.0.0.1:0", tls["certificate"], tls["key"]]) as server:
            port, seen = await server.port(), []
            if version == 3:
                # QUIC has nothing that a relay could read.
                output = await finish([*peer.command, "client", f"wss://127.0.0.1:{port}", self.write(plan)])
            else:
                async with self.relay(port, plan) as relay:
                    output = await finish([*peer.command, "client", relay.url(tls), self.write(plan)])
                seen = [the_one(relay.connections)]
        self.judge(name, "client", peer, plan, output, seen)

    def relay(self, port, plan):
        return Relay(port, Secret if plan["tls"] else lambda: Connection(not plan["compress"], self.options.sabotage))

    def write(self, plan):
        path = self.folder / "plan.json"
        path.write_text(json.dumps(plan))
        return path

    def judge(self, ours, role, peer, plan, output, connections):
        """Were all checks of the plan made, did they pass, and does the wire bear it out? `role` is the peer's."""
        what = f"{peer.name} as a client of {ours}" if role == "client" else f"{ours} as a client of {peer.name}"
        mode = ("compressed" if plan["compress"] else "plain") + (" in TLS" if plan["tls"] else "")
        mode = f"over HTTP/{plan['http']}" if plan["http"] else mode
        lines = [line for line in output.splitlines() if line.startswith(("ok ", "not ok "))]
        expected = [f"ok {c['name']}: {step['label']}" for c in plan["connections"] for step in c["steps"]]
        for line, wanted in zip(lines, expected):
            if line != wanted:
                raise Failure(f"{what}, {mode}: {line}" + ("" if line.startswith("not") else f", where {wanted} is due"))
        if len(lines) != len(expected):
            raise Failure(f"{what}, {mode}: {len(lines)} checks of {len(expected)}; the last lines:\n{output[-2000:]}")
        # Over HTTP/2 all of the plan's are streams of one.
        wanted = plan["connections"][: {2: 1, 3: 0}.get(plan["http"])]
        if len(connections) != len(wanted):
            raise Failure(f"{what}, {mode}: {len(connections)} connections of {len(wanted)}")
        column = mode if plan["http"] or not plan["tls"] else "TLS"
        cell = self.cells.setdefault((peer.name, CRATES.get(ours, "the engine"), column, role), Cell())
        cell.passed += len(lines)
        for planned, seen in zip(wanted, connections):
            try:
                if plan["tls"]:
                    check_records(seen)
                else:
                    check_wire(planned, seen, plan["compress"], peer, role)
            except AssertionError as error:
                raise Failure(f"{what}, {mode}: {planned['name']}: on the wire, {error}") from error
            cell.passed += 1
            if plan["tls"]:
                continue
            for direction in (seen.from_client, seen.from_server):
                cell.messages += direction.counts["messages"]
                cell.compressed += direction.counts["compressed"]


def the_one(connections):
    """The connection that has all streams. A browser may open a second one before it knows that it needs none."""
    by_use = sorted(connections, key=lambda connection: -connection.from_client.kinds[DATA])
    idle = sum(connection.from_client.kinds[DATA] for connection in by_use[1:])
    if not by_use or idle > 10:
        raise Failure(f"{len(by_use)} connections are in use over HTTP/2; {idle} records go over all but one")
    return by_use[0]


def check_records(seen):
    """Both ends speak TLS, and nothing else."""
    for kinds in (seen.from_client.kinds, seen.from_server.kinds):
        assert not kinds[None], "not all of it is TLS"
        assert kinds[HANDSHAKE] and kinds[DATA], f"records: {dict(kinds)}"


def check_wire(planned, seen, compress, peer, role):
    """What the relay saw, apart from what either end says of itself."""
    theirs, ours = seen.from_client.counts, seen.from_server.counts
    if role == "server":
        theirs, ours = ours, theirs
    fragments = sum(len(step["cuts"]) for step in planned["steps"] if step["do"] == "fragments")
    asked = sum(step["count"] - 1 for step in planned["steps"] if step["do"] == "ask fragments")
    not_last = theirs["not last"] + ours["not last"]
    assert not_last >= fragments + asked, f"{not_last} frames that are not the last of their message"
    if not compress:
        assert not seen.agreed, f"{seen.agreed} was agreed on"
        assert theirs["compressed"] + ours["compressed"] == 0, "RSV1 is set"
        return
    agreed = parameters(seen.agreed)
    assert agreed is not None, f"no compression is agreed on: {seen.agreed!r} after {seen.offered!r}"
    if "client_max_window_bits" in agreed:
        assert "client_max_window_bits" in seen.offered, "client_max_window_bits is answered, not offered"
    for name, value in planned["offer"].items():
        check_parameter(name, value, agreed)
    if planned["offer"]:
        check_takeover("server", seen.from_server.sizes, agreed)
        # What a client has said it would do, it does unasked.
        promised = {name: value for name, value in planned["offer"].items() if name.startswith("client") and value}
        check_takeover("client", seen.from_client.sizes, {**promised, **agreed})
    # Short ones need not be compressed, by anyone's policy; what is too big has no echo.
    echoed = [name for step in planned["steps"] if step["do"] != "too big" for name in names_in(step)]
    if any(name.endswith(("65535", "65536", str(1 << 20))) for name in echoed):
        assert ours["compressed"], "no message of ours is compressed"
        assert theirs["compressed"] or not peer.compresses, "no message of theirs is compressed"


def names_in(step):
    return step.get("messages", [step["message"]] if "message" in step else [])


def check_parameter(name, value, agreed):
    """Whether what was asked for holds. A client that offers its own two leaves them to the server."""
    if name == "server_no_context_takeover":
        assert name in agreed, f"{name} was asked for, not granted"
    if name == "server_max_window_bits":
        assert int(agreed.get(name) or 15) <= value, f"{name}={value} was asked for, not granted"
    if name == "client_max_window_bits" and value:
        assert int(agreed.get(name) or 8) <= value, f"{name} is larger than offered"


def check_takeover(end, sizes, agreed):
    """The second message is the first once more, and can't be compressed but by referring to it."""
    again = sizes[1]
    if f"{end}_no_context_takeover" in agreed:
        assert again > 1900, f"the {end} refers to an earlier message: {again} bytes"
    elif int(agreed.get(f"{end}_max_window_bits") or 15) > 11:
        assert again < 500, f"the {end} does not refer to the message before: {again} bytes"


def parameters(agreed):
    """Those of the extension in an answer, by name; `None` without it."""
    name, *params = (part.strip() for part in agreed.split(";"))
    split = (param.partition("=") for param in params)
    return {key.strip(): value.strip(' "') for key, _, value in split} if name == "permessage-deflate" else None


def make_certificate(folder):
    """One that is trusted by itself, and not for anything else."""
    tls = {"certificate": str(folder / "certificate.pem"), "key": str(folder / "key.pem")}
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=interop".split()
    for extension in ("subjectAltName=IP:127.0.0.1", "basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth"):
        command += ["-addext", extension]
    command += ["-out", tls["certificate"], "-keyout", tls["key"]]
    subprocess.run(command, check=True, capture_output=True)
    return tls


class Program:
    """A server that ends with its block."""

    def __init__(self, command):
        self.command = [str(part) for part in command]

    async def __aenter__(self):
        self.process = await start(self.command)
        return self

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def port(self):
        """The one that it says it listens on: `listening PORT`, or `listening on ws://ADDRESS:PORT`."""
        line = await asyncio.wait_for(self.process.stdout.readline(), 20)
        if not line.startswith(b"listening"):
            raise Failure(f"{self.command[0]} does not start: {(line + await self.process.stdout.read()).decode()}")
        return int(line.decode().replace(":", " ").split()[-1])

    async def lines(self, count):
        """So many lines that it prints of its checks, or what there is after a while."""
        lines = []
        try:
            while sum(line.startswith(("ok ", "not ok ")) for line in lines) < count:
                line = await asyncio.wait_for(self.process.stdout.readline(), 5)
                if not line:
                    break
                lines.append(line.decode())
        except asyncio.TimeoutError:
            pass
        return "".join(lines)


async def finish(command):
    """Gives what a program printed until its end, which is not awaited for ever."""
    process = await start([str(part) for part in command])
    reading = asyncio.ensure_future(process.stdout.read())
    done, _ = await asyncio.wait([reading], timeout=LIMIT)
    if not done:
        process.kill()
    output = (await reading).decode()
    await process.wait()
    return output if done else f"{output}\n(no end after {LIMIT} s)"


async def start(command):
    pipe, out = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
    return await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=out, cwd=HERE, limit=1 << 20
    )


def main():
    parser = argparse.ArgumentParser()
    for name in ("examples", "peers", "cache"):
        parser.add_argument(f"--{name}", type=lambda path: pathlib.Path(path).resolve(), required=True)
    parser.add_argument("--compress", action="store_true", help="the compressed half too")
    parser.add_argument("--tls", action="store_true", help="tokio-wsproto over TLS, too, and over HTTP/2 and HTTP/3")
    parser.add_argument("--only", help="this peer alone")
    parser.add_argument("--sabotage", choices=["byte", "code", "extension"], help="spoil what the server sends")
    parser.add_argument("--write", type=pathlib.Path, help="put the tables into the READMEs of this tree, between their markers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = Run(options, pathlib.Path(folder))
        try:
            asyncio.run(run.all())
        except Failure as failure:
            sys.exit(f"FAILED: {failure}")
    peers = peers_module.all_peers(options.cache)
    table = make_table(run.cells, peers)
    print(f"\n{table}")
    if options.write:
        put_table(options.write / "wsproto/interop/README.md", table)
        put_table(options.write / "README.md", make_summary(run.cells, peers))


if __name__ == "__main__":
    main()
