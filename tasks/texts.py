"""Tasks of text models: fit baseline and reader, keep the better, show why."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from assay.adapters.hub import download
from assay.adapters.sources.files import read_parquet
from assay.encoders.baseline import Baseline, fit_baseline
from assay.encoders.decoder_shape import NEW_DECODER, DecoderShape
from assay.encoders.encoder import (
    SHIPPED_ENCODER,
    DecoderClassifier,
    EncoderClassifier,
    encoder_folder,
)
from assay.encoders.examples import Examples, dealt
from assay.encoders.hub import HubName
from assay.encoders.scorer import TextScorer, write_text_bundle
from assay.encoders.shape import TextShape
from assay.evaluation import Interval
from assay.evaluation.interval import normal_interval, share_interval
from assay.networks.devices import check_device, this_machine
from assay.settings import Settings
from tasks.progress import progress_artifact

Reader: TypeAlias = Literal["encoder", "decoder"]

READERS: Mapping[Reader, type[EncoderClassifier]] = {
    "encoder": EncoderClassifier,
    "decoder": DecoderClassifier,
}
SHARES = (0.1, 0.2)
N_GOLDEN = 20
BATCH = 32


@dataclass(frozen=True, slots=True)
class TextComparison:
    """A fitted encoder or decoder against the baseline on texts that neither has seen.

    Attributes
    ----------
    kind : str
        Which of the two it is.
    reader, baseline : Interval
        Share of the holdout that each names rightly.
    gain : Interval
        Reader minus baseline, paired.
    keeps_reader : bool
        Whether it is shown to be better.
    n_texts : mapping of str to int
        Texts by use.
    folder, digest : str
        Its bundle, and the SHA-256 of what says its files.
    """

    kind: Reader
    reader: Interval
    baseline: Interval
    gain: Interval
    keeps_reader: bool
    n_texts: Mapping[str, int]
    folder: str
    digest: str


@task(name="check-text-device", cache_policy=NO_CACHE)
def check_text_device(kind: Reader, asked: Mapping[str, Any]) -> None:
    """Refuse in seconds an option that there is not, or a device that is absent."""
    if _shape(kind, asked).device == "cuda":
        check_device(this_machine())


def _shape(kind: Reader, asked: Mapping[str, Any]) -> TextShape:
    if kind == "decoder":
        return DecoderShape.split(asked)[1]
    return TextShape.of({k: v for k, v in asked.items() if k != "encoder"})


def parameters_of(kind: Reader, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of an estimator, its defaults included."""
    made = DecoderShape.split(asked)[0] if kind == "decoder" else None
    more = {} if made is None else asdict(made)
    return {kind: asked[kind], **more, **asdict(_shape(kind, asked))}


@task(name="fetch-weights", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=5)
def fetch_weights(named: str, *, online: bool) -> None:
    """Have the weights that a hub names on this machine; without `online` look only.

    Raises
    ------
    SourceError
        If the hub cannot be reached or has no such commit.
    ConfigError
        If a repository is named without its commit.
    DataError
        If the weights are not here and may not be downloaded, or are no such weights.
    """
    if named == NEW_DECODER:
        return
    is_here = named == SHIPPED_ENCODER or Path(named).is_dir()
    name = None if is_here else HubName.of(named)
    if name is not None and online:
        download(name)
    encoder_folder(named)


@task(name="fit-texts", cache_policy=NO_CACHE)
def fit_texts(
    source: str,
    columns: tuple[str, str],
    kind: Reader,
    asked: Mapping[str, Any],
    seed: int,
    settings: Settings,
) -> TextComparison:
    """Fit both on the same texts, write the bundle, compare on the holdout."""
    examples = Examples.of(read_parquet(Path(source)), *columns)
    train, choice, holdout = dealt(examples, seed, SHARES)
    held = examples.part(holdout)
    learned = examples.part(np.concatenate((train, choice)))
    baseline = fit_baseline(learned)
    parameters = parameters_of(kind, asked)
    progress = progress_artifact("Fitting texts")
    model = READERS[kind](parameters, seed).trained(learned, progress)
    folder = _fresh(settings.home / "texts", source, columns, parameters, seed)
    about = {"classes": list(examples.classes), kind: parameters[kind], "seed": seed}
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
        "texts fitted: kind=%s classes=%d holdout=%d kept=%s",
        kind,
        len(examples.classes),
        sizes["holdout"],
        found[3],
    )
    return TextComparison(kind, *found, sizes, str(folder), digest)


@task(name="publish-texts", cache_policy=NO_CACHE)
def publish_texts(found: TextComparison) -> None:
    """Show which of the two is kept, and why."""
    kept = found.kind if found.keeps_reader else "baseline"
    lines = [
        f"# Kept: the {kept}",
        "",
        f"The {found.kind} is kept only where its gain is above 0 at the end of the "
        "95 % interval that speaks against it.",
        "",
        "| | right on the holdout |",
        "|---|---|",
        f"| {found.kind}, from its graph | {found.reader} |",
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
    """Return shares right of reader and baseline, their difference, which is kept."""
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
