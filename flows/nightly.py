"""The nightly: data in, champion out, for one model or all of them."""

from __future__ import annotations

from typing import Any

from prefect import flow, get_run_logger

from assay.contract import contract_names
from assay.errors import AssayError, ConfigError
from assay.settings import Settings
from flows.client import one_client
from flows.ingest_snapshot import ingest_snapshot
from flows.parameters import AsOf, Minutes, ModelName, Seed, Source, Trials
from flows.promote_challenger import promote_challenger
from flows.train_challenger import train_challenger

ALL = "all"


@flow(name="nightly")
@one_client
async def nightly(
    model_name: ModelName = "credit_default",
    source: Source = None,
    seed: Seed = 0,
    search_trials: Trials = 0,
    search_minutes: Minutes = 0.0,
    as_of: AsOf = None,
) -> dict[str, Any]:
    """Ingest, train and promote, in this order; 'all' does it for every contract.

    With 'all', each model takes the source that the settings name, one without is left
    out and named in the log; a model that fails does not keep the others from running,
    and the run fails at the end.
    """
    settings = Settings()
    names = [model_name]
    if model_name == ALL:
        names = _models_with_sources(settings, source)
    outcomes: dict[str, Any] = {}
    faults: dict[str, AssayError] = {}
    for name in names:
        try:
            snapshot = await ingest_snapshot(name, source, as_of)
            uri = str(snapshot["snapshot_uri"])
            version = await train_challenger(
                name, uri, "boosting", seed, search_trials, search_minutes
            )
            outcomes[name] = {**version, **await promote_challenger(name)}
        except AssayError as fault:
            if len(names) == 1:
                raise
            # The sub-flow has logged the traceback.
            get_run_logger().warning("model failed: model=%s reason=%s", name, fault)
            faults[name] = fault
    if faults:
        told = "; ".join(f"{name}: {fault}" for name, fault in faults.items())
        raise AssayError(f"{len(faults)} of {len(names)} models failed: {told}")
    return outcomes


def _models_with_sources(settings: Settings, source: str | None) -> list[str]:
    if source is not None:
        raise ConfigError(
            "one source cannot serve all models: leave 'source' empty and name each "
            "model's in ASSAY_SOURCES"
        )
    names = contract_names(settings.contracts)
    without = [name for name in names if name not in settings.known_sources]
    if without:
        get_run_logger().warning(
            "models left out, no source is named for them: %s", ", ".join(without)
        )
    return [name for name in names if name not in without]
