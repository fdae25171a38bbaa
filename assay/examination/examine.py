"""Every piece of evidence about a challenger, with the digest of what it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

from assay.bundle import Bundle
from assay.contract import Contract
from assay.evaluation import Evaluation, Interval, evaluate
from assay.evaluation.comparison import cost_saved
from assay.evaluation.slices import SliceMetrics, by_month, by_slice
from assay.examination.comparison import AgainstChampion, against_champion
from assay.examination.fairness import alternatives, group_disparities, strongest
from assay.examination.leakage import feature_aucs, shuffled_labels
from assay.examination.proxies import proxies
from assay.examination.service import second_fit, service_cost
from assay.examination.stress import stress_results
from assay.examination.subject import Subject
from assay.promotion import PromotionEvidence
from assay.promotion.evidence import Group, Origin, sliced_fields


@dataclass(frozen=True, slots=True, eq=False)
class Examination:
    """A challenger's evidence and what its figures are drawn from."""

    subject: Subject
    against: AgainstChampion | None
    evaluation: Evaluation
    evidence: PromotionEvidence


def examine(
    challenger: Bundle,
    champion: Bundle | None,
    frame: pd.DataFrame,
    gates: Contract,
    *,
    clock: Callable[[], int],
    progress: Callable[[str, float], None] | None = None,
) -> Examination:
    """Return the evidence that the gate reads about a challenger.

    Parameters
    ----------
    challenger, champion : Bundle
        Who asks and who answers now; None where nobody does, or it is the same.
    frame : DataFrame
        The snapshot that the challenger was fitted on.
    gates : Contract
        The contract as it stands now.
    clock : callable
        Returns nanoseconds of processor time, for the time of a row.
    progress : callable, optional
        Called with a stage's name and the share of it that is done.

    Raises
    ------
    BundleError
        If a bundle does not score as recorded or its manifest does not say how it was
        fitted.
    DataError
        If the frame cannot be split as the manifest says.
    """
    tell = progress or _silent
    subject = Subject.of(challenger, frame, gates)
    against = against_champion(subject, champion) if champion else None
    found_proxies, alone = proxies(subject)
    others = alternatives(subject, strongest(alone))
    tell("alternatives", 1.0)
    reproduction, parity = second_fit(subject)
    evaluation = _evaluated(subject)
    evidence = PromotionEvidence(
        metrics=evaluation.metrics,
        has_champion=champion is not None,
        improvements=against.improvements if against else {},
        auc_gain_delong=against.auc_gain_delong if against else None,
        cost_saved=_saved(subject),
        slices=_slices(subject),
        months=_months(subject),
        score_shift=against.score_shift if against else None,
        stress=stress_results(subject),
        fairness=group_disparities(subject),
        proxies=found_proxies,
        alternatives=others,
        shuffled=shuffled_labels(subject),
        feature_aucs=feature_aucs(subject),
        parity=parity,
        service=service_cost(subject, clock),
        reproduction=reproduction,
        origins=_origins(subject, champion),
        note=against.note if against else "",
    )
    tell("evidence", 1.0)
    return Examination(subject, against, evaluation, evidence)


def _evaluated(subject: Subject) -> Evaluation:
    return evaluate(
        subject.labels,
        subject.probabilities,
        threshold=subject.threshold,
        costs=subject.contract.decision.costs,
        rng=subject.stream(8),
    )


def _saved(subject: Subject) -> Interval:
    return cost_saved(
        subject.labels,
        subject.probabilities,
        threshold=subject.threshold,
        costs=subject.contract.decision.costs,
        rng=subject.stream(9),
    )


def _slices(subject: Subject) -> tuple[Group, ...]:
    return _groups(
        by_slice(
            subject.labels,
            subject.probabilities,
            subject.holdout,
            subject.gates,
            threshold=subject.threshold,
            fields=sliced_fields(subject.gates),
        )
    )


def _months(subject: Subject) -> tuple[Group, ...]:
    field = subject.contract.event_time
    if field is None:
        return ()
    times = subject.holdout[field.name]
    return _groups(
        by_month(
            subject.labels, subject.probabilities, times, threshold=subject.threshold
        )
    )


def _groups(found: Iterable[SliceMetrics]) -> tuple[Group, ...]:
    return tuple(
        Group(
            field=each.field,
            name=each.group,
            n_rows=each.n_rows,
            n_positives=each.n_positives,
            auc=each.auc,
            bad_share=each.bad_share,
            mean_probability=each.mean_probability,
        )
        for each in found
    )


def _origins(subject: Subject, champion: Bundle | None) -> dict[str, Origin]:
    alone = subject.origin()
    fits = subject.origin(code=subject.bundle.manifest.code_revision)
    graph = Origin({"challenger": subject.bundle.digest})
    found = dict.fromkeys(("metrics", "slices", "months", "fairness"), alone)
    refitted = ("stress", "proxies", "alternatives", "leakage", "parity", "reproduction")
    found |= dict.fromkeys(refitted, fits)
    found["service"] = graph
    if champion is not None:
        both = subject.origin(champion=champion.digest)
        found |= dict.fromkeys(("improvements", "score_shift"), both)
    return found


def _silent(stage: str, share: float) -> None:
    """Report to nobody."""
