"""The challenger against the champion, on the same rows."""

from __future__ import annotations

from dataclasses import dataclass

from assay.bundle import Bundle, Scorer
from assay.evaluation import Interval, compare_on_holdout
from assay.evaluation.comparison import at_the_outcomes, auc_gain, score_shift
from assay.examination.subject import Floats, Subject
from assay.models.parity import feature_columns


@dataclass(frozen=True, slots=True, eq=False)
class AgainstChampion:
    """What the challenger gains and how its scores moved.

    Attributes
    ----------
    improvements : dict of str to Interval
        Challenger minus champion, paired; empty where they cannot be compared.
    auc_gain_delong : Interval or None
    score_shift : Interval or None
        PSI against the champion's scores at their own calibration line on these rows.
    probabilities : ndarray or None
        The champion's, on the holdout.
    note : str
        What kept the two from being compared; empty where nothing did.
    """

    improvements: dict[str, Interval]
    auc_gain_delong: Interval | None = None
    score_shift: Interval | None = None
    probabilities: Floats | None = None
    note: str = ""


def against_champion(subject: Subject, champion: Bundle) -> AgainstChampion:
    """Score both versions on the challenger's holdout and compare them row by row.

    A champion from another snapshot may have been trained on some of these rows, which
    speaks for the champion: the comparison errs on the side of what answers now.
    """
    rows = subject.holdout
    absent = [f.name for f in champion.contract.features if f.name not in rows]
    if absent:
        note = (
            f"the champion reads {len(absent)} fields that this snapshot lacks "
            f"({', '.join(absent[:5])}), so the two cannot be compared on the same rows"
        )
        return AgainstChampion({}, note=note)
    columns = feature_columns(rows, champion.contract)
    theirs = Scorer.of(champion).probabilities(columns)
    ours = subject.probabilities
    improvements = compare_on_holdout(
        subject.labels,
        theirs,
        ours,
        champion_threshold=champion.manifest.threshold,
        challenger_threshold=subject.threshold,
        costs=subject.contract.decision.costs,
        rng=subject.stream(6),
    )
    return AgainstChampion(
        improvements,
        auc_gain(subject.labels, theirs, ours),
        score_shift(at_the_outcomes(subject.labels, theirs), ours, rng=subject.stream(7)),
        theirs,
    )
