"""The results, as a table for `README.md`, and in short for the one of the project."""

import json
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent.parent
MARKERS = "<!-- results -->", "<!-- end of results -->"


# The mode, and the peer's role.
WAYS = [(mode, role) for mode in ("plain", "compressed", "TLS") for role in ("client", "server")]

# Those of HTTP, beside 1.1.
VERSIONS = (2, 3)


def make_table(cells, peers):
    """A table for ours on the engine and on each crate, with notes under them."""
    notes = []

    def mark(note):
        if note not in notes:
            notes.append(note)
        return f"[{notes.index(note) + 1}]"

    def why_not(peer, mode, role):
        if role == "server" and not peer.is_server:
            return f"– {mark(peer.no_server)}"
        if mode == "compressed" and peer.no_compression:
            return f"– {mark(peer.no_compression)}"
        return "not run"

    lines = []
    for title, ways in [("the engine", WAYS[:4]), ("tokio-wsproto", WAYS), ("wsproto-blocking", WAYS[:4]), ("wsproto-embedded", WAYS[:2])]:
        columns = [f"{mode}, it is the {role}" for mode, role in ways]
        lines += [f"| peer, and ours on {title} | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
        for peer in (peer for peer in peers if peer.http1):
            row = [f"{peer.name} {version(peer.name)}" + (f" {mark(peer.note)}" if peer.note else "")]
            for mode, role in ways:
                cell = cells.get((peer.name, title, mode, role))
                row.append(describe(cell, mode) if cell else why_not(peer, mode, role))
            lines.append(f"| {' | '.join(row)} |")
        lines.append("")
    columns = [f"over HTTP/{number}, it is the client" for number in VERSIONS]
    lines += [f"| peer, and ours on tokio-wsproto | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for peer in peers:
        if peer.http:
            row = [cells.get((peer.name, "tokio-wsproto", f"over HTTP/{number}", "client")) for number in VERSIONS]
            row = [describe(cell, "") if cell else "–" for cell in row]
            lines.append(f"| {peer.name} {version(peer.name)} | {' | '.join(row)} |")
    lines.append("")
    return "\n".join([*lines, *(f"{n}. {note}." for n, note in enumerate(notes, 1))])


def describe(cell, mode):
    share = f", {cell.compressed} of {cell.messages} messages" if mode == "compressed" else ""
    return f"{cell.passed} ✓{share}"


def make_summary(cells, peers):
    """Where everything passed, of ours on each, and where there is nothing that could. TLS is that of tokio-wsproto."""
    ways = [(mode, role) for role in ("server", "client") for mode in ("plain", "compressed", "TLS")]
    head = "| | our client, plain | compressed | over TLS | our server, plain | compressed | over TLS |"
    rows = [head, "|---" * 7 + "|"]
    for peer in (peer for peer in peers if peer.http1):
        passed = []
        for mode, role in ways:
            needed = ["tokio-wsproto"] if mode == "TLS" else ["the engine", "tokio-wsproto", "wsproto-blocking"]
            needed += ["wsproto-embedded"] if mode == "plain" else []
            passed.append("✓" if all((peer.name, title, mode, role) in cells for title in needed) else "–")
        rows.append(f"| {peer.name} | {' | '.join(passed)} |")
    return "\n".join(rows)


def put_table(path, table):
    """Between the markers, which stay."""
    before, start, rest = path.read_text().partition(MARKERS[0])
    _, end, after = rest.partition(MARKERS[1])
    assert start and end, f"{path} has no markers"
    path.write_text(f"{before}{start}\n{table}\n{end}{after}")


def version(name):
    """That of the lock file, or what Chromium says."""
    if name == "Chromium":
        said = subprocess.run(["chromium", "--version"], capture_output=True, text=True, check=True).stdout
        return re.search(r"[\d.]+", said)[0]
    if name == "libcurl":
        return locked("curl-cffi", "8.21.0 (curl_cffi {})")
    return locked(name.removeprefix("Node's ").removeprefix("Python "), "{}")


def locked(name, form):
    packages = json.loads((HERE / "node/package-lock.json").read_text())["packages"]
    if found := packages.get(f"node_modules/{name}"):
        return form.format(found["version"])
    lines = (HERE / "python/requirements.txt").read_text() + (HERE / "Cargo.lock").read_text()
    return form.format(re.search(rf'^(?:{name}==|name = "{name}"\nversion = ")([\w.]+)', lines, re.MULTILINE)[1])
