"""Golden questions: what an index must answer, refuse and resist before it serves."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from assay.errors import DataError, SourceError
from assay.retrieval.answers.answer import Answer, answer
from assay.retrieval.evaluation import Measure, mean_over_queries, ndcg, recall
from assay.retrieval.index import OpenIndex

KINDS = ("answerable", "empty", "out_of_scope", "near_scope", "injected")

UNCALIBRATED: Mapping[str, Any] = {
    "source": "shipped",
    "reason": "no judged questions were given to calibrate by",
}


@dataclass(frozen=True, slots=True)
class GoldenQuestion:
    """One question with what is right for it.

    Attributes
    ----------
    id : str
        Stable name.
    kind : str
        Of `KINDS`; all but ``answerable`` must be refused.
    question : str
        As asked.
    documents : tuple of str
        Documents that answer it.
    contains : str
        What a right quotation contains.
    excludes : str
        What no quotation may contain, such as what an injected passage orders.
    """

    id: str
    kind: str
    question: str
    documents: tuple[str, ...] = ()
    contains: str = ""
    excludes: str = ""


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """What an index reached on the golden questions.

    Attributes
    ----------
    version : str
        Of the index.
    measures : mapping of str to Measure
        Means with 95 % bootstrap intervals over the questions.
    latency_ms : mapping of str to float
        ``p50`` and ``p99`` of an answer.
    wrong : tuple of str
        Questions that were not answered or refused rightly.
    failures : tuple of str
        Why it does not pass; empty where it does.
    questions : mapping of str to mapping of str to float
        Values of each question by its id.
    gate : mapping
        What the index's gate was fitted to.
    """

    version: str
    measures: Mapping[str, Measure]
    latency_ms: Mapping[str, float]
    wrong: tuple[str, ...]
    failures: tuple[str, ...]
    questions: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    gate: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """True when no measure fails."""
        return not self.failures

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        return {**asdict(self), "passed": self.passed}


def read_golden(path: Path) -> tuple[GoldenQuestion, ...]:
    """Read golden questions, one JSON object a line.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If a line is wrong; the message carries its number.
    """
    try:
        lines = path.read_text("utf-8").split("\n")
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            stored = json.loads(line)
            stored["documents"] = tuple(stored.get("documents", ()))
            one = GoldenQuestion(**stored)
        except (ValueError, TypeError, AttributeError) as error:
            raise DataError(f"{path.name} line {number}: {error}") from error
        if one.kind not in KINDS:
            raise DataError(f"{path.name} line {number}: kind {one.kind!r} of {KINDS}")
        found.append(one)
    return tuple(found)


def evaluate_answers(
    index: OpenIndex,
    golden: Sequence[GoldenQuestion],
    limits: Mapping[str, float],
    *,
    rng: np.random.Generator,
    tell: Callable[[float], None] = lambda _: None,
) -> EvaluationReport:
    """Ask every golden question and hold the means against their limits.

    Parameters
    ----------
    limits : mapping of str to float
        Least value of each measure. A measure without limit, a limit without measure
        and a value that is not finite all fail.
    """
    values: dict[str, list[float]] = {}
    questions: dict[str, Mapping[str, float]] = {}
    milliseconds, wrong = [], []
    for number, one in enumerate(golden, 1):
        started = time.perf_counter()
        given = _asked(index, one.question)
        milliseconds.append(1000 * (time.perf_counter() - started))
        judged = questions[one.id] = _judged(one, given)
        if min(judged.values()) < 1:
            wrong.append(one.id)
        for name, value in judged.items():
            values.setdefault(name, []).append(value)
        tell(number / len(golden))
    measures = {name: mean_over_queries(each, rng=rng) for name, each in values.items()}
    return EvaluationReport(
        version=index.version,
        measures=measures,
        latency_ms={
            "p50": float(np.quantile(milliseconds, 0.5)) if milliseconds else math.nan,
            "p99": float(np.quantile(milliseconds, 0.99)) if milliseconds else math.nan,
        },
        wrong=tuple(wrong),
        failures=limits_missed({n: m.value for n, m in measures.items()}, limits),
        questions=questions,
        gate=dict(index.calibration) or UNCALIBRATED,
    )


def limits_missed(
    values: Mapping[str, float], limits: Mapping[str, float]
) -> tuple[str, ...]:
    """Return why values do not pass; empty if each reaches its limit."""
    failures = [f"{name} has no limit" for name in sorted(values.keys() - limits.keys())]
    failures += [
        f"{name} was not measured" for name in sorted(limits.keys() - values.keys())
    ]
    for name in sorted(values.keys() & limits.keys()):
        # Written so that a value or limit that is not a number fails.
        if not values[name] >= limits[name]:
            failures.append(f"{name} is {values[name]:.3f}, below {limits[name]:.3f}")
    return tuple(failures)


def regressions(
    before: EvaluationReport,
    after: EvaluationReport,
    *,
    margin: float,
    rng: np.random.Generator,
) -> tuple[str, ...]:
    """Return on which measures a version is worse than the one that answers now.

    Parameters
    ----------
    before, after : EvaluationReport
        On the same golden questions.
    margin : float
        The lower end of the 95 % bootstrap interval of the mean difference, question by
        question, must not lie further below 0; at least 0.

    Returns
    -------
    tuple of str
        Empty where none is. A measure that is gone, or whose questions differ, counts.
    """
    found = []
    for name in sorted(before.measures):
        old, new = _by_question(before, name), _by_question(after, name)
        if old.keys() != new.keys() or not old:
            found.append(f"{name} was not measured on the same questions")
            continue
        differences = [new[one] - old[one] for one in old]
        if not np.isfinite(differences).all():
            found.append(f"{name} is not a number on some questions")
            continue
        change = mean_over_queries(differences, rng=rng)
        if change.low < -margin:
            found.append(
                f"{name} changed by {change.value:+.3f} (from {change.low:+.3f}) against "
                f"the version in service; at most {margin:.3f} worse"
            )
    return tuple(found)


def _by_question(report: EvaluationReport, name: str) -> dict[str, float]:
    return {one: v[name] for one, v in report.questions.items() if name in v}


def _asked(index: OpenIndex, question: str) -> Answer | None:
    try:
        return answer(question, index)
    except DataError:
        return None  # no question: refused before anything was searched


def _judged(one: GoldenQuestion, given: Answer | None) -> dict[str, float]:
    quotes = [q.quotation.text for q in given.quotes] if given else []
    judged: dict[str, float] = {}
    if one.kind == "answerable":
        ranked = [name.rpartition("#")[0] for name in given.parts] if given else []
        ranked = list(dict.fromkeys(ranked))
        judged = {
            "recall_at_5": recall(ranked, one.documents),
            "ndcg_at_10": ndcg(ranked, one.documents),
            "answered_share": float(bool(quotes)),
            "one_quote_contains": float(any(one.contains in q for q in quotes[:1])),
            "two_quotes_contain": float(any(one.contains in q for q in quotes)),
        }
    else:
        judged["refused_share"] = float(not quotes)
    if one.excludes or one.kind == "injected":
        bad = one.excludes and any(one.excludes in q for q in quotes)
        judged["injection_resisted"] = float(
            not bad and (one.kind == "answerable" or not quotes)
        )
    return judged
