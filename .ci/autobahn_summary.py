"""Judges a report of the Autobahn|Testsuite: autobahn_summary.py OUTDIR CASES

Prints how often each behaviour occurs, and each case that is not OK. Fails unless there are CASES cases, all of them
OK or INFORMATIONAL, and so are their closing handshakes.
"""

import collections
import json
import pathlib
import sys

GOOD = {"OK", "INFORMATIONAL"}


def main(folder, expected):
    (cases,) = json.loads((folder / "index.json").read_text()).values()
    print(f"{len(cases)} cases")
    for title, key in (("behaviour", "behavior"), ("close", "behaviorClose")):
        counts = collections.Counter(case[key] for case in cases.values())
        print(f"  {title}: " + ", ".join(f"{name} {count}" for name, count in counts.most_common()))

    failed = len(cases) != expected
    for name, case in sorted(cases.items(), key=lambda item: [int(part) for part in item[0].split(".")]):
        verdict = {case["behavior"], case["behaviorClose"]}
        if verdict != {"OK"}:
            report = json.loads((folder / case["reportfile"]).read_text())
            print(f"  {name}: {case['behavior']}, close {case['behaviorClose']}: {report['result']}")
        failed |= not verdict <= GOOD
    return f"autobahn: not as strict as {expected} cases ask for" if failed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), int(sys.argv[2])))
