"""A relay between a client and a server that reads along: what was negotiated, which frames went by, compressed or not.

It trusts neither end, and knows of RFC 6455 and RFC 7692 only what it takes to count frames. Asked to, it takes the extensions out of
what a client offers that can't be told not to; or it spoils what the server sends, to show that the checks notice. Of TLS it sees that
it is TLS, and no more.
"""

import asyncio
from collections import Counter


class Relay:
    """Listens on `port` within its block; `connections` are those that came, in order."""

    def __init__(self, target_port, make_connection):
        self.target_port = target_port
        self.make_connection = make_connection
        self.connections = []
        self.tasks = []

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    def url(self, tls):
        return f"{'wss' if tls else 'ws'}://127.0.0.1:{self.port}"

    async def __aexit__(self, *_):
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def _accept(self, client_reader, client_writer):
        self.tasks.append(asyncio.ensure_future(self._relay(client_reader, client_writer)))

    async def _relay(self, client_reader, client_writer):
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        connection = self.make_connection()
        self.connections.append(connection)
        try:
            await asyncio.gather(
                forward(client_reader, server_writer, connection.from_client),
                forward(server_reader, client_writer, connection.from_server),
            )
        finally:
            client_writer.close()
            server_writer.close()


async def forward(reader, writer, direction):
    try:
        while data := await reader.read(1 << 16):
            writer.write(direction.read(data))
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()


class Connection:
    def __init__(self, is_plain, sabotage):
        self.from_client = Direction("extension" if is_plain else None)
        self.from_server = Direction(sabotage)

    @property
    def target(self):
        """The request's target: a path, and perhaps a query."""
        return self.from_client.head.split(" ")[1]

    @property
    def offered(self):
        return self.from_client.field("sec-websocket-extensions")

    @property
    def agreed(self):
        return self.from_server.field("sec-websocket-extensions")


class Secret:
    """A connection over TLS: two streams of records [RFC 8446 §5.1]."""

    def __init__(self):
        self.from_client = Records()
        self.from_server = Records()


class Records:
    """One of the two; `kinds` counts its records by their type."""

    def __init__(self):
        self.kinds = Counter()
        self.header = bytearray()
        self.left = 0

    def read(self, data):
        rest = memoryview(data)
        while rest:
            if self.left:
                n = min(self.left, len(rest))
                self.left -= n
            else:
                n = min(5 - len(self.header), len(rest))
                self.header += rest[:n]
                if len(self.header) == 5:
                    self._begin()
            rest = rest[n:]
        return data

    def _begin(self):
        kind, major = self.header[0], self.header[1]
        self.kinds[kind if kind in RECORDS and major == 3 else None] += 1
        self.left = int.from_bytes(self.header[3:], "big")
        self.header.clear()


HANDSHAKE, DATA = 22, 23
RECORDS = (20, 21, HANDSHAKE, DATA)


class Direction:
    """One of the two byte streams: a head of HTTP, then frames."""

    def __init__(self, sabotage):
        self.sabotage = sabotage
        self.head = ""
        self.counts = Counter()
        self.sizes = []  # on the wire, of each message's first frame
        self.buffer = bytearray()  # a head or a frame's header, until it is whole
        self.in_head = True
        self.opcode = 0
        self.left = 0  # of the payload under way
        self.at = 0  # how much of it went by

    def field(self, name):
        lines = (line.partition(":") for line in self.head.split("\r\n")[1:])
        return ", ".join(value.strip() for key, _, value in lines if key.lower() == name)

    def read(self, data):
        """Takes note of `data`, and gives what is to be passed on for it."""
        out = bytearray()
        data = memoryview(data)
        while data:
            if self.in_head or not self.left:
                data = self._read_header(data, out)
            else:
                payload, data = bytearray(data[: self.left]), data[self.left :]
                self._spoil(payload)
                self.left -= len(payload)
                self.at += len(payload)
                out += payload
        return bytes(out)

    def _read_header(self, data, out):
        for n, byte in enumerate(data, 1):
            self.buffer.append(byte)
            if self.in_head and self.buffer.endswith(b"\r\n\r\n"):
                self.head = self.buffer.decode("latin-1")
                self.in_head = False
                out += self._spoilt_head()
            elif not self.in_head and len(self.buffer) >= 2 and len(self.buffer) == header_len(self.buffer):
                self._count(self.buffer)
                out += self.buffer
            else:
                continue
            self.buffer.clear()
            return data[n:]
        return data[len(data) :]

    def _count(self, header):
        self.opcode, length = header[0] & 0xF, header[1] & 0x7F
        if length > 125:
            length = int.from_bytes(header[2 : 4 if length == 126 else 10], "big")
        self.left, self.at = length, 0
        if self.opcode in (1, 2):
            self.counts["messages"] += 1
            self.sizes.append(length)
        self.counts["compressed"] += bool(header[0] & 0x40)
        self.counts["not last"] += not header[0] & 0x80

    def _spoilt_head(self):
        if self.sabotage == "extension":
            kept = [line for line in self.head.split("\r\n") if not line.lower().startswith("sec-websocket-extensions")]
            return "\r\n".join(kept).encode("latin-1")
        return self.buffer

    def _spoil(self, payload):
        """Works on masked payloads too: a bit that is flipped stays flipped."""
        is_victim = {"byte": self.opcode in (1, 2) and self.left > 100, "code": self.opcode == 8}.get(self.sabotage)
        if is_victim and self.at == 0 and len(payload) > 1:
            payload[1] ^= 1


def header_len(start):
    """The length of a frame's header, of which the first two bytes are there."""
    return 2 + {126: 2, 127: 8}.get(start[1] & 0x7F, 0) + (4 if start[1] & 0x80 else 0)
