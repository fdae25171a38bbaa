"""Tasks of text models: fit baseline and encoder, keep the better, show why."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from assay.adapters.sources.files import read_parquet
from assay.encoders.baseline import Baseline, fit_baseline
from assay.encoders.encoder import encoder_folder
from assay.encoders.examples import Examples, dealt
from assay.encoders.scorer import TextScorer, write_text_bundle
from assay.encoders.shape import TextShape
from assay.evaluation import Interval
from assay.evaluation.interval import normal_interval, share_interval
from assay.networks.devices import check_device, this_machine
from assay.settings import Settings
from tasks.progress import progress_artifact

SHARES = (0.1, 0.2)
N_GOLDEN = 20
BATCH = 32


@dataclass(frozen=True, slots=True)
class TextComparison:
    """A fitted encoder against the baseline on texts that neither has seen.

    Attributes
    ----------
    encoder, baseline : Interval
        Share of the holdout that each names rightly.
    gain : Interval
        Encoder minus baseline, paired.
    keeps_encoder : bool
        Whether the encoder is shown to be better.
    n_texts : mapping of str to int
        Texts by use.
    folder, digest : str
        The encoder's bundle, and the SHA-256 of what says its files.
    """

    encoder: Interval
    baseline: Interval
    gain: Interval
    keeps_encoder: bool
    n_texts: Mapping[str, int]
    folder: str
    digest: str


@task(name="check-text-device", cache_policy=NO_CACHE)
def check_text_device(options: Mapping[str, Any]) -> None:
    """Refuse in seconds an option that there is not, or a device that is absent."""
    if TextShape.of(options).device == "cuda":
        check_device(this_machine())


@task(name="fit-texts", cache_policy=NO_CACHE)
def fit_texts(
    source: str,
    columns: tuple[str, str],
    encoder: str,
    options: Mapping[str, Any],
    seed: int,
    settings: Settings,
) -> TextComparison:
    """Fit both on the same texts, write the encoder's bundle, compare on the holdout."""
    from assay.encoders.fine_tuning import fine_tuned

    examples = Examples.of(read_parquet(Path(source)), *columns)
    train, choice, holdout = dealt(examples, seed, SHARES)
    held = examples.part(holdout)
    learned = examples.part(np.concatenate((train, choice)))
    baseline = fit_baseline(learned)
    model = fine_tuned(
        learned,
        encoder_folder(encoder),
        TextShape.of(options),
        seed=seed,
        progress=progress_artifact("Fitting texts"),
    )
    folder = _fresh(settings.home / "texts", source, columns, encoder, options, seed)
    about = {"classes": list(examples.classes), "encoder": encoder, "seed": seed}
    digest = write_text_bundle(
        folder,
        model.write_graph,
        model.tokenizer.to_str(),
        about,
        held.texts[:N_GOLDEN],
    )
    found = compared(TextScorer.read(folder), baseline, held)
    sizes = {"learned": len(learned.texts), "holdout": len(held.texts)}
    get_run_logger().info(
        "texts fitted: classes=%d holdout=%d keeps_encoder=%s",
        len(examples.classes),
        sizes["holdout"],
        found[3],
    )
    return TextComparison(*found, sizes, str(folder), digest)


@task(name="publish-texts", cache_policy=NO_CACHE)
def publish_texts(found: TextComparison) -> None:
    """Show which of the two is kept, and why."""
    kept = "encoder" if found.keeps_encoder else "baseline"
    lines = [
        f"# Kept: the {kept}",
        "",
        "The encoder is kept only where its gain is above 0 at the end of the 95 % "
        "interval that speaks against it.",
        "",
        "| | right on the holdout |",
        "|---|---|",
        f"| encoder, from its graph | {found.encoder} |",
        f"| TF-IDF with logistic regression | {found.baseline} |",
        f"| difference, paired | {found.gain} |",
        "",
        f"{found.n_texts['learned']:,} texts learned, {found.n_texts['holdout']:,} held "
        f"out. Bundle `{found.folder}`, digest `{found.digest[:12]}`.",
    ]
    create_markdown_artifact("\n".join(lines), key="text-comparison")


def compared(
    scorer: TextScorer, baseline: Baseline, held: Examples
) -> tuple[Interval, Interval, Interval, bool]:
    """Return shares right of encoder and baseline, their difference, who is kept."""
    parts = [
        scorer.probabilities(held.texts[start : start + BATCH])
        for start in range(0, len(held.texts), BATCH)
    ]
    ours = _right(np.vstack(parts), held)
    theirs = _right(baseline.probabilities(held.texts), held)
    difference = ours.astype(np.float64) - theirs
    error = float(difference.std(ddof=1)) / np.sqrt(len(difference))
    gain = normal_interval(float(difference.mean()), error)
    n_texts = len(held.texts)
    return (
        share_interval(int(ours.sum()), n_texts),
        share_interval(int(theirs.sum()), n_texts),
        gain,
        gain.low > 0,
    )


def _right(probabilities: NDArray[np.float64], held: Examples) -> NDArray[np.bool_]:
    return np.asarray(probabilities.argmax(axis=1) == held.labels)


def _fresh(parent: Path, *made_from: object) -> Path:
    """Return a folder that is not there: a bundle is never written over."""
    name = hashlib.sha256(repr(made_from).encode()).hexdigest()[:12]
    taken = {each.name for each in parent.glob(f"{name}-*")} if parent.is_dir() else set()
    return parent / f"{name}-{len(taken) + 1}"
