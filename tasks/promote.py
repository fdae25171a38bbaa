"""Tasks of promotion: find who asks, decide, move the champion, show why."""

from __future__ import annotations

from dataclasses import dataclass

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from assay.adapters.champions.history import change_champion, finish_changes, newest_entry
from assay.adapters.tracking import Registry, VersionRecord
from assay.adapters.tracking.registry import CHALLENGER, CHAMPION
from assay.errors import RegistryError
from assay.history import Served
from assay.history.decisions import promotion
from assay.promotion import PromotionDecision, decide_promotion
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
class PublishedEvidence:
    """Where the evidence of a promotion is to be seen.

    Attributes
    ----------
    digest : str
        SHA-256 of the evidence's file, 64 hexadecimal digits.
    report_url, card_url, evidence_url : str
        Files in MLflow: the validation report, the model card and the evidence.
    report_page, card_page : str
        Pages of MLflow that show report and card.
    note : str
        What kept the two versions from being compared; empty where nothing did.
    """

    digest: str
    report_url: str
    card_url: str
    evidence_url: str
    report_page: str
    card_page: str
    note: str


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
    candidates: Candidates, decision: PromotionDecision, published: PublishedEvidence
) -> None:
    """Show on the flow run what was decided, on every rule with its figures."""
    new, old = candidates.challenger, candidates.champion
    verdict = "promoted" if decision.promote else "refused"
    against = f"champion, version {old.version}" if old else "no champion yet"
    lines = [
        f"# {new.model_name}: version {new.version} {verdict}",
        "",
        f"Against: {against}. Figures with 95 % intervals; a rule reads the end that "
        "speaks against the challenger. "
        f"[Validation report]({published.report_page}), evidence "
        f"`{published.digest[:12]}`.",
        "",
        *([f"**{published.note}**", ""] if published.note else []),
        "| rule | verdict |",
        "|---|---|",
        *(f"| {rule} | **failed** |" for rule in decision.failures),
        *(f"| {rule} | kept |" for rule in decision.passes),
        *(f"| {rule} | shown |" for rule in decision.notes),
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
