"""How deep the stack of a program of examples/bare-metal gets in a conversation with a peer: bare_metal_stack.py ELF server|client

The peer is this script, at the other end of the serial port that QEMU gives the program: the opening handshake, a text, a binary
message, a fragmented one with a Ping inside, and a frame that breaks a rule. What the program's stack has not reached of its RAM
is as the start of the program has painted it.
"""

import base64
import hashlib
import pathlib
import socket
import subprocess
import sys
import tempfile

RAM, SIZE, PAINT = 0x2000_0000, 8 * 1024, b"\xcc\xcc\xcc\xcc"
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def main(program, role):
    with socket.create_server(("127.0.0.1", 0)) as listener, tempfile.TemporaryDirectory() as scratch:
        listener.settimeout(30)
        port = listener.getsockname()[1]
        emulator = subprocess.Popen(
            ["qemu-system-arm", "-cpu", "cortex-m3", "-machine", "lm3s6965evb", "-display", "none", "-monitor", "stdio"]
            + ["-serial", f"tcp:127.0.0.1:{port}", "-kernel", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        try:
            serial, _ = listener.accept()
            serial.settimeout(30)
            open_connection(serial, role)
            exchange(serial, role)
            serial.sendall(frame(role, 0x83, b""))
            assert read_frame(serial)[0] == 0x88
            dump = pathlib.Path(scratch, "ram")
            emulator.stdin.write(f"pmemsave {RAM} {SIZE} \"{dump}\"\nquit\n".encode())
            emulator.stdin.flush()
            emulator.wait(30)
            print(SIZE - untouched(dump.read_bytes()))
        finally:
            emulator.kill()
            emulator.wait()


def open_connection(serial, role):
    if role == "server":
        serial.sendall(
            b"GET / HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head(serial)
    else:
        key = head(serial).split(b"Sec-WebSocket-Key: ")[1][:24]
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        serial.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )


def exchange(serial, role):
    for opcode, payload in [(0x81, "é".encode() * 60), (0x82, bytes(200))]:
        serial.sendall(frame(role, opcode, payload))
        assert read_message(serial) == (opcode, payload)
    begun, ended = frame(role, 0x01, "é".encode()[:1]), frame(role, 0x80, "é".encode()[1:])
    serial.sendall(begun + frame(role, 0x89, bytes(125)) + ended)
    assert read_frame(serial) == (0x8A, bytes(125))
    assert read_message(serial) == (0x81, "é".encode())


def head(serial):
    taken = b""
    while not taken.endswith(b"\r\n\r\n"):
        taken += exactly(serial, 1)
    return taken


def exactly(serial, count):
    taken = b""
    while len(taken) < count:
        came = serial.recv(count - len(taken))
        assert came, "the program is gone"
        taken += came
    return taken


def frame(role, first, payload):
    """Masked if the program is a server; then by zeros."""
    mask, key = (0x80, bytes(4)) if role == "server" else (0, b"")
    length = bytes([mask | len(payload)]) if len(payload) < 126 else bytes([mask | 126]) + len(payload).to_bytes(2, "big")
    return bytes([first]) + length + key + payload


def read_message(serial):
    """`wsproto-embedded` sends what its buffer does not hold in fragments."""
    first, payload = read_frame(serial)
    last = first
    while not last & 0x80:
        last, more = read_frame(serial)
        payload += more
    return 0x80 | first, payload


def read_frame(serial):
    first, second = exactly(serial, 2)
    length = second & 0x7F
    if length == 126:
        length = int.from_bytes(exactly(serial, 2), "big")
    key = exactly(serial, 4) if second & 0x80 else bytes(4)
    return first, bytes(byte ^ key[at % 4] for at, byte in enumerate(exactly(serial, length)))


def untouched(ram):
    words = next(at for at in range(0, SIZE, 4) if ram[at : at + 4] != PAINT)
    assert 0 < words < SIZE, "the stack is full, or was not painted"
    return words


main(*sys.argv[1:])
