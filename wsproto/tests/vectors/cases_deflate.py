"""The negotiation of permessage-deflate (RFC 7692): offers for a server, answers for a client. Sections are that RFC's."""

from write import *

D = "permessage-deflate"
SERVER, CLIENT = "server_no_context_takeover", "client_no_context_takeover"
SERVER_BITS, CLIENT_BITS = "server_max_window_bits", "client_max_window_bits"
MALFORMED = {
    "unknown": ("7", "a parameter that is not defined", "x"),
    "unknown-with-a-value": ("7", "a parameter that is not defined", "x=1"),
    "of-another-case": ("7", "names are compared exactly", "Server_No_Context_Takeover"),
    "server-takeover-twice": ("7", "parameters of the same name", f"{SERVER}; {SERVER}"),
    "client-takeover-twice": ("7", "parameters of the same name", f"{CLIENT}; {CLIENT}"),
    "server-bits-twice": ("7", "parameters of the same name, with the same value too", f"{SERVER_BITS}=10; {SERVER_BITS}=10"),
    "client-bits-twice": ("7", "parameters of the same name, with the same value too", f"{CLIENT_BITS}=10; {CLIENT_BITS}=10"),
    "server-takeover-with-a-value": ("7.1.1.1", "it has no value", f"{SERVER}=true"),
    "client-takeover-with-a-value": ("7.1.1.2", "it has no value", f'{CLIENT}="1"'),
    "server-bits-without-a-value": ("7.1.2.1", "only that of the client may lack it", SERVER_BITS),
    **{f"server-bits-{v}": ("7.1.2.1", "8 to 15, without a leading zero", f"{SERVER_BITS}={v}") for v in ("0", "1", "7", "16", "08", "010", "100", "+9", "-9", "9.0", "0x9", "264", "ten")},
    **{f"client-bits-{v}": ("7.1.2.2", "8 to 15, without a leading zero", f"{CLIENT_BITS}={v}") for v in ("0", "7", "16", "08", "264", "ten")},
    "server-bits-quoted-16": ("7.1.2.1", "8 to 15, quoted or not", f'{SERVER_BITS}="16"'),
    "client-bits-quoted-08": ("7.1.2.2", "without a leading zero, quoted or not", f'{CLIENT_BITS}="0\\8"'),
}


def tables():
    return [offers(), answers()]


def agreed(server=False, client=False, server_bits=15, client_bits=15):
    return {SERVER: server, CLIENT: client, SERVER_BITS: server_bits, CLIENT_BITS: client_bits}


def offers():
    t = Table("deflate-offers", "What a server makes of an offer of permessage-deflate that has no wishes of its own (RFC 7692, sections 5 and 7).")

    def add(name, section, about, offer, agreed=None, freedom=None):
        case = {"name": f"offer-{name}", "section": section, "about": about, "offer": offer, "outcome": "accept" if agreed else "decline"}
        t.put(case | ({"agreed": agreed} if agreed else {}), freedom)

    add("simplest", "7.1.3", "the RFC's own", D, agreed())
    add("two-of-section-7.1.3", "7.1.3", "the first is preferred", f"{D}; {CLIENT_BITS}; {SERVER_BITS}=10, {D}; {CLIENT_BITS}", agreed(server_bits=10))
    add("server-takeover", "7.1.1.1", "the server has to repeat it", f"{D}; {SERVER}", agreed(server=True))
    add("client-takeover", "7.1.1.2", "a hint", f"{D}; {CLIENT}", agreed(client=True), "A server need not answer it; it holds all the same.")
    for bits in range(8, 16):
        add(f"server-bits-{bits}", "7.1.2.1", "the server takes this or less", f"{D}; {SERVER_BITS}={bits}", agreed(server_bits=bits), "An engine that can't do less than 9 may decline 8." if bits == 8 else None)
        add(f"client-bits-{bits}", "7.1.2.2", "a hint", f"{D}; {CLIENT_BITS}={bits}", agreed(client_bits=bits), "A server need not answer it; it holds all the same.")
    add("client-bits-without-a-value", "7.1.2.2", "allowed in an offer", f"{D}; {CLIENT_BITS}", agreed())
    add("quoted", "7.1.2.1", "RFC 6455, section 9.1: a quoted string stands for its token", f'{D}; {SERVER_BITS}="1\\0"', agreed(server_bits=10))
    add("all", "7.1", "all parameters, in any order", f"{D}; {CLIENT_BITS}=9; {CLIENT}; {SERVER_BITS}=11; {SERVER}", agreed(True, True, 11, 9))
    add("among-others", "5", "extensions that the server does not know are ignored", f"mux; max-channels=4, {D}; {SERVER}, x-webkit-deflate-frame", agreed(server=True))
    add("of-another-name", "7", "names are compared exactly", "permessage-bzip2, x-webkit-deflate-frame, permessage-deflat")
    for name, (section, about, params) in MALFORMED.items():
        add(f"malformed-{name}", section, about, f"{D}; {params}")
    add("behind-a-malformed-one", "5", "the first is declined, the second is not", f"{D}; {SERVER_BITS}=16, {D}; {SERVER_BITS}=12", agreed(server_bits=12))
    return t


def answers():
    t = Table("deflate-answers", "What a client makes of the answer to its offer of permessage-deflate (RFC 7692, sections 5 and 7).")

    def add(name, section, about, offer, answer, agreed=None, outcome=None, freedom=None):
        case = {"name": f"answer-{name}", "section": section, "about": about, "offer": offer, "answer": answer, "outcome": outcome or ("accept" if agreed else "fail")}
        t.put(case | ({"agreed": agreed} if agreed else {}), freedom)

    every = f"{D}; {CLIENT_BITS}"
    add("simplest", "7.1.3", "the RFC's own", D, D, agreed())
    add("of-section-7.1.3", "7.1.3", "to the first of two offers", f"{D}; {CLIENT_BITS}; {SERVER_BITS}=10, {every}", f"{D}; {SERVER_BITS}=10", agreed(server_bits=10))
    add("to-the-second-offer", "7.1.3", "the server can't do what the first asks for", f"{D}; {SERVER_BITS}=10; {CLIENT_BITS}, {every}", D, agreed())
    add("without-it", "5", "an offer is not a demand", f"{D}, foo", "foo", outcome="decline")
    add("twice", "5", "two extensions that use RSV1", D, f"{D}, {D}")
    add("not-offered", "5", "an extension that was not requested", "foo", D)
    add("unasked-limits", "7.1.1.1", "the server may limit itself unasked", D, f"{D}; {SERVER}; {SERVER_BITS}=9", agreed(server=True, server_bits=9))
    add("client-takeover", "7.1.1.2", "the client has to obey, though it did not offer", D, f"{D}; {CLIENT}", agreed(client=True))
    add("client-takeover-offered", "7.1.1.2", "what was offered holds without an answer", f"{D}; {CLIENT}", D, agreed(client=True))
    add("client-bits", "7.1.2.2", "the client has to obey", every, f"{D}; {CLIENT_BITS}=9", agreed(client_bits=9))
    add("client-bits-smaller", "7.1.2.2", "less than was offered", f"{D}; {CLIENT_BITS}=12", f"{D}; {CLIENT_BITS}=8", agreed(client_bits=8))
    add("client-bits-larger", "7.1.2.2", "the client keeps to what it has offered", f"{D}; {CLIENT_BITS}=10", f"{D}; {CLIENT_BITS}=12", agreed(client_bits=10), freedom="Some clients fail.")
    add("client-bits-not-answered", "7.1.2.2", "the client keeps to what it has offered", f"{D}; {CLIENT_BITS}=10", D, agreed(client_bits=10))
    add("client-bits-not-offered", "7.1.2.2", "MUST NOT be answered then", D, f"{D}; {CLIENT_BITS}=15")
    add("client-bits-without-a-value", "7.1.2.2", "only an offer may lack it", every, every)
    add("server-takeover-missing", "7.1.1.1", "it was offered", f"{D}; {SERVER}", D)
    add("server-bits-missing", "7.1.2.1", "they were offered", f"{D}; {SERVER_BITS}=10", D)
    add("server-bits-15-missing", "7.1.2.1", "they were offered, if only to say so", f"{D}; {SERVER_BITS}=15", D, freedom="It would hold all the same.")
    add("server-bits-equal", "7.1.2.1", "the same or smaller", f"{D}; {SERVER_BITS}=10", f"{D}; {SERVER_BITS}=10", agreed(server_bits=10))
    add("server-bits-smaller", "7.1.2.1", "the same or smaller", f"{D}; {SERVER_BITS}=10", f"{D}; {SERVER_BITS}=8", agreed(server_bits=8))
    add("server-bits-larger", "7.1.2.1", "the same or smaller", f"{D}; {SERVER_BITS}=10", f"{D}; {SERVER_BITS}=11")
    for name, (section, about, params) in MALFORMED.items():
        add(f"malformed-{name}", section, about, every, f"{D}; {params}")
    return t
