"""A peer over HTTP/3: aioquic, with the frames of Python's wsproto."""

import asyncio
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from aioquic.asyncio import QuicConnectionProtocol, connect
from aioquic.h3.connection import H3_ALPN, H3Connection, Setting
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, StreamReset
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from wsproto.extensions import PerMessageDeflate
from wsproto.utilities import LocalProtocolError

import checks


class Client(QuicConnectionProtocol):
    """A connection of HTTP/3; what comes on each stream is in a queue of its own, `None` at its end."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.http = H3Connection(self._quic)
        self.streams = {}

    def quic_event_received(self, event):
        if isinstance(event, ConnectionTerminated):
            for queue in self.streams.values():
                queue.put_nowait(None)
        elif isinstance(event, StreamReset) and event.stream_id in self.streams:
            self.streams[event.stream_id].put_nowait(None)
        for event in self.http.handle_event(event):
            if isinstance(event, (HeadersReceived, DataReceived)):
                self.streams[event.stream_id].put_nowait(event)

    async def open(self, url, connection, compress):
        # The server's settings are there once its control stream is.
        for _ in range(500):
            if self.http.received_settings is not None:
                break
            await asyncio.sleep(0.01)
        checks.expect(self.http.received_settings.get(Setting.ENABLE_CONNECT_PROTOCOL), 1, "the setting of RFC 9220")
        target = urlsplit(url)
        deflate = PerMessageDeflate()
        fields = {
            ":method": "CONNECT",
            ":protocol": "websocket",
            ":scheme": "https",
            ":authority": target.netloc,
            ":path": f"{target.path}?{target.query}",
            "sec-websocket-version": "13",
            **({"sec-websocket-extensions": f"{deflate.name}; {deflate.offer()}"} if compress else {}),
        }
        stream = self._quic.get_next_available_stream_id()
        queue = self.streams[stream] = asyncio.Queue()
        self.http.send_headers(stream, [(name.encode(), value.encode()) for name, value in fields.items()])
        self.transmit()
        answer = dict((await queue.get()).headers)
        checks.expect(answer[b":status"], b"200", "the status")
        extensions = []
        if accepted := answer.get(b"sec-websocket-extensions", b"").decode():
            deflate.finalize(accepted)
            extensions.append(deflate)
        return Peer(self, stream, queue, Connection(ConnectionType.CLIENT, extensions), accepted)


class Peer:
    code_unless_told = 1000

    def __init__(self, client, stream, queue, socket, accepted):
        self.client = client
        self.stream = stream
        self.queue = queue
        self.socket = socket
        self.accepted = accepted
        self.has_ended = False

    def extensions(self):
        return self.accepted

    def write(self, event, ends=False):
        try:
            data = self.socket.send(event)
        except LocalProtocolError as error:
            raise ConnectionError(str(error)) from error
        self.client.http.send_data(self.stream, data, end_stream=ends)
        self.client.transmit()

    async def send(self, message):
        self.write(TextMessage(message) if isinstance(message, str) else BytesMessage(message))

    async def send_fragments(self, parts, is_text, ping):
        # This library takes a text by characters: a part that ends within one gives the rest to the next.
        rest = b""
        for n, part in enumerate(parts):
            if n == 1 and ping is not None:
                await self.ping(ping)
            is_last = n == len(parts) - 1
            if not is_text:
                self.write(BytesMessage(part, message_finished=is_last))
                continue
            rest += part
            text = rest.decode(errors="ignore") if not is_last else rest.decode()
            rest = rest[len(text.encode()) :]
            self.write(TextMessage(text, message_finished=is_last))

    async def ping(self, payload):
        self.write(Ping(payload))
        frame = await self.frame()
        checks.expect(type(frame), Pong, "the frame after a Ping")
        return bytes(frame.payload)

    async def frame(self):
        """The next frame that is no Ping."""
        while True:
            for event in self.socket.events():
                if not isinstance(event, Ping):
                    return event
                self.write(event.response())
            if not (data := await self.read()):
                raise ConnectionError("the stream has ended")
            self.socket.receive_data(data)

    async def read(self):
        """What comes next; nothing at the stream's end, which is no reset."""
        while not self.has_ended:
            received = await self.queue.get()
            if received is None:
                raise ConnectionError("the stream is reset")
            self.has_ended = received.stream_ended
            if received.data:
                return received.data
        return b""

    async def receive(self):
        parts = []
        while True:
            frame = await self.frame()
            if isinstance(frame, CloseConnection):
                return self.close_as(frame)
            parts.append(frame.data)
            if frame.message_finished:
                return "".join(parts) if isinstance(frame, TextMessage) else b"".join(map(bytes, parts))

    def close_as(self, frame):
        if self.socket.state is not ConnectionState.CLOSED:
            self.write(frame.response(), ends=True)
        return checks.Closed(int(frame.code), frame.reason or "")

    async def close(self, code, reason):
        self.write(CloseConnection(code or self.code_unless_told, reason))
        closed = await self.receive()
        # The server ends its side of the stream, and is answered so [RFC 9220 §3].
        checks.expect(await self.read(), b"", "what comes behind the Close frame")
        self.client.http.send_data(self.stream, b"", end_stream=True)
        self.client.transmit()
        return closed


@asynccontextmanager
async def open_client(url, plan, connection):
    configuration = QuicConfiguration(alpn_protocols=H3_ALPN, cafile=plan.tls["certificate"])
    target = urlsplit(url)
    async with connect(
        target.hostname, target.port, configuration=configuration, create_protocol=Client
    ) as client:
        yield await client.open(url, connection, plan.compress)


async def run_server(plan):
    raise NotImplementedError("it is a client only")


if __name__ == "__main__":
    checks.main(open_client, run_server)
