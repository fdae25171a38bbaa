"""How many faults put into the gate's code its tests find, by mutmut.

Run: ``make mutants``, or ``python -m benchmarks.promotion.mutants``. Writes
docs/results/promotion_mutants.md; fails below 95 %. Ten minutes of one core; with
``--continue`` an interrupted run goes on, and what was not killed is tried again.

mutmut gets a virtual environment of its own that sees the libraries of this one, and
works on a copy below benchmarks/.cache. The copy has the tests of `assay.promotion`
alone: the conftest of all tests ends its process two minutes after a session, mutmut's
too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "benchmarks" / ".cache" / "mutants"
PAGE = ROOT / "docs" / "results" / "promotion_mutants.md"
MUTMUT = "mutmut==3.8.1"
SOURCE, TESTS = "assay/promotion", "tests/unit/promotion"
WANTED = 0.95
SETTINGS = f"""[mutmut]
source_paths=
    {SOURCE}
pytest_add_cli_args_test_selection=
    {TESTS}
pytest_add_cli_args=
    -p
    no:cacheprovider
    -p
    no:xdist
    -p
    no:schemathesis
also_copy=
    assay
    tests
"""
ENDED = {0: "survived", 1: "killed", 3: "killed", 33: "not tested"}
"""By mutmut's exit code; every other one is a run that did not end by itself."""


def environment() -> Path:
    """Return the folder of mutmut's commands, made where it is not there."""
    folder = CACHE / "venv"
    if not (folder / "bin" / "mutmut").exists():
        venv.create(folder, with_pip=True, clear=True)
        [packages] = folder.glob("lib/*/site-packages")
        (packages / "product.pth").write_text(sysconfig.get_path("purelib") + "\n")
        pip = (str(folder / "bin" / "pip"), "--disable-pip-version-check")
        subprocess.run([*pip, "install", "--quiet", MUTMUT], check=True)
    return folder / "bin"


def copied() -> Path:
    """Return a fresh copy of the code and of the tests of the gate."""
    folder = CACHE / "work"
    shutil.rmtree(folder, ignore_errors=True)
    aside = shutil.ignore_patterns("__pycache__")
    for name in ("assay", TESTS):
        shutil.copytree(ROOT / name, folder / name, ignore=aside)
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "setup.cfg").write_text(SETTINGS)
    return folder


def outcomes(folder: Path) -> dict[str, dict[str, str]]:
    """Return how each mutant ended, by source file and by the mutant's name."""
    found = {}
    for file in sorted((folder / "mutants" / SOURCE).rglob("*.meta")):
        codes = json.loads(file.read_text())["exit_code_by_key"]
        name = str(file.relative_to(folder / "mutants").with_suffix(""))
        if codes:
            found[name] = {
                mutant: "not run" if code is None else ENDED.get(code, "timeout")
                for mutant, code in codes.items()
            }
    return found


def change(mutmut: str, folder: Path, mutant: str) -> str:
    """Return the lines that a mutant changes."""
    shown = subprocess.run(
        [mutmut, "show", mutant], cwd=folder, check=True, capture_output=True, text=True
    ).stdout
    lines = shown.splitlines()
    return "\n".join(
        line
        for line in lines
        if line[:1] in ("-", "+") and line[:3] not in ("---", "+++")
    )


def page(found: Mapping[str, Mapping[str, str]], changes: Mapping[str, str]) -> str:
    """Return the page."""
    return "\n".join(_lines(found, changes)) + "\n"


def killed_share(found: Mapping[str, Mapping[str, str]]) -> float:
    """Return the share of mutants that made a test fail; what was not run did not."""
    ends = [end for each in found.values() for end in each.values()]
    return ends.count("killed") / len(ends)


def _lines(
    found: Mapping[str, Mapping[str, str]], changes: Mapping[str, str]
) -> Iterator[str]:
    ends = Counter(end for each in found.values() for end in each.values())
    total = sum(ends.values())
    yield "# Faults put into the gate\n"
    yield "Written by `make mutants`. Do not edit.\n"
    yield (
        f"{MUTMUT} changed `{SOURCE}` in {total:,} places, one at a time, and ran the "
        f"tests in `{TESTS}` that reach the place. {ends['killed']:,} changes made a "
        f"test fail: **{killed_share(found):.2%}** (asked are {WANTED:.0%})."
    )
    others = ", ".join(f"{n} {end}" for end, n in sorted(ends.items()) if end != "killed")
    yield f"The others: {others or 'none'}.\n"
    yield "| file | changes | killed | others |\n|---|---|---|---|"
    for name, each in found.items():
        killed = sum(end == "killed" for end in each.values())
        yield f"| `{name}` | {len(each)} | {killed} | {len(each) - killed} |"
    if changes:
        yield "\n## Not killed\n"
    for mutant, text in changes.items():
        end = next(each[mutant] for each in found.values() if mutant in each)
        yield f"`{mutant}`, {end}:\n\n```diff\n{text}\n```\n"


def interrupted() -> Path:
    """Return the copy of the last run, in which only the killed stay as they are."""
    folder = CACHE / "work"
    for file in (folder / "mutants" / SOURCE).rglob("*.meta"):
        content = json.loads(file.read_text())
        codes = content["exit_code_by_key"]
        content["exit_code_by_key"] = {
            name: code if ENDED.get(code) == "killed" else None
            for name, code in codes.items()
        }
        file.write_text(json.dumps(content, indent=4))
    return folder


def main(words: Sequence[str]) -> int:
    """Run mutmut and write the page."""
    mutmut = str(environment() / "mutmut")
    folder = interrupted() if "--continue" in words else copied()
    quiet = {"CI": "1", "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [mutmut, "run", "--max-children", "1"],
        cwd=folder,
        env={**os.environ, **quiet},
        check=False,  # what it left undone counts as not killed
    )
    found = outcomes(folder)
    if not found:
        raise SystemExit(f"mutmut made no change; see what it says in {folder}")
    changes = {
        mutant: change(mutmut, folder, mutant)
        for each in found.values()
        for mutant, end in each.items()
        if end != "killed"
    }
    PAGE.write_text(page(found, changes).rstrip() + "\n")
    share = killed_share(found)
    print(f"{share:.2%} killed; see {PAGE.relative_to(ROOT)}")
    return 0 if share >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
