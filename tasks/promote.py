"""Tasks of promotion: find who asks, decide, move the champion, show why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from assay.adapters.history import ChampionEntry, append_champion
from assay.adapters.tracking import Registry, VersionRecord
from assay.adapters.tracking.registry import CHALLENGER, CHAMPION
from assay.errors import RegistryError
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
        The validation report, the model card and the evidence's file, in MLflow.
    note : str
        What kept the two versions from being compared; empty where nothing did.
    """

    digest: str
    report_url: str
    card_url: str
    evidence_url: str
    note: str


@task(
    name="find-candidates", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES
)
def find_candidates(model_name: str, settings: Settings) -> Candidates:
    """Return who asks and who answers now."""
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
    """Give the challenger the alias `champion` and write it into the history.

    The alias moves first: it is what the servers follow. A crash between the two is
    mended by the next run, which finds the entry missing and appends it.
    """
    new, old = candidates.challenger, candidates.champion
    if not candidates.are_one:
        Registry(settings).move_alias(new.model_name, CHAMPION, new.version)
    added = append_champion(
        settings,
        ChampionEntry(
            model_name=new.model_name,
            version=new.version,
            bundle_digest=new.bundle_digest,
            previous_version=old.version if old and not candidates.are_one else None,
            since=datetime.now(UTC),
            actor=f"flow run {flow_run.get_name() or 'outside a flow'}",
            reasons=decision.passes,
        ),
    )
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
        f"[Validation report]({published.report_url}), evidence "
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
