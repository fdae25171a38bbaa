"""Every measurement is run by one command, and each that is listed exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.__main__ import ASIDE, MEASUREMENTS, Measurement, main, run

ROOT = Path(__file__).resolve().parents[2]


def test_every_command_among_the_benchmarks_is_listed_and_exists():
    commands = {
        ".".join(path.relative_to(ROOT / "benchmarks").with_suffix("").parts)
        for path in (ROOT / "benchmarks").glob("*/*.py")
        if '__name__ == "__main__"' in path.read_text()
    }
    assert {one.module for one in MEASUREMENTS} | set(ASIDE) == commands


def test_an_unknown_name_lists_what_there_is(capsys):
    assert main(["flows.nothing"]) == 2
    said = capsys.readouterr().err
    assert "flows.nothing" in said
    assert "flows.overhead" in said


def test_a_need_that_is_not_met_is_said():
    lacking = Measurement("flows.overhead", missing=lambda: "no server")
    assert run(lacking) == "not run: no server"


@pytest.mark.slow
def test_a_measurement_that_fails_is_reported():
    assert run(Measurement("causal.verdicts", lambda: ["no number"])).startswith("FAILED")
