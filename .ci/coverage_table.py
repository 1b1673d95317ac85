"""Prints how many lines of each file were run, and which were not: coverage_table.py LCOV LEAST_PERCENT"""

import sys
from pathlib import Path


def main(lcov: str, least: float) -> None:
    rows = [row(file, lines) for file, lines in sorted(parse(lcov).items()) if "/wsproto/src/" in file]
    print(f"{'file':32} {'lines':>6} {'run':>6} {'%':>7}  not run")
    for name, lines, run, missed in rows:
        print(f"{name:32} {lines:6} {run:6} {percent(run, lines):7.2f}  {missed}")
    lines, run = sum(row[1] for row in rows), sum(row[2] for row in rows)
    print(f"{'all':32} {lines:6} {run:6} {percent(run, lines):7.2f}  at least {least:g} % are asked for")
    if not lines or percent(run, lines) < least:
        sys.exit(1)


def parse(lcov: str) -> dict[str, dict[int, int]]:
    """How often each line of each file was run."""
    files, lines = {}, {}
    for record in Path(lcov).read_text().splitlines():
        kind, _, value = record.partition(":")
        if kind == "SF":
            lines = files.setdefault(value, {})
        elif kind == "DA":
            number, count = map(int, value.split(",")[:2])
            lines[number] = lines.get(number, 0) + count
    return files


def row(file: str, counts: dict[int, int]) -> tuple[str, int, int, str]:
    source = Path(file).read_text().splitlines()
    # A file's unit tests stand at its end, and are always run.
    tests = next((n for n, line in enumerate(source, 1) if line == "#[cfg(test)]" and "mod tests" in source[n]), len(source) + 1)
    counts = {number: count for number, count in counts.items() if number < tests}
    missed = [str(number) for number, count in sorted(counts.items()) if count == 0]
    return file.split("/wsproto/src/")[1], len(counts), len(counts) - len(missed), ", ".join(missed)


def percent(part: int, whole: int) -> float:
    return 100 * part / max(whole, 1)


main(sys.argv[1], float(sys.argv[2]))
