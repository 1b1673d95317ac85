"""What became of the mutants, and whether the list of equivalent ones is up to date.

mutants_report.py exclusions TREE     fails where an entry of TREE/.cargo/mutants.toml matches no mutant
mutants_report.py score FOLDER      adds up what cargo-mutants put in folders of FOLDER, and fails where a mutant survived
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path


def check_exclusions(tree: str) -> None:
    excluded = tomllib.loads(Path(tree, ".cargo/mutants.toml").read_text())["exclude_re"]
    command = ["cargo", "mutants", "--list", "--no-config", "-p", "wsproto"]
    mutants = subprocess.run(command, cwd=tree, check=True, capture_output=True, text=True).stdout.splitlines()
    stale = [pattern for pattern in excluded if not any(re.search(pattern, mutant) for mutant in mutants)]
    if stale:
        sys.exit("these entries of .cargo/mutants.toml match no mutant:\n" + "\n".join(stale))
    equivalent = sum(any(re.search(pattern, mutant) for pattern in excluded) for mutant in mutants)
    print(f"{len(mutants)} mutants, of which {equivalent} are equivalent")


def report_score(folder: str) -> None:
    killed, hung, survived, unviable = set(), set(), set(), set()
    kinds = {"CaughtMutant": killed, "Timeout": hung, "MissedMutant": survived, "Unviable": unviable}
    selected = set()
    for file in Path(folder).glob("*/mutants.out/outcomes.json"):
        for outcome in json.loads(file.read_text())["outcomes"]:
            if isinstance(outcome["scenario"], dict):  # else it is the run without a mutant
                name = outcome["scenario"]["Mutant"]["name"]
                kinds[outcome["summary"]].add(name)
                if not file.parts[-3].endswith("_left"):
                    selected.add(name)
    # What survives one run may be killed by the tests of another.
    survived = survived & selected - killed - hung - unviable
    killed = (killed | hung) & selected
    print(
        f"{len(killed)} of {len(killed | survived)} mutants killed ({len(hung)} of them hung); "
        f"{len(unviable)} more did not compile"
    )
    if survived:
        sys.exit("these survived:\n" + "\n".join(sorted(survived)))


if sys.argv[1] == "exclusions":
    check_exclusions(sys.argv[2])
else:
    report_score(sys.argv[2])
