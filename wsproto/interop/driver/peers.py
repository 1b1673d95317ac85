"""Who takes part, and what each is able to do."""

from dataclasses import dataclass, field

from plan import OFFERS

# What a connection or a step may need of its two ends: see `plan.py`.
CHECKER = frozenset({"fragments", "pings"})
OBEYS = frozenset({"obeys", "sends pings", "sends fragments", "closes without a code"})
# tokio-wsproto sends Pings and takes Pongs, and shows neither.
OURS_TOKIO_CHECKS = CHECKER - {"pings"}
OURS_TOKIO_OBEYS = OBEYS - {"sends pings"}
# Our client always offers `client_max_window_bits`. zlib, on which these peers stand, has no window of 8 bits to compress with: most
# decline, ws takes one of 9, in which zlib goes no further back than 250 bytes.
OURS = [offer for offer in OFFERS if offer != {"client_max_window_bits": False}]
NO_8 = [offer for offer in OURS if offer != {"server_max_window_bits": 8}]


@dataclass
class Peer:
    name: str
    command: list
    # As a checker it can do these; as an echoer it obeys these. `None`: it can't be a server.
    checks: frozenset = CHECKER
    obeys: frozenset = OBEYS
    is_server: bool = True
    # Why not, as a note under the table.
    no_server: str = ""
    no_compression: str = ""
    # Whether what it sends is compressed, too.
    compresses: bool = True
    # More to know, as a note.
    note: str = ""
    # Whether it can make this offer of RFC 7692's parameters, and whether it can keep its word when it is offered this.
    offers: object = field(default=lambda _: False)
    accepts: object = field(default=lambda offer: offer in NO_8)
    # The code with which it answers a Close frame, if not with the same.
    answer: int = None
    # Whether it speaks HTTP/1.1, and the versions beside that over which it is a client.
    http1: bool = True
    http: tuple = ()


def all_peers(cache):
    python = str(cache / "python/bin/python")
    return [
        Peer("Node's ws", ["node", "node/ws_peer.js"], offers=lambda _: True, accepts=lambda offer: offer in OURS),
        Peer(
            "undici",
            ["node", "node/undici_peer.js"],
            checks=frozenset(),
            is_server=False,
            no_server="undici has no WebSocket server",
            compresses=False,
            note="undici decompresses what it is sent, and compresses nothing",
        ),
        Peer(
            "Python websockets",
            [python, "python/websockets_peer.py"],
            obeys=OBEYS - {"closes without a code"},
            offers=lambda _: True,
        ),
        Peer(
            "aiohttp",
            [python, "python/aiohttp_peer.py"],
            checks=frozenset({"pings"}),
            obeys=OBEYS - {"closes without a code", "sends fragments"},
            offers=lambda offer: list(offer) == ["server_max_window_bits"] and offer["server_max_window_bits"] > 8,
            answer=1000,
            note="aiohttp answers every Close frame with 1000, and can't send fragments",
        ),
        Peer(
            "Chromium",
            [python, "python/chromium_peer.py"],
            checks=frozenset(),
            is_server=False,
            no_server="a browser is no server",
            http=(2, 3),
        ),
        Peer("tungstenite", ["{target}/tungstenite_peer"], no_compression="tungstenite has no permessage-deflate"),
        Peer("fastwebsockets", ["{target}/fastwebsockets_peer"], no_compression="fastwebsockets has no permessage-deflate"),
        Peer(
            "libcurl",
            [python, "python/libcurl_peer.py"],
            is_server=False,
            no_server="curl is no server",
            no_compression="libcurl has no permessage-deflate",
            note="libcurl as curl_cffi brings it: Debian 12's own curl is built without `ws`",
        ),
        Peer("aioquic", [python, "python/aioquic_peer.py"], is_server=False, http1=False, http=(3,)),
    ]
