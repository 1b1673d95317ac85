"""A peer in Chromium, headless: chromium_peer.py client URL PLAN. It needs chromedriver, and Python's own library only."""

import base64
import hashlib
import http.server
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import urllib.request

CHECKS = pathlib.Path(__file__).parent.parent / "node" / "checks.js"
# Runs in a page; what it reports is printed here.
IN_PAGE = """
const [url, plan, done] = arguments;
const lines = [];
interop.runClient(interop.whatwg(WebSocket), url, interop.readPlan(plan), (line) => lines.push(line)).then(() => done(lines));
"""
PROTOCOL = "return performance.getEntriesByType('navigation')[0].nextHopProtocol"


def main():
    _, _, url, plan = sys.argv
    plan = json.loads(pathlib.Path(plan).read_text())
    # Over HTTP/2 and HTTP/3 a WebSocket goes over a connection that the browser has: its page's, from the same server.
    page = url.replace("wss", "https") + "/" if plan["http"] else start_page()
    with tempfile.TemporaryDirectory() as profile, subprocess.Popen(
        ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as driver:
        try:
            port = next(found[1] for line in driver.stdout if (found := re.search(r"successfully on port (\d+)", line)))
            lines = in_browser(f"http://127.0.0.1:{port}", profile, page, url, plan)
            urllib.request.urlopen(f"http://127.0.0.1:{port}/shutdown", timeout=20)
        finally:
            driver.terminate()
    print("\n".join(lines))
    sys.exit(any(line.startswith("not ok") for line in lines))


def in_browser(driver, profile, page, url, plan):
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    arguments += ["--disable-component-update", "--disable-sync", f"--user-data-dir={profile}"]
    if plan["tls"]:
        arguments.append(f"--ignore-certificate-errors-spki-list={fingerprint(plan['tls']['certificate'])}")
    if plan["http"] == 3:
        host = page.removeprefix("https://").rstrip("/")
        arguments += ["--enable-features=EnableWebsocketsOverHttp3", f"--origin-to-force-quic-on={host}"]
    options = {"goog:chromeOptions": {"args": arguments}, "timeouts": {"script": 60_000}}
    session = command(f"{driver}/session", {"capabilities": {"alwaysMatch": options}})
    browser = f"{driver}/session/{session['sessionId']}"
    try:
        command(f"{browser}/url", {"url": page})
        if plan["http"]:
            is_over = command(f"{browser}/execute/sync", {"script": PROTOCOL, "args": []})
            assert is_over == f"h{plan['http']}", f"the page came over {is_over}"
        # Strict mode keeps what a script defines to itself; this one defines a global on purpose.
        command(f"{browser}/execute/sync", {"script": CHECKS.read_text(), "args": []})
        return command(f"{browser}/execute/async", {"script": IN_PAGE, "args": [url, plan]})
    finally:
        command(browser, None, method="DELETE")


def fingerprint(certificate):
    """That of its public key, by which a browser is told to trust it."""
    command = ["openssl", "x509", "-in", certificate, "-noout", "-pubkey"]
    pem = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    key = base64.b64decode("".join(line for line in pem.splitlines() if not line.startswith("-")))
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


def command(url, body, method="POST"):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=90) as answer:
        return json.load(answer)["value"]


def start_page():
    """Serves an empty page on loopback: a page from elsewhere may not be allowed to connect there."""

    class Empty(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Empty)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


if __name__ == "__main__":
    main()
