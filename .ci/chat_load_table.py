"""Measures the chat under load, and writes the table of chat-demo/README.md: .ci/chat-load --write

In some two minutes. What is still running meanwhile is in the figures; the load before is written with them.
"""

import os
import pathlib
import re
import subprocess
import sys

README = pathlib.Path("chat-demo/README.md")
MARKS = "<!-- load -->\n", "<!-- end of load -->\n"
LOADS = [(10_000, 1, 10), (1_000, 50, 20), (10_000, 50, 10)]
SUMMARY = re.compile(
    r"connections +(?P<connections>\d+) in .*, (?P<disconnected>\d+) of them disconnected\n"
    r"memory +(?P<memory>\d+) bytes for each idle connection.*\n"
    r"CPU +(?P<cpu>\d+) % .*\n"
    r"messages +.*\n"
    r"lost +(?P<lost>\d+)\n"
    r"out of place +(?P<wrong>\d+) .*\n"
    r"delay +p50 (?P<p50>[\d.]+) ms, p99 (?P<p99>[\d.]+) ms"
)


def main():
    before = f"{os.getloadavg()[0]:.1f}"
    rows = [row(load, measure(load)) for load in LOADS]
    table = (
        f"{os.cpu_count()} processors; load before: {before}.\n\n"
        "| `--connections … --rate … --seconds …` | disconnected, lost, out of place | memory of an idle connection "
        "| CPU of the server, of one core | from post to the last receiver: p50, p99 |\n|---|---|---|---|---|\n"
    ) + "".join(rows)
    put(table)


def measure(load):
    connections, rate, seconds = (str(number) for number in load)
    command = ["cargo", "run", "--locked", "--quiet", "--release", "-p", "chat-demo", "--example", "load", "--"]
    command += ["--connections", connections, "--rate", rate, "--seconds", seconds]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=180)
    print(done.stdout, flush=True)
    if done.returncode:
        sys.exit(f"chat-load: {' '.join(command)} ended with {done.returncode}")
    return done.stdout


def row(load, summary):
    found = SUMMARY.search(summary)
    if not found:
        sys.exit(f"chat-load: no summary in:\n{summary}")
    connections, rate, seconds = load
    faults = [int(found[name]) for name in ("disconnected", "lost", "wrong")]
    first = f"{connections:,}, {rate} a second, {seconds}"
    delays = f"{float(found['p50']):.0f} ms, {float(found['p99']):.0f} ms"
    return f"| {first} | {', '.join(map(str, faults))} | {int(found['memory']):,} bytes | {found['cpu']} % | {delays} |\n"


def put(table):
    before, start, rest = README.read_text().partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not (start and end):
        sys.exit(f"chat-load: {README} has no marks")
    README.write_text(before + start + table + end + after)


if __name__ == "__main__":
    main()
