"""A peer on aiohttp. It can't send fragments, nor a Close frame without a code."""

import asyncio
from contextlib import asynccontextmanager

from aiohttp import ClientConnectionError, ClientSession, ClientWSTimeout, WSMsgType, web

import checks


class Peer:
    code_unless_told = 1000

    def __init__(self, socket):
        self.socket = socket  # with `autoping=False`: Pongs are shown, and Pings are ours to answer

    def extensions(self):
        return "permessage-deflate" if self.socket.compress else ""

    async def send(self, message):
        try:
            send = self.socket.send_str if isinstance(message, str) else self.socket.send_bytes
            await send(message)
        except ClientConnectionError as error:
            raise ConnectionError(str(error)) from error

    async def ping(self, payload):
        await self.socket.ping(payload)
        frame = await self.socket.receive()
        checks.expect(frame.type, WSMsgType.PONG, "the frame after a Ping")
        return bytes(frame.data)

    async def receive(self):
        while (frame := await self.socket.receive()).type is WSMsgType.PING:
            await self.socket.pong(frame.data)
        match frame.type:
            case WSMsgType.TEXT:
                return frame.data
            case WSMsgType.BINARY:
                return bytes(frame.data)
            case WSMsgType.CLOSE:
                return checks.Closed(frame.data or 1005, frame.extra)
        raise ConnectionError(f"{frame.type!r}: {frame.data}")

    async def close(self, code, reason):
        await self.socket.close(code=code or self.code_unless_told, message=reason.encode())
        return checks.Closed(self.socket.close_code, "")


@asynccontextmanager
async def open_client(url, plan, connection):
    compress = connection["offer"].get("server_max_window_bits", 15) if plan.compress else 0
    async with ClientSession() as session:
        tls = {"ssl": plan.client_tls()} if plan.tls else {}
        async with session.ws_connect(url, compress=compress, autoping=False, max_msg_size=0, **tls) as socket:
            yield Peer(socket)


async def run_server(plan):
    async def handle(request):
        socket = web.WebSocketResponse(compress=plan.compress, autoping=False, max_msg_size=0)
        await socket.prepare(request)
        await checks.serve(Peer(socket), request.path_qs, plan)
        return socket

    app = web.Application()
    app.router.add_get("/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=plan.server_tls()).start()
    print("listening", runner.addresses[0][1], flush=True)
    await asyncio.Future()


if __name__ == "__main__":
    checks.main(open_client, run_server)
