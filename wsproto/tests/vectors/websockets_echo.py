"""An echo on the protocol of Python's websockets, without I/O, for `run.py`."""

from websockets.client import ClientProtocol
from websockets.frames import Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.uri import parse_uri


def skip(case):
    if {"max_fragments", "max_control_frames", "max_frame_payload"} & case.get("config", {}).keys():
        return "websockets has no such limit"
    return None


def echo(case, pieces):
    limit = case.get("config", {}).get("max_message_size", 1 << 20)
    if case["role"] == "server":
        protocol = ServerProtocol(state=State.OPEN, max_size=limit)
    else:
        protocol = ClientProtocol(parse_uri("ws://example.com/"), state=State.OPEN, max_size=limit)
    if "starts" in case:
        protocol.send_close(*[] if case["starts"] is None else [case["starts"]])
    events, parts, kind = [], [], None
    for piece in pieces:
        protocol.receive_data(piece)
        for frame in protocol.events_received():
            if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
                kind = frame.opcode
            if frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                parts.append(bytes(frame.data))
                if frame.fin:
                    message, parts = b"".join(parts), []
                    try:
                        events.append({"text": message.decode()} if kind is Opcode.TEXT else {"binary": message})
                    except UnicodeDecodeError as error:
                        protocol.fail(1007, str(error)[:100])
                        return events, True, sent(protocol)
                    if protocol.state is State.OPEN:
                        (protocol.send_text if kind is Opcode.TEXT else protocol.send_binary)(message)
            elif frame.opcode is Opcode.CLOSE:
                code = int.from_bytes(frame.data[:2])
                events.append({"close": {"code": code, "reason": frame.data[2:].decode()} if frame.data else None})
            else:
                events.append({"ping" if frame.opcode is Opcode.PING else "pong": bytes(frame.data)})
        if protocol.parser_exc is not None:
            break
    return events, protocol.parser_exc is not None, sent(protocol)


def sent(protocol):
    return b"".join(protocol.data_to_send())
