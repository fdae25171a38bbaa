"""``assay reasons audit|what-if``: whether reasons hold, and what would flip."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.errors import BundleError, DataError

if TYPE_CHECKING:
    from assay.bundle import Bundle
    from assay.reasons import Explainer

Model = Annotated[str, typer.Argument(help="Model name; its champion is asked.")]
From = Annotated[
    Path | None, typer.Option("--bundle", help="Folder of a bundle, not the champion's.")
]


def reasons_orders() -> typer.Typer:
    """Return the orders about reasons."""
    orders = typer.Typer(help="Audit reasons; ask what would flip.", no_args_is_help=True)
    orders.command()(audit)
    orders.command("what-if")(what_if)
    return orders


def audit(
    model: Model,
    source: Annotated[
        str | None, typer.Option(help="Rows; the settings' source of the model if none.")
    ] = None,
    bundle: From = None,
    most: Annotated[int, typer.Option(help="Adverse rows at most.", min=1)] = 10_000,
    seed: Annotated[int, typer.Option(help="Draws other fields and noise.")] = 0,
) -> None:
    """Say what the reasons of adverse rows are worth; see docs/methods/reasons.md."""
    import numpy as np

    from assay.reasons.audit import reasons_audit

    found, explainer = _version(model, bundle)
    adverse = _adverse_rows(found, explainer, model, source, most)
    seen = reasons_audit(
        explainer,
        lambda matrix: explainer_probabilities(explainer, matrix),
        adverse,
        found.contract,
        rng=np.random.default_rng(seed),
        threshold=found.manifest.threshold,
    )
    for what, share in (
        ("named fields to usual values, risk falls", seen.named_lowers_share),
        ("as many other fields, risk falls", seen.random_lowers_share),
        ("named fields, decision ends", seen.named_flips_share),
        ("other fields, decision ends", seen.random_flips_share),
        ("other fields lower half as much as those named", seen.random_half_share),
        ("other fields lower as much as those named", seen.random_matches_share),
        ("same texts under 1 % noise", seen.same_share),
        ("same first text under 1 % noise", seen.first_same_share),
        ("same four weightiest texts under 1 % noise", seen.same_four_share),
    ):
        typer.echo(f"{what:47} {share:7.1%}")
    typer.echo(f"{seen.mean_named:.2f} reasons a row")
    typer.echo(f"over {seen.n_named:,} adverse rows with reasons of {seen.n_rows:,}")


def _adverse_rows(
    bundle: Bundle, explainer: Explainer, model: str, source: str | None, most: int
) -> Any:  # noqa: ANN401 # an array
    """Return design-matrix rows of a source that the version decides against."""
    import numpy as np

    from assay.adapters.sources import iterate_source
    from assay.quality.rows import assess_rows
    from assay.settings import Settings

    contract, threshold = bundle.contract, bundle.manifest.threshold
    names = [field.name for field in contract.features]
    settings, adverse = Settings(), list[Any]()
    origin = settings.source_of(model, source)
    for chunk in iterate_source(origin, contract, settings, chunk_rows=20_000):
        rows = assess_rows(chunk, contract, as_of=_now(), labelled=False).accepted
        matrix = explainer.matrix(_plain(rows[names]))
        adverse += list(matrix[explainer_probabilities(explainer, matrix) >= threshold])
        if len(adverse) >= most:
            break
    if not adverse:
        raise DataError(f"no adverse row at threshold {threshold:.4g} to audit")
    return np.array(adverse[:most])


def what_if(
    model: Model,
    row: Annotated[str, typer.Option(help="The row as JSON, or a file of it.")],
    may_change: Annotated[
        list[str] | None, typer.Option(help="A field that may change; repeat it.")
    ] = None,
    most_changes: Annotated[int, typer.Option(help="Fields at most.", min=1)] = 3,
    bundle: From = None,
) -> None:
    """Show the nearest change that flips an adverse decision on a row."""
    import orjson

    from assay.bundle import Scorer
    from assay.reasons.whatif import WhatIfSearch

    found, explainer = _version(model, bundle)
    scorer, contract = Scorer.of(found), found.contract
    text = Path(row).read_text() if Path(row).is_file() else row
    try:
        values = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise DataError(f"--row is neither a file nor JSON: {error}") from error

    def probability(of: Any) -> float:  # noqa: ANN401 # a row of plain values
        columns = {field.name: [of.get(field.name)] for field in contract.features}
        return float(scorer.probabilities(columns)[0])

    search = WhatIfSearch(explainer, contract, found.manifest.threshold, probability)
    said = search.nearest_change(values, may_change=may_change, most_changes=most_changes)
    typer.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())


def explainer_probabilities(explainer: Explainer, matrix: Any) -> Any:  # noqa: ANN401 # arrays
    """Return probabilities of design-matrix rows by the table of reasons, (n_rows,).

    The table was held against the version's golden rows when it was read.
    """
    import numpy as np

    log_odds = explainer.contributions(matrix).sum(axis=1) + explainer.table.expected
    return 1 / (1 + np.exp(-log_odds))


def _version(model: str, folder: Path | None) -> tuple[Bundle, Explainer]:
    from assay.bundle import read_bundle
    from assay.reasons import REASONS, read_explainer
    from assay.settings import Settings

    if folder is not None:
        bundle = read_bundle(folder)
    else:
        from assay.adapters.tracking import Registry

        settings = Settings()
        registry = Registry(settings)
        bundle = registry.fetch_bundle(registry.champion(model), settings.bundle_cache)
    content = bundle.documents.get(REASONS)
    if content is None:
        raise BundleError(f"the version of {model!r} was made without reasons")
    golden = bundle.golden
    return bundle, read_explainer(
        content, bundle.contract, golden.rows, golden.probabilities
    )


def _plain(rows: Any) -> list[dict[str, Any]]:  # noqa: ANN401 # a frame
    found: list[dict[str, Any]] = (
        rows.astype(object).where(rows.notna(), None).to_dict("records")
    )
    return found


def _now() -> Any:  # noqa: ANN401 # a datetime
    from datetime import UTC, datetime

    return datetime.now(UTC)
