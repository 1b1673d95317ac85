"""Whether the guides count their programs right: guides_lines.py GUIDE...

A guide's first two programs are the one before and the one after. Lines of code are those that are neither empty nor comments; new are
those that only the second program has, as a diff shows it. A guide to tokio-wsproto promises few of them.
"""

import difflib
import pathlib
import re
import sys

MOST_NEW = 20


def main():
    for path in map(pathlib.Path, sys.argv[1:]):
        text = path.read_text()
        before, after = (code(program) for program in re.findall(r"```rust,no_run\n(.*?)```", text, re.DOTALL)[:2])
        new = sum(line.startswith("+ ") for line in difflib.ndiff(before, after))
        said = f"{len(after)} lines of code instead of {len(before)}; {new} of them are new."
        if any("tokio_wsproto" in line for line in after):
            check(path, said, said in text)
            check(path, f"at most {MOST_NEW} new lines, not {new}", new <= MOST_NEW)
        else:
            said = f"have {len(before)} and {len(after)} lines of code"
            check(path, said, said in text or "lines of code" not in text)


def code(program):
    lines = (line.strip() for line in program.splitlines())
    return [line for line in lines if line and not line.startswith("//")]


def check(path, what, is_so):
    if not is_so:
        sys.exit(f"{path}: it has to say, or be: {what}")


main()
