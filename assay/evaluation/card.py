"""The model card: what a version is for, what it reached and where it ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from assay.contract import Contract
from assay.evaluation.interval import Interval
from assay.evaluation.metrics import Evaluation
from assay.evaluation.slices import SliceMetrics

_MEANING = {
    "auc": "area under the ROC curve",
    "average_precision": "average precision",
    "ks": "KS distance between the scores of good and bad outcomes",
    "brier": "Brier score",
    "log_loss": "log loss, nats",
    "ece": "expected calibration error, ten bins of equal size",
    "calibration_slope": "calibration slope; 1 is calibrated",
    "calibration_intercept": "calibration intercept, log-odds; 0 is calibrated",
    "cost": "cost per decision",
    "approval_share": "share with the negative action",
    "accepted_default_share": "bad share among those",
}


def model_card(
    contract: Contract,
    *,
    algorithm: str,
    parameters: Mapping[str, float | int | str],
    n_rows: Mapping[str, int],
    evaluation: Evaluation,
    baseline: Evaluation,
    over_baseline: Mapping[str, Interval],
    cross_validated_auc: Interval | None,
    slices: Sequence[SliceMetrics],
    importance: Mapping[str, Interval],
    provenance: Mapping[str, str],
) -> str:
    """Return the card of a version as Markdown, made from its evidence alone.

    Parameters
    ----------
    contract : Contract
        What the version promises.
    algorithm, parameters
        What was fitted.
    n_rows : mapping of str to int
        Rows by use, see `Split.sizes`.
    evaluation, baseline, over_baseline, cross_validated_auc, slices, importance
        The evidence, as `Fitted` holds it.
    provenance : mapping of str to str
        What it was made from, such as the snapshot's digest; shown as given.
    """
    sections = [
        _purpose(contract),
        _table("Made from", ("what", "value"), provenance.items()),
        _table("Rows", ("use", "rows"), ((k, f"{n:,}") for k, n in n_rows.items())),
        _table(
            f"Model: {algorithm}",
            ("parameter", "value"),
            (
                (name, value if isinstance(value, str) else f"{value:g}")
                for name, value in parameters.items()
            ),
        ),
        _performance(contract, evaluation, baseline, over_baseline, cross_validated_auc),
        _decisions(contract, evaluation),
        _groups(slices),
        _table(
            "Features by importance",
            ("feature", "loss of AUC when dealt anew, 95 % interval"),
            ((name, str(found)) for name, found in list(importance.items())[:20]),
        ),
        _limits(contract, evaluation),
    ]
    return "\n".join(sections)


def _purpose(contract: Contract) -> str:
    protected = [field.name for field in contract.with_role("protected")]
    not_used = ", ".join(f"`{name}`" for name in protected) or "none"
    return (
        f"# {contract.name}\n\n{contract.purpose}\n\n"
        f"- Owner: {contract.owner}\n"
        f"- Decision: {contract.decision.name}; at or above the threshold "
        f"`{contract.decision.positive_action}`, below it "
        f"`{contract.decision.negative_action}`\n"
        f"- Contract: revision {contract.revision}, digest `{contract.digest[:12]}`\n"
        f"- Features: {len(contract.features)}. Protected fields, kept for comparison "
        f"and not used by the model: {not_used}\n"
    )


def _performance(
    contract: Contract,
    evaluation: Evaluation,
    baseline: Evaluation,
    over_baseline: Mapping[str, Interval],
    cross_validated_auc: Interval | None,
) -> str:
    table = _table(
        "Performance on the holdout",
        ("metric", "this model", "logistic baseline", "difference, paired"),
        (
            (
                f"{meaning} ({contract.decision.costs.unit})"
                if name == "cost"
                else meaning,
                str(evaluation.metrics[name]),
                str(baseline.metrics.get(name, "not defined")),
                str(over_baseline.get(name, "not defined")),
            )
            for name, meaning in _MEANING.items()
            if name in evaluation.metrics
        ),
    )
    how = (
        f"{evaluation.n_resamples:,} resamples of rows"
        if evaluation.method == "bootstrap"
        else "influence values of rows"
    )
    notes = (
        f"{evaluation.n_rows:,} rows, {evaluation.n_positives:,} of them bad; "
        + ("the newest labelled rows. " if contract.event_time else "dealt by seed. ")
        + f"95 % intervals from {how}; DeLong's for the AUC: {evaluation.auc_delong}."
    )
    if cross_validated_auc is not None:
        notes += f" Cross-validated AUC over all labelled rows: {cross_validated_auc}."
    return f"{table}\n{notes}\n"


def _decisions(contract: Contract, evaluation: Evaluation) -> str:
    counts, costs = evaluation.confusion, contract.decision.costs
    return _table(
        f"Decisions at the threshold {evaluation.threshold:.4f}",
        ("action", "outcome", "rows", f"cost of each, {costs.unit}"),
        (
            (action, outcome, f"{n:,}", f"{cost:g}")
            for action, outcome, n, cost in (
                (
                    contract.decision.positive_action,
                    "bad",
                    counts.true_positives,
                    costs.true_positive,
                ),
                (
                    contract.decision.positive_action,
                    "good",
                    counts.false_positives,
                    costs.false_positive,
                ),
                (
                    contract.decision.negative_action,
                    "good",
                    counts.true_negatives,
                    costs.true_negative,
                ),
                (
                    contract.decision.negative_action,
                    "bad",
                    counts.false_negatives,
                    costs.false_negative,
                ),
            )
        ),
    )


def _groups(slices: Sequence[SliceMetrics]) -> str:
    if not slices:
        return "## Protected groups\n\nThe contract names no protected field.\n"
    return _table(
        "Protected groups",
        ("field", "group", "rows", "approval share", "bad share", "AUC"),
        (
            (
                found.field,
                found.group,
                f"{found.n_rows:,}",
                str(found.approval_share),
                str(found.bad_share),
                str(found.auc) if found.auc else "one outcome only",
            )
            for found in slices
        ),
    )


def _limits(contract: Contract, evaluation: Evaluation) -> str:
    maturity = contract.label.maturity_days
    lines = [
        "Valid for inputs in order with the contract; others are refused.",
        f"The holdout has {evaluation.n_positives:,} bad outcomes; the intervals above "
        "say what that allows to conclude, on data like it.",
        "Groups are described, not judged: differences in approval may follow "
        "differences in risk, and small groups have wide intervals.",
    ]
    if maturity > 0:
        lines.insert(
            1,
            f"Outcomes take {maturity:g} days to be known, so the newest rows that could "
            "be learned from are at least that old.",
        )
    return "## Limits\n\n" + "\n".join(f"- {line}" for line in lines) + "\n"


def _table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"## {title}", "", _row(header), _row(["---"] * len(header))]
    return "\n".join([*lines, *(_row(row) for row in rows)]) + "\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
