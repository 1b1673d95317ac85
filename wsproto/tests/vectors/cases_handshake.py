"""Opening handshakes: requests for a server, responses for a client."""

from write import *

KEY_FIELD, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
REQUEST = {"Host": "example.com", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": KEY_FIELD, "Sec-WebSocket-Version": "13"}
RESPONSE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": ACCEPT}
CHOICE = "The RFC asks for an appropriate status; which one is the server's choice."
HTTP = "A rule of HTTP (RFC 9110, RFC 9112); some servers are more patient."


def tables():
    return [server(), client()]


def head(line, fields, behind="", **changed):
    """A head: `fields` with those named changed; None leaves one out, a list repeats it."""
    fields = dict(fields) | {name.replace("_", "-"): value for name, value in changed.items()}
    pairs = [(name, v) for name, value in fields.items() for v in (value if isinstance(value, list) else [value]) if v is not None]
    return f"{line}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in pairs) + f"\r\n{behind}"


def server():
    t = Table("handshake-server", "What a server answers to a client's opening handshake (sections 4.2, 4.4, 9.1 and 11.3).")

    def add(name, section, about, request, outcome, status=None, freedom=None, fields=None, rest=0, **more):
        case = {"name": name, "section": section, "about": about, "request": request} | more
        case |= {"outcome": outcome} | ({"status": status} if status else {}) | ({"fields": fields} if fields else {}) | ({"rest": rest} if rest else {})
        t.put(case, freedom)

    def good(name, section, about, line="GET /chat HTTP/1.1", behind="", speaks=None, fields=None, **changed):
        fields = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": ACCEPT} | (fields or {"Sec-WebSocket-Protocol": None, "Sec-WebSocket-Extensions": None})
        add(name, section, about, head(line, REQUEST, behind, **changed), "upgrade", 101, fields=fields, rest=len(behind), **({"speaks": speaks} if speaks else {}))

    def bad(name, section, about, status=400, line="GET /chat HTTP/1.1", freedom=CHOICE, fields=None, **changed):
        add(name, section, about, head(line, REQUEST, **changed), "refused", status, freedom, fields)

    good("a-plain-request", "4.2.1", "all that has to be there, and no more")
    add("the-request-of-section-1.2", "1.2", "the RFC's own", head("GET /chat HTTP/1.1", {"Host": "server.example.com", **{k: v for k, v in REQUEST.items() if k != "Host"}, "Origin": "http://example.com", "Sec-WebSocket-Protocol": "chat, superchat"}), "upgrade", 101, fields={"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": ACCEPT, "Sec-WebSocket-Protocol": "chat"}, speaks=["chat"])
    good("order-of-fields", "4.2.1", "the order of the fields is not important", Host=None, host="example.com")
    for name, value in (("upper-case", "WEBSOCKET"), ("mixed-case", "WebSocket"), ("in-a-list", "h2c, websocket"), ("with-spaces", "  websocket \t")):
        good(f"upgrade-{name}", "4.2.1", "`Upgrade` is compared whatever its case", Upgrade=value)
    good("upgrade-in-two-fields", "4.2.1", "a list over two fields", Upgrade=["h2c", "websocket"])
    for name, value in (("lower-case", "upgrade"), ("upper-case", "UPGRADE"), ("keep-alive-before", "keep-alive, Upgrade"), ("keep-alive-behind", "Upgrade,keep-alive"), ("empty-elements", ", Upgrade ,,")):
        good(f"connection-{name}", "4.2.1", "`Connection` is a list of tokens, compared whatever their case", Connection=value)
    good("connection-in-two-fields", "4.2.1", "a list over two fields", Connection=["keep-alive", "Upgrade"])
    good("names-in-upper-case", "4.1", "names of fields are compared whatever their case", Upgrade=None, UPGRADE="websocket")
    good("absolute-uri", "4.2.1", "an absolute HTTP URI contains the resource name", "GET http://example.com/chat HTTP/1.1")
    good("absolute-ws-uri", "4.2.1", "the URI that was connected to contains the resource name", "GET ws://example.com/chat HTTP/1.1")
    good("absolute-wss-uri", "4.2.1", "the URI that was connected to contains the resource name", "GET WSS://example.com/chat HTTP/1.1")
    good("with-a-query", "3", "a query is a part of the resource name", "GET /chat?room=1&x=%23 HTTP/1.1")
    good("host-with-a-port", "4.2.1", "the server's authority", Host="example.com:8080")
    good("host-in-brackets", "4.2.1", "an IPv6 address", Host="[::1]:8080")
    good("http-1.2", "4.2.1", "HTTP/1.1 or higher", "GET / HTTP/1.2")
    good("with-cookies", "4.2.1", "other fields are ignored, unknown ones too", Cookie="a=b", X_Unknown="?", Authorization="Basic YTpi")
    good("no-origin", "4.2.1", "an origin is optional")
    good("an-origin", "4.2.1", "an origin is optional", Origin="http://example.com")
    good("null-as-origin", "4.2.2", "what a browser sends for an opaque origin", Origin="null")
    good("frames-behind", "4.2.2", "what follows the head is left for the connection", behind="\x81\x80\x00\x00\x00\x00")
    good("nonce-of-zeros", "4.2.1", "any 16 bytes", Sec_WebSocket_Key="AAAAAAAAAAAAAAAAAAAAAA==", fields={"Sec-WebSocket-Accept": "ICX+Yqv66kxgM0FcWaLWlFLwTAI="})
    good("the-key-printed-in-4.1", "4.1", "the RFC's own example has unused bits set", Sec_WebSocket_Key="AQIDBAUGBwgJCgsMDQ4PEC==", fields={"Sec-WebSocket-Accept": "OfS0wDaT5NoxF2gqm7Zj2YtetzM="})
    good("key-with-spaces-around", "4.2.1", "whitespace around a value is not a part of it", Sec_WebSocket_Key=f" \t{KEY_FIELD} ")
    offer = lambda value: {"Sec_WebSocket_Protocol": value}
    none = {"Sec-WebSocket-Protocol": None}
    good("subprotocol-chosen", "4.2.2", "one of those that were offered", speaks=["chat"], fields={"Sec-WebSocket-Protocol": "chat"}, **offer("superchat, chat"))
    good("subprotocol-of-the-servers-preference", "4.2.2", "the server's first that was offered", speaks=["b", "a"], fields={"Sec-WebSocket-Protocol": "b"}, **offer("a, b"))
    good("subprotocol-over-two-fields", "11.3.4", "the same as one field with all values", speaks=["b"], fields={"Sec-WebSocket-Protocol": "b"}, **offer(["a", "b"]))
    good("subprotocol-not-in-common", "4.2.2", "none is sent back where there is none in common", speaks=["json"], fields=none, **offer("xml"))
    good("subprotocol-of-another-case", "4.2.2", "names are compared exactly", speaks=["Chat"], fields=none, **offer("chat"))
    good("subprotocol-not-offered", "4.2.2", "none is sent back where none was offered", speaks=["chat"], fields=none)
    good("subprotocols-with-empty-elements", "4.3", "a list may have empty elements", speaks=["a"], fields={"Sec-WebSocket-Protocol": "a"}, **offer(", a ,,"))
    for name, value in (("", ""), ("-of-nothing", " , "), ("-with-a-space", "a b"), ("-quoted", '"chat"'), ("-with-a-parameter", "chat;q=1"), ("-not-ascii", "ch\xe4t"), ("-repeated", "chat, chat")):
        bad(f"subprotocol-malformed{name or '-empty'}", "4.1", "a list of unique tokens", **offer(value))
    bad("subprotocol-repeated-over-two-fields", "11.3.4", "two fields are one list", **offer(["a, b", "b"]))
    for name, value in (("one", "permessage-deflate"), ("with-parameters", "permessage-deflate; client_max_window_bits=15; x"), ("several", "mux; max-channels=4; flow-control, deflate-stream"), ("quoted", 'foo; a="1"'), ("over-two-fields", ["foo", "bar; baz=2"])):
        good(f"extension-{name}", "9.1", "an offer: one that the server does not use is not answered", Sec_WebSocket_Extensions=value)
    for name, value in (("empty", ""), ("no-name", "; a"), ("no-parameter", "foo;"), ("no-value", "foo; a="), ("a-space", "foo bar"), ("quote-open", 'foo; a="1'), ("quoted-not-a-token", 'foo; a="1 2"'), ("quoted-empty", 'foo; a=""'), ("two-values", "foo; a=1=2"), ("quoted-name", '"foo"'), ("over-two-fields", ['foo; a="1', '2"'])):
        bad(f"extension-malformed-{name}", "9.1", "a value that does not conform to the ABNF", Sec_WebSocket_Extensions=value)
    for name, key in (("missing", None), ("empty", ""), ("not-base64", "dGhlIHNhbXBsZSBub25j!Q=="), ("of-15-bytes", "AQIDBAUGBwgJCgsMDQ4P"), ("of-17-bytes", "AQIDBAUGBwgJCgsMDQ4PEBE="), ("without-padding", "dGhlIHNhbXBsZSBub25jZQ"), ("in-the-url-alphabet", "-_-_-_-_-_-_-_-_-_-_-w=="), ("in-two-fields", [KEY_FIELD, KEY_FIELD])):
        bad(f"key-{name}", "11.3.1" if isinstance(key, list) else "4.2.1", "a base64-encoded value of 16 bytes, once", Sec_WebSocket_Key=key)
    for name, value in (("missing", None), ("8", "8"), ("0", "0"), ("14", "14"), ("25", "25"), ("empty", ""), ("013", "013"), ("13.0", "13.0"), ("list", "13, 8")):
        bad(f"version-{name}", "4.4" if value else "4.2.1", "not 13: the answer says which version is spoken", 426, fields={"Sec-WebSocket-Version": "13", "Upgrade": "websocket"}, Sec_WebSocket_Version=value)
    bad("version-in-two-fields", "11.3.5", "once in a request", Sec_WebSocket_Version=["13", "13"])
    for name, value in (("missing", None), ("keep-alive", "keep-alive"), ("only-containing-the-word", "Upgrades"), ("quoted", '"Upgrade"'), ("split", "Up grade")):
        bad(f"connection-{name}", "4.2.1", "it has to include the token `Upgrade`", Connection=value)
    for method in ("POST", "HEAD", "OPTIONS", "get"):
        bad(f"method-{method}", "4.2.1", "a GET request", 405, f"{method} /chat HTTP/1.1")
    for name, host in (("missing", None), ("empty", ""), ("in-two-fields", ["example.com", "example.com"]), ("with-a-path", "example.com/x"), ("with-a-space", "exam ple.com")):
        bad(f"host-{name}", "4.2.1", "the server's authority, once", Host=host)
    bad("target-with-a-fragment", "3", "fragments must not be used", line="GET /chat#top HTTP/1.1", freedom=HTTP)
    bad("target-without-a-slash", "4.2.1", "a resource name begins with a slash", line="GET chat HTTP/1.1")
    bad("target-asterisk", "4.2.1", "no resource name", line="GET * HTTP/1.1")
    bad("target-not-ascii", "8.1", "URIs are ASCII", line="GET /ch\xe4t HTTP/1.1", freedom=HTTP)
    bad("http-2.0", "4.2.1", "no such version in a request line", 505, "GET /chat HTTP/2.0")
    bad("origin-in-two-fields", "4.2.1", "RFC 6454 section 7.3: one", Origin=["http://a.example", "http://b.example"])
    bad("with-a-body", "4.2.1", "its end is where frames would begin", Content_Length="5", freedom="Where the body is read and dropped.")
    bad("with-a-chunked-body", "4.2.1", "its end is where frames would begin", Transfer_Encoding="chunked", freedom="Where the body is read and dropped.")
    line = "GET /chat HTTP/1.1"
    whole = head(line, REQUEST)
    for name, request in (("a-space-before-the-colon", whole.replace("Host:", "Host :")), ("a-folded-field", whole.replace("Upgrade: ", "Upgrade:\r\n ")), ("line-feeds-alone", whole.replace("\r\n", "\n")), ("a-field-without-a-colon", whole.replace("Host:", "Nonsense\r\nHost:")), ("a-control-character", whole.replace("example.com", "example\x01.com")), ("nul-in-a-value", whole.replace("example.com", "example.com\0")), ("a-line-that-is-no-request", "HELLO\r\n\r\n"), ("two-spaces", whole.replace("GET /", "GET  /"))):
        add(f"malformed-{name}", "4.2.1", "not a valid HTTP request", request, "refused", 400, HTTP)
    for name, request in (("tls", "\x16\x03\x01\x02\x00\x01"), ("zero-bytes", "\0\0\0\0"), ("no-version", "GET /chat\r"), ("another-protocol", "EHLO mail.example\r"), ("another-name-of-http", "GET /chat HTTPS")):
        add(f"first-line-{name}", "4.2.1", "no request can begin so: told before its end has come", request, "refused", 400, HTTP)
    for name, fields in (("no-upgrade", {"Upgrade": None}), ("another-protocol", {"Upgrade": "h2c"}), ("nearly-websocket", {"Upgrade": "websockets"}), ("a-version-of-websocket", {"Upgrade": "websocket/13"})):
        add(f"ordinary-{name}", "4.2.1", "not for WebSocket: an HTTP request as any other", head(line, REQUEST, **fields), "ordinary", None, "400 from a server that serves nothing else.")
    add("ordinary-http-1.0", "4.2.1", "HTTP/1.0 knows no upgrade (RFC 9110 section 7.8): the field is ignored", head("GET /chat HTTP/1.0", REQUEST), "ordinary", None, "400 from a server that serves nothing else.")
    add("ordinary-page", "4.2.1", "a browser that looks for a page", head("GET / HTTP/1.1", {"Host": "example.com", "Accept": "*/*"}), "ordinary", None, "400 from a server that serves nothing else.")
    add("nothing-yet", "4.2.1", "no byte at all", "", "incomplete")
    add("no-blank-line-yet", "4.2.1", "all but the last line feed", whole[:-1], "incomplete")
    add("half-a-line", "4.2.1", "inside a field", whole[:40], "incomplete")
    add("empty-lines-before", "4.2.1", "are ignored (RFC 9112 section 2.2)", "\r\n" + whole, "upgrade", 101, HTTP, {"Sec-WebSocket-Accept": ACCEPT})
    limit = {"head_bytes": len(whole), "head_fields": 5}
    add("head-at-its-limits", "10.4", "as many bytes and fields as are borne", whole, "upgrade", 101, limits=limit)
    add("head-over-its-bytes", "10.4", "one byte more", whole.replace("/chat", "/chatt"), "refused", 431, "A limit of its own.", limits=limit)
    add("head-over-its-fields", "10.4", "one field more", head(line, REQUEST, a="b"), "refused", 431, "A limit of its own.", limits={"head_bytes": 8192, "head_fields": 5})
    add("head-without-end", "10.4", "told before the end has come", whole[:-2] + "a: " + "b" * 200, "refused", 431, "A limit of its own.", limits={"head_bytes": 300, "head_fields": 100})
    return t


def client():
    t = Table("handshake-client", "What a client makes of a server's opening handshake (sections 4.1, 9.1 and 11.3).")

    def add(name, section, about, response, outcome, freedom=None, rest=0, **more):
        case = {"name": name, "section": section, "about": about} | {k: more.pop(k) for k in ("subprotocols", "extensions") if k in more}
        t.put(case | {"response": response, "outcome": outcome} | more | ({"rest": rest} if rest else {}), freedom)

    def good(name, section, about, line="HTTP/1.1 101 Switching Protocols", behind="", more=None, **changed):
        add(name, section, about, head(line, RESPONSE, behind, **changed), "open", rest=len(behind), **(more or {}))

    def bad(name, section, about, line="HTTP/1.1 101 Switching Protocols", freedom=None, more=None, **changed):
        add(name, section, about, head(line, RESPONSE, **changed), "fail", freedom, **(more or {}))

    good("a-plain-response", "4.1", "all that has to be there, and no more")
    good("another-reason-phrase", "4.1", "the status counts, not its words", "HTTP/1.1 101 Whatever")
    good("no-reason-phrase", "4.1", "nor need there be any", "HTTP/1.1 101 ")
    good("upgrade-of-another-case", "4.1", "compared whatever its case", Upgrade="WebSocket")
    good("connection-of-another-case", "4.1", "compared whatever its case", Connection="upgrade")
    good("connection-list", "4.1", "a list with the token in it", Connection="keep-alive, Upgrade")
    good("names-of-another-case", "4.1", "names of fields are compared whatever their case", Upgrade=None, uPGRADE="websocket")
    good("accept-with-spaces-around", "4.1", "leading and trailing whitespace is ignored", Sec_WebSocket_Accept=f"  {ACCEPT}\t ")
    good("other-fields", "4.1", "cookies may be set", Set_Cookie="a=b", Server="x")
    good("frames-right-behind", "4.1", "what follows the head is left for the connection", behind="\x81\x05Hello")
    good("no-subprotocol-chosen", "4.1", "the server need not choose one", more={"subprotocols": ["chat"]})
    good("an-offered-subprotocol", "4.1", "the second of two", more={"subprotocols": ["chat", "superchat"], "subprotocol": "superchat"}, Sec_WebSocket_Protocol="superchat")
    good("an-offered-extension", "4.1", "with parameters of the server's", more={"extensions": "foo; a, bar"}, Sec_WebSocket_Extensions="bar; b=1")
    good("no-extension-used", "4.1", "an offer is not a demand", more={"extensions": "foo"})
    for name, value in (("missing", None), ("empty", ""), ("another", "h2c"), ("with-a-version", "websocket/13"), ("a-list", "websocket, h2c"), ("in-two-fields", ["websocket", "websocket"])):
        bad(f"response-upgrade-{name}", "4.1", "`websocket` and nothing else", freedom="Where lists are read as one." if name == "in-two-fields" else None, Upgrade=value)
    for name, value in (("missing", None), ("empty", ""), ("keep-alive", "keep-alive"), ("containing-the-word", "Upgraded")):
        bad(f"response-connection-{name}", "4.1", "the token `Upgrade` has to be there", Connection=value)
    for name, value in (("missing", None), ("empty", ""), ("of-another-key", "HSmrc0sMlYUkAGmm5OPpG2HaGWk="), ("of-another-case", ACCEPT.lower()), ("the-key-itself", KEY_FIELD), ("cut-short", ACCEPT[:-1]), ("with-more", ACCEPT + "="), ("with-a-space-inside", ACCEPT[:5] + " " + ACCEPT[5:])):
        bad(f"accept-{name}", "4.1", "the SHA-1 of our key and the GUID, in base64", Sec_WebSocket_Accept=value)
    bad("accept-in-two-fields", "11.3.3", "once in a response", Sec_WebSocket_Accept=[ACCEPT, ACCEPT])
    bad("a-subprotocol-not-offered", "4.1", "none was offered", Sec_WebSocket_Protocol="chat")
    bad("another-subprotocol", "4.1", "another was offered", more={"subprotocols": ["chat"]}, Sec_WebSocket_Protocol="superchat")
    bad("a-subprotocol-of-another-case", "4.1", "names are compared exactly", more={"subprotocols": ["chat"]}, Sec_WebSocket_Protocol="Chat")
    bad("two-subprotocols", "4.1", "one value, not a list", more={"subprotocols": ["a", "b"]}, Sec_WebSocket_Protocol="a, b")
    bad("an-empty-subprotocol", "4.2.2", "the empty string is not a legal value", more={"subprotocols": ["a"]}, Sec_WebSocket_Protocol="")
    bad("subprotocol-in-two-fields", "11.3.4", "once in a response", more={"subprotocols": ["a", "b"]}, Sec_WebSocket_Protocol=["a", "b"])
    bad("an-extension-not-offered", "4.1", "none was offered", Sec_WebSocket_Extensions="permessage-deflate")
    bad("one-extension-too-many", "4.1", "one of two was offered", more={"extensions": "foo"}, Sec_WebSocket_Extensions="foo, bar")
    bad("a-malformed-extension", "9.1", "it does not conform to the ABNF", more={"extensions": "foo"}, Sec_WebSocket_Extensions="foo;")
    bad("an-empty-extension", "9.1", "it does not conform to the ABNF", more={"extensions": "foo"}, Sec_WebSocket_Extensions="")
    bad("extensions-in-two-fields", "11.3.2", "once in a response", freedom="Section 4.2.2 item 5.6 allows what section 11.3.2 forbids.", more={"extensions": "foo, bar"}, Sec_WebSocket_Extensions=["foo", "bar"])
    bad("101-over-http-1.0", "4.2.2", "HTTP/1.0 has no 101", "HTTP/1.0 101 Switching Protocols")
    bad("no-status-line", "4.1", "not a valid HTTP response", "101 Switching Protocols")
    bad("another-protocol-altogether", "4.1", "not a valid HTTP response", "SSH-2.0-OpenSSH_9.2")
    for status in (200, 301, 400, 401, 403, 404, 426, 500, 503):
        add(f"status-{status}", "4.1", "not 101: handled as HTTP has it, and the connection is not open", head(f"HTTP/1.1 {status} X", RESPONSE), "http", status=status)
    whole = head("HTTP/1.1 101 Switching Protocols", RESPONSE)
    interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    add("interim-responses-alone", "4.1", "the response that counts is still to come (RFC 9110 section 15.2)", interim, "incomplete")
    add("interim-responses-first", "4.1", "they are skipped (RFC 9110 section 15.2)", interim + whole + "\x81\x00", "open", rest=2)
    add("interim-response-malformed", "4.1", "not a valid HTTP response", "HTTP/1.1 100 Continue\r\nA B: c\r\n\r\n" + whole, "fail")
    add("interim-then-404", "4.1", "not 101: handled as HTTP has it", interim + head("HTTP/1.1 404 Not Found", RESPONSE), "http", status=404)
    bad("status-007", "4.1", "no status of HTTP (RFC 9110 section 15)", "HTTP/1.1 007 Bond")
    add("response-incomplete", "4.1", "all but the last byte", whole[:-1], "incomplete")
    add("response-half-a-line", "4.1", "inside the status line", whole[:9], "incomplete")
    add("response-with-a-control-character", "4.1", "not a valid HTTP response", whole.replace("websocket", "web\x00socket"), "fail")
    add("response-with-line-feeds-alone", "4.1", "not a valid HTTP response", whole.replace("\r\n", "\n"), "fail", HTTP)
    return t
