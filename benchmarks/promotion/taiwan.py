"""Public credit data with protected fields through the whole gate, and its trade-off.

Run: ``python -m benchmarks.promotion.taiwan DATA_FOLDER``. Writes
docs/results/promotion_taiwan.md, and the validation report that a person reads to
benchmarks/.cache/taiwan/report.html. The challenger is boosting, the champion is
logistic regression, both fitted on the same rows.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from assay.contract import Contract, find_contract
from assay.examination import examine
from assay.examination.plots import pictures
from assay.promotion import PromotionDecision, PromotionEvidence, decide_promotion
from assay.promotion.archive import evidence_file
from assay.promotion.report import Case, card_document, html_page, validation_document
from assay.promotion.report.parts import figure
from assay.quality.rows import assess_rows
from benchmarks.promotion.fitted import fitted_bundle

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "results" / "promotion_taiwan.md"
CACHE = ROOT / "benchmarks" / ".cache" / "taiwan"
NAME, AS_OF = "taiwan_credit", datetime(2026, 1, 1, tzinfo=UTC)
PROTECTED = ("SEX", "AGE")
SHARES = {"holdout_share": 0.25, "calibration_share": 0.15}


@dataclass(frozen=True)
class Judged:
    """What the gate read and decided."""

    contract: Contract
    evidence: PromotionEvidence
    decision: PromotionDecision
    n_rows: int
    seconds: float


def judged(data: Path) -> Judged:
    """Fit both, examine the challenger, and write the report that a person reads."""
    begin = time.process_time()
    contracts = ROOT / "data" / "contracts"
    contract = find_contract(NAME, contracts)
    text = (contracts / f"{NAME}.toml").read_text()
    received = pd.read_parquet(data / "credit_taiwan.parquet")
    frame = assess_rows(received, contract, as_of=AS_OF).accepted
    shutil.rmtree(CACHE, ignore_errors=True)
    challenger, champion = (
        fitted_bundle(CACHE / algorithm, frame, contract, text, algorithm, SHARES)
        for algorithm in ("boosting", "logistic")
    )
    found = examine(challenger, champion, frame, contract, clock=time.thread_time_ns)
    decision = decide_promotion(contract, found.evidence)
    digest = hashlib.sha256(evidence_file(found.evidence, decision)).hexdigest()
    case = Case(
        contract=contract,
        challenger=challenger,
        champion=champion,
        version=2,
        champion_version=1,
        evidence=found.evidence,
        evidence_digest=digest,
        decision=decision,
        pictures=pictures(found),
    )
    (CACHE / "report.html").write_text(html_page(validation_document(case)))
    (CACHE / "card.html").write_text(html_page(card_document(case)))
    seconds = time.process_time() - begin
    return Judged(contract, found.evidence, decision, len(frame), seconds)


def table(columns: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [columns, ("---",) * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def disparities(evidence: PromotionEvidence) -> str:
    """Return the table of groups."""
    columns = ("group", "rows", "approval share", "approval ratio", "equal opportunity")
    rows = (
        (
            f"{each.field} = {each.group}",
            f"{each.n_rows:,}",
            figure(each.approval_share),
            figure(each.approval_ratio),
            figure(each.equal_opportunity),
        )
        for each in evidence.fairness
        if each.field in PROTECTED
    )
    return table(columns, rows)


def trade_off(evidence: PromotionEvidence) -> str:
    """Return the table of less discriminatory alternatives with their cost."""
    columns = ("field", "alternative", "extra cost", "smallest ratio", "gain in ratio")
    rows = (
        (
            each.field,
            each.change,
            figure(each.extra_cost, "+"),
            figure(each.smallest_ratio),
            figure(each.ratio_gain, "+"),
        )
        for each in evidence.alternatives
        if each.field in PROTECTED
    )
    return table(columns, rows)


def page(found: Judged) -> str:
    """Return the page."""
    decision, gates = found.decision, found.contract.gates
    failed = "\n".join(f"- {failure}" for failure in decision.failures) or "- none"
    return f"""# Public credit data with protected fields through the gate

Written by `python -m benchmarks.promotion.taiwan DATA_FOLDER`. Do not edit.

{found.n_rows:,} card holders (Yeh and Lien, 2009); boosting asks to take the place of
logistic regression. SEX and AGE are protected: kept for comparison, never an input.
Policy profile `{gates.fairness.profile}`. {len(decision.passes)} rules were kept,
{len(decision.failures)} failed; {found.seconds:.0f} s of processor time for both fits,
examination and report. Failed:

{failed}

## Groups

Lower ends of the approval ratio must reach {gates.fairness.approval_ratio:g}, upper ends
of the difference in equal opportunity may reach {gates.fairness.equal_opportunity:g}.

{disparities(found.evidence)}

## What fairer alternatives would cost

In {found.contract.decision.costs.unit}, paired against the challenger on the holdout.
The challenger is refused if one of them surely gains
{gates.fairness.alternative_gain:g} in the smallest approval ratio at an extra cost of at
most {gates.fairness.alternative_cost:g}.

{trade_off(found.evidence)}
"""


def main() -> None:
    """Write the page."""
    found = judged(Path(sys.argv[1]))
    PAGE.write_text(page(found))
    print(page(found))


if __name__ == "__main__":
    main()
