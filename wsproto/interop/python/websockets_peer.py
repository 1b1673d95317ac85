"""A peer on Python's `websockets`, with its asyncio API."""

import asyncio
from contextlib import asynccontextmanager

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

import checks


class Peer:
    code_unless_told = 1000

    def __init__(self, socket):
        self.socket = socket

    def extensions(self):
        return ", ".join(extension.name for extension in self.socket.protocol.extensions)

    async def send(self, message):
        try:
            await self.socket.send(message)
        except ConnectionClosed as closed:
            raise ConnectionError(str(closed)) from closed

    async def send_fragments(self, parts, is_text, ping):
        pongs = []

        async def pieces():
            for n, part in enumerate(parts):
                if n == 1 and ping is not None:
                    pongs.append(await self.socket.ping(ping))
                yield part

        await self.socket.send(pieces(), text=is_text)
        for pong in pongs:
            await pong

    async def ping(self, payload):
        # It is the payload by which it knows a Pong.
        await (await self.socket.ping(payload))
        return payload

    async def receive(self):
        try:
            return await self.socket.recv()
        except ConnectionClosed:
            return await self.closed()

    async def close(self, code, reason):
        await self.socket.close(code or self.code_unless_told, reason)
        return await self.closed()

    async def closed(self):
        await self.socket.wait_closed()
        return checks.Closed(self.socket.close_code, self.socket.close_reason)


@asynccontextmanager
async def open_client(url, plan, connection):
    deflate = ClientPerMessageDeflateFactory(**{name: value or None for name, value in connection["offer"].items()})
    extensions = [deflate] if plan.compress else None
    options = {"compression": None, "extensions": extensions, "max_size": None, "proxy": None, "ssl": plan.client_tls()}
    async with connect(url, **options) as socket:
        yield Peer(socket)


async def run_server(plan):
    async def handle(socket):
        await checks.serve(Peer(socket), socket.request.path, plan)

    extensions = [ServerPerMessageDeflateFactory()] if plan.compress else None
    options = {"compression": None, "extensions": extensions, "max_size": None, "ssl": plan.server_tls()}
    async with serve(handle, "127.0.0.1", 0, **options) as server:
        print("listening", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


if __name__ == "__main__":
    checks.main(open_client, run_server)
