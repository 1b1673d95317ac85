"""The results, as a table for `README.md`, and in short for the one of the project."""

import json
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent.parent
MARKERS = "<!-- results -->", "<!-- end of results -->"


def make_table(cells, peers, compress):
    notes = []

    def mark(note):
        if note not in notes:
            notes.append(note)
        return f"[{notes.index(note) + 1}]"

    rows = [
        "| peer | plain, it is the client | plain, it is the server | compressed, it is the client | compressed, it is the server |",
        "|---|---|---|---|---|",
    ]
    for peer in peers:
        row = [f"{peer.name} {version(peer.name)}" + (f" {mark(peer.note)}" if peer.note else "")]
        for compressed in (False, True):
            for role in ("client", "server"):
                cell = cells.get((peer.name, compressed, role))
                if cell:
                    share = f", {cell.compressed} of {cell.messages} messages" if compressed else ""
                    row.append(f"{cell.passed} ✓{share}")
                elif role == "server" and not peer.is_server:
                    row.append(f"– {mark(peer.no_server)}")
                elif compressed and peer.no_compression:
                    row.append(f"– {mark(peer.no_compression)}")
                else:
                    row.append("not run")
        rows.append(f"| {' | '.join(row)} |")
    return "\n".join([*rows, "", *(f"{n}. {note}." for n, note in enumerate(notes, 1))])


def make_summary(cells, peers):
    """Where everything passed, and where there is nothing that could."""
    ways = [(compressed, role) for role in ("server", "client") for compressed in (False, True)]
    rows = ["| | our client, plain | compressed | our server, plain | compressed |", "|---|---|---|---|---|"]
    for peer in peers:
        passed = ["✓" if (peer.name, *way) in cells else "–" for way in ways]
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
