"""``assay reasons``: audit and what-if on a bundle in a folder."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from assay.bundle import write_bundle
from assay.contract import read_contract
from assay.errors import DataError
from assay.models import fit_challenger
from assay.settings import Settings
from deployments.command import command
from tasks.assembly import assemble
from tests.unit.models.conftest import CONTRACT, draw


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Write a bundle of boosted trees and a file of rows."""
    text = CONTRACT.format(maturity="", time="")
    for name in ("amount", "n_events", "region"):
        text = text.replace(f'name = "{name}"\n', f'name = "{name}"\nreason = "{name}"\n')
    frame = draw(2_000, 0)
    fitted = fit_challenger(frame, read_contract(text), n_resamples=100, folds=0)
    parts = assemble(
        fitted, frame, text, snapshot_digest="0" * 64, shares={}, settings=Settings()
    ).parts
    folder = tmp_path_factory.mktemp("made")
    write_bundle(folder / "bundle", parts)
    frame.to_parquet(folder / "rows.parquet")
    return folder, frame


def order(folder, *words):
    words = ["reasons", *map(str, words), "--bundle", str(folder / "bundle")]
    return CliRunner().invoke(command(), words)


def test_the_audit_says_each_share_over_the_adverse_rows(made):
    folder, _ = made
    said = order(folder, "audit", "sample", "--source", folder / "rows.parquet")
    assert said.exit_code == 0, said.exception
    *shares, per_row, last = said.stdout.splitlines()
    assert "named fields to usual values, risk falls" in shares[0]
    odd = [line for line in shares if not re.fullmatch(r"\S.* +\d+\.\d%", line)]
    assert odd == []
    assert len({line.rsplit(maxsplit=1)[0] for line in shares}) == len(shares)
    assert re.fullmatch(r"[1-4]\.\d\d reasons a row", per_row)
    assert "adverse rows with reasons" in last


def test_what_if_answers_a_row_given_as_json(made):
    folder, frame = made
    row = json.loads(frame.drop(columns=["bad"]).iloc[0].to_json())
    said = order(folder, "what-if", "sample", "--row", json.dumps(row))
    assert said.exit_code == 0, said.exception
    verdicts = ("flips", "cannot_flip", "not_found", "not_adverse")
    assert json.loads(said.stdout)["verdict"] in verdicts
    wrong = order(folder, "what-if", "sample", "--row", "{")
    assert isinstance(wrong.exception, DataError)
