"""The house keeps its shape: folders, sizes, mirrors, no leftovers."""

from __future__ import annotations

import ast
import re
import subprocess

import pytest

from deployments.environment import project_root

ROOT = project_root()
PACKAGES = ("assay", "deployments", "flows", "serving", "tasks")
OWNERS = {"flows", "tasks", "deployments", "serving", "data", "tests"}
OURS = {"assay", "benchmarks", "docs", "locks"}
LONGEST_FILE = 300
LONGEST_FUNCTION = 40
ONE_FILE = "assay/ledger/standalone.py"
"""The verifier that an auditor carries away: one file on purpose."""
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}


def tracked(suffix: str = "") -> list[str]:
    """Return tracked files and new ones that git does not ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607 # git is a tool that the Makefile asks for
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return sorted(n for n in set(listed) if n.endswith(suffix) and (ROOT / n).is_file())


SOURCES = [name for name in tracked(".py") if name.split("/")[0] in PACKAGES]


def functions_of(text):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines without its docstring and decorators."""
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None and first.end_lineno is not None:
        lines -= first.end_lineno - first.lineno + 1
    return lines


def test_the_top_level_is_as_the_owner_named_it():
    folders = {name.split("/")[0] for name in tracked() if "/" in name}
    visible = {folder for folder in folders if not folder.startswith(".")}
    assert visible <= OWNERS | OURS
    assert visible >= OWNERS | {"assay"}
    for name in ("prefect.yaml", "pyproject.toml", "README.md", "Makefile"):
        assert (ROOT / name).is_file()


@pytest.mark.parametrize("name", SOURCES)
def test_files_are_short(name):
    n_lines = len((ROOT / name).read_text().splitlines())
    if name == ONE_FILE:
        return
    assert n_lines <= LONGEST_FILE, f"{name} has {n_lines} lines; split it by subject"


@pytest.mark.parametrize("name", SOURCES)
def test_functions_are_short(name):
    long = {
        function.name: body_lines(function)
        for function in functions_of((ROOT / name).read_text())
        if body_lines(function) > LONGEST_FUNCTION
    }
    assert long == {}


def test_no_module_has_a_name_that_says_nothing():
    named = {part for name in SOURCES for part in name.removesuffix(".py").split("/")}
    assert not named & VAGUE


def test_data_holds_no_python():
    assert [name for name in tracked(".py") if name.startswith("data/")] == []


def test_every_unit_test_mirrors_a_module():
    strays = []
    for name in tracked(".py"):
        if not re.match(r"tests/unit/.*test_[^/]+\.py$", name):
            continue
        folder, _, file = name.removeprefix("tests/unit/").rpartition("/")
        subject = ROOT / "assay" / folder / file.removeprefix("test_")
        if not (subject.is_file() or subject.with_suffix("").is_dir()):
            strays.append(name)
    assert strays == []


def test_no_large_file_is_committed():
    sizes = {name: (ROOT / name).stat().st_size for name in tracked()}
    large = {
        name: size
        for name, size in sizes.items()
        if size > 500_000 and not name.startswith("locks/")
    }
    assert large == {}


@pytest.mark.parametrize("name", SOURCES)
def test_nothing_is_left_for_later_and_no_exception_goes_unexplained(name):
    text = (ROOT / name).read_text()
    assert not re.findall(r"\b(TODO|FIXME|XXX)\b|NotImplementedError", text)
    for line in text.splitlines():
        if "# noqa" in line:
            assert re.search(r"# noqa: [A-Z]+\d+(, ?[A-Z]+\d+)* # \w", line), line
        if "# type: ignore" in line:
            assert re.search(r"# type: ignore\[[a-z-]+(, ?[a-z-]+)*\] # \w", line), line


def test_no_variable_is_read_from_the_environment_outside_settings_and_entry_points():
    reads = re.compile(r"os\.getenv\(|os\.environ\.get\(|os\.environ\[[^]]+\](?! *=)")
    allowed = "deployments/"
    found = [name for name in SOURCES if reads.search((ROOT / name).read_text())]
    assert [name for name in found if not name.startswith(allowed)] == []
