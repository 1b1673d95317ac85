"""A peer on libcurl, by way of curl_cffi's low-level API, which is libcurl's own. A client only, and without compression."""

import asyncio
import select
from contextlib import asynccontextmanager

from curl_cffi import Curl, CurlError, CurlInfo, CurlOpt
from curl_cffi.const import CurlWsFlag

import checks

AGAIN = 81  # CURLE_AGAIN
WEBSOCKET = 2  # CURLOPT_CONNECT_ONLY: connect, do the opening handshake, and leave the rest to us
# CURLWS_NOAUTOPONG: left to itself, libcurl 8.21 keeps a Pong back until it is asked to send something, or something comes.
PONGS_ARE_OURS = 2


class Peer:
    code_unless_told = 1005

    def __init__(self, curl):
        self.curl = curl
        self.fd = curl.getinfo(CurlInfo.ACTIVESOCKET)

    def extensions(self):
        return ""

    async def send(self, message):
        is_text = isinstance(message, str)
        self.send_frame(message.encode() if is_text else message, CurlWsFlag.TEXT if is_text else CurlWsFlag.BINARY)

    async def send_fragments(self, parts, is_text, ping):
        kind = CurlWsFlag.TEXT if is_text else CurlWsFlag.BINARY
        for n, part in enumerate(parts, 1):
            # CONT is on all but the last; which frame is the first, libcurl knows.
            self.send_frame(part, kind | (CurlWsFlag.CONT if n < len(parts) else 0))
            if n == 1 and ping is not None:
                await self.ping(ping)

    async def ping(self, payload):
        self.send_frame(payload, CurlWsFlag.PING)
        flags, pong = self.read_frame()
        checks.expect(bool(flags & CurlWsFlag.PONG), True, "whether a Pong follows the Ping")
        return pong

    async def receive(self):
        await asyncio.sleep(0)  # nothing below gives way to what else is to be done
        message = b""
        while True:
            flags, payload = self.read_frame()
            if flags & CurlWsFlag.CLOSE:
                self.send_frame(payload[:2], CurlWsFlag.CLOSE)
                return closed(payload)
            if flags & CurlWsFlag.PING:
                self.send_frame(payload, CurlWsFlag.PONG)
                continue
            message += payload
            if not flags & CurlWsFlag.CONT:
                return message.decode() if flags & CurlWsFlag.TEXT else message

    async def close(self, code, reason):
        self.send_frame(code.to_bytes(2, "big") + reason.encode() if code else b"", CurlWsFlag.CLOSE)
        while True:
            flags, payload = self.read_frame()
            if flags & CurlWsFlag.CLOSE:
                return closed(payload)

    def send_frame(self, payload, flags):
        rest = memoryview(payload)
        while True:
            sent = self.when_ready(lambda: self.curl.ws_send(rest, flags), writing=True)
            rest = rest[sent:]
            if not rest:
                return

    def read_frame(self):
        """The whole of a frame's payload, which comes in pieces."""
        payload = b""
        while True:
            piece, frame = self.when_ready(self.curl.ws_recv, writing=False)
            payload += bytes(piece)
            if frame.bytesleft == 0:
                return frame.flags, payload

    def when_ready(self, call, writing):
        while True:
            try:
                return call()
            except CurlError as error:
                if error.code != AGAIN:
                    raise ConnectionError(str(error)) from error
            if select.select([] if writing else [self.fd], [self.fd] if writing else [], [], 20) == ([], [], []):
                raise TimeoutError


def closed(payload):
    return checks.Closed(int.from_bytes(payload[:2], "big") or 1005, payload[2:].decode())


@asynccontextmanager
async def open_client(url, plan, connection):
    curl = Curl()
    try:
        curl.setopt(CurlOpt.URL, url)
        curl.setopt(CurlOpt.CONNECT_ONLY, WEBSOCKET)
        curl.setopt(CurlOpt.WS_OPTIONS, PONGS_ARE_OURS)
        if plan.tls:
            curl.setopt(CurlOpt.CAINFO, plan.tls["certificate"])
        curl.perform()
        yield Peer(curl)
    finally:
        curl.close()


if __name__ == "__main__":
    checks.main(open_client, None)
