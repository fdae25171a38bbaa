"""Tasks of promotion: compare on the same rows, decide, move the champion, show why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from assay.adapters.history import change_champion, finish_changes, newest_entry
from assay.adapters.snapshots import read_snapshot
from assay.adapters.tracking import Registry, VersionRecord
from assay.adapters.tracking.registry import CHALLENGER, CHAMPION
from assay.bundle import Bundle, Scorer
from assay.errors import DataError, RegistryError
from assay.evaluation import Interval, compare_on_holdout
from assay.history import Served
from assay.history.decisions import promotion
from assay.models import split_rows
from assay.models.parity import feature_columns
from assay.promotion import PromotionDecision, decide_promotion
from assay.promotion.gate import Measured
from assay.settings import Settings
from tasks.faults import RETRIES, may_pass

judge_challenger = task(name="judge-challenger", cache_policy=NO_CACHE)(decide_promotion)


@dataclass(frozen=True, slots=True)
class Candidates:
    """The challenger, and the champion if there is one."""

    challenger: VersionRecord
    champion: VersionRecord | None

    @property
    def are_one(self) -> bool:
        """True if the challenger is the champion already."""
        return (
            self.champion is not None
            and self.champion.bundle_digest == self.challenger.bundle_digest
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the gate reads.

    Attributes
    ----------
    challenger : mapping of metric to figure
        The challenger on its holdout.
    improvements : mapping of metric to Interval, or None
        Challenger minus champion on the same rows; None without a champion.
    note : str
        What kept the two from being compared; empty where nothing did.
    """

    challenger: Mapping[str, Measured]
    improvements: Mapping[str, Interval] | None
    note: str = ""


@task(
    name="find-candidates", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES
)
def find_candidates(model_name: str, settings: Settings) -> Candidates:
    """Return who asks and who answers now, after finishing what a crash left open."""
    finish_changes(settings, model_name)
    registry = Registry(settings)
    challenger = registry.with_alias(model_name, CHALLENGER)
    if challenger is None:
        raise RegistryError(
            f"model {model_name!r} has no challenger; train one with "
            f"'assay run train-challenger --model {model_name}'"
        )
    return Candidates(challenger, registry.with_alias(model_name, CHAMPION))


@task(
    name="compare-versions", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES
)
def compare_versions(candidates: Candidates, settings: Settings) -> Comparison:
    """Score both versions on the challenger's holdout and compare them row by row.

    A champion from another snapshot may have been trained on some of these rows, which
    speaks for the champion: the comparison errs on the side of what answers now.
    """
    registry = Registry(settings)
    challenger = registry.fetch_bundle(candidates.challenger, settings.bundle_cache)
    metrics = challenger.manifest.metrics
    if candidates.champion is None:
        return Comparison(metrics, None)
    if candidates.are_one:
        return Comparison(metrics, None, "the challenger is the champion already")
    champion = registry.fetch_bundle(candidates.champion, settings.bundle_cache)
    holdout = _holdout(candidates.challenger, challenger)
    absent = [f.name for f in champion.contract.features if f.name not in holdout]
    if absent:
        note = (
            f"the champion reads {len(absent)} fields that this snapshot lacks "
            f"({', '.join(absent[:5])}), so the two cannot be compared on the same rows"
        )
        return Comparison(metrics, {}, note)
    improvements = compare_on_holdout(
        holdout[challenger.contract.label.field].to_numpy(),
        _probabilities(champion, holdout),
        _probabilities(challenger, holdout),
        champion_threshold=champion.manifest.threshold,
        challenger_threshold=challenger.manifest.threshold,
        costs=challenger.contract.decision.costs,
        rng=np.random.default_rng(challenger.manifest.seed),
    )
    return Comparison(metrics, improvements)


@task(name="move-champion", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES)
def move_champion(
    candidates: Candidates, decision: PromotionDecision, settings: Settings
) -> None:
    """Make the challenger the champion, in the history first and then in the registry.

    A crash between the two leaves the new champion written; the next run, or the
    scheduled check, tells the registry.

    Raises
    ------
    RegistryError
        If the champion is not the one that the challenger was judged against.
    """
    new, old = candidates.challenger, candidates.champion
    entry = newest_entry(settings, new.model_name)
    if entry and entry.traffic.champion == Served(new.version, new.bundle_digest):
        finish_changes(settings, new.model_name)
        added = False
    else:
        change = promotion(
            Served(new.version, new.bundle_digest),
            judged_against=old.version if old else None,
            reasons=decision.passes,
            actor=f"flow run {flow_run.get_name() or 'outside a flow'}",
        )
        change_champion(settings, new.model_name, change)
        added = True
    get_run_logger().info(
        "champion stands: model=%s version=%d new_entry=%s",
        new.model_name,
        new.version,
        added,
    )


@task(
    name="publish-decision", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES
)
def publish_decision(
    candidates: Candidates, comparison: Comparison, decision: PromotionDecision
) -> None:
    """Show on the flow run what was decided, on every rule with its figures."""
    new, old = candidates.challenger, candidates.champion
    verdict = "promoted" if decision.promote else "refused"
    against = f"champion, version {old.version}" if old else "no champion yet"
    lines = [
        f"# {new.model_name}: version {new.version} {verdict}",
        "",
        f"Against: {against}. Figures with 95 % intervals; a rule reads the end that "
        "speaks against the challenger.",
        "",
        *([f"**{comparison.note}**", ""] if comparison.note else []),
        "| rule | verdict |",
        "|---|---|",
        *(f"| {rule} | **failed** |" for rule in decision.failures),
        *(f"| {rule} | kept |" for rule in decision.passes),
    ]
    key = f"{new.model_name.replace('_', '-')}-promotion"
    create_markdown_artifact("\n".join(lines), key=key)
    get_run_logger().info(
        "challenger judged: model=%s version=%d promoted=%s failures=%d",
        new.model_name,
        new.version,
        decision.promote,
        len(decision.failures),
    )


def _holdout(record: VersionRecord, bundle: Bundle) -> pd.DataFrame:
    """Return the rows that no fit of this version and no choice has seen."""
    manifest, uri = bundle.manifest, record.tags.get("assay.snapshot_uri", "")
    if Path(uri).stem != manifest.snapshot_digest:
        raise DataError(
            f"version {record.version} was trained on snapshot "
            f"{manifest.snapshot_digest[:12]}, its registry entry leads to "
            f"{Path(uri).stem[:12] or 'none'}; train it again"
        )
    frame = read_snapshot(uri)
    split = split_rows(
        frame,
        bundle.contract,
        holdout_share=float(manifest.parameters["holdout_share"] or 0),
        calibration_share=float(manifest.parameters["calibration_share"] or 0),
        seed=manifest.seed,
    )
    return frame.iloc[split.holdout]


def _probabilities(bundle: Bundle, rows: pd.DataFrame) -> np.ndarray:
    return Scorer.of(bundle).probabilities(feature_columns(rows, bundle.contract))
