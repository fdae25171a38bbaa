"""One model in every form that the servers take, and rows to ask them with."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import joblib
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

from assay.bundle import (
    Manifest,
    MetricValue,
    Parts,
    Scorer,
    bundle_signature,
    read_bundle,
    write_bundle,
)
from assay.contract import find_contract
from assay.history.chain import next_link
from assay.history.entry import Change, change_content, history_of
from assay.history.statement import statement_text
from assay.history.traffic import Served, Traffic
from assay.ledger.signing import signing_key
from assay.models import Fitted, fit_challenger
from assay.models.golden import golden_rows, json_value
from assay.models.parity import feature_columns
from assay.quality.rows import assess_rows
from assay.reasons import REASONS
from assay.simulate.lender import simulate_lender
from serving.cache import BundleCache
from serving.champion import Champion, load_champion
from serving.registry import Entry
from serving.scoring.deciding import decide_all
from tasks.reasons import reasons_document

ROOT = Path(__file__).resolve().parents[3]
MODEL = "credit_default"
N_BODIES = 64
N_BATCH_ROWS = 50_000


@dataclass
class Made:
    """Where everything is.

    `plain`, `adverse`, `records` and `nested` are files of request bodies, one a line:
    rows that are approved, rows that are declined, and the former as MLflow and as
    BentoML take them.
    """

    home: Path
    pipeline: Path
    graph: Path
    mlflow: Path
    plain: Path
    adverse: Path
    records: Path
    nested: Path
    said: str
    rows: pd.DataFrame
    champion: Champion

    def batch_lines(self) -> list[str]:
        """Return rows per CPU second of one core, by way, as lines of a table."""
        pipeline = joblib.load(self.pipeline)
        contract = self.champion.contract
        names = list(pipeline.columns)
        frame = self.rows[names]
        feeds = feature_columns(self.rows, contract)
        sent = bodies_of(self.rows.head(1_000), self.champion)
        body = json.dumps({"rows": sent}).encode()
        matrix = self.champion.explainer.matrix(  # type: ignore[union-attr] # it has one
            bodies_of(self.rows, self.champion)
        )
        graph = Scorer(self.champion.bundle.graph, contract)
        engine = self.champion.engine
        assert engine is not None  # noqa: S101 # it has trees and reasons
        n = len(self.rows)
        rates = {
            "scikit-learn pipeline, DataFrame": rate(
                lambda: pipeline.predict_proba(frame), n
            ),
            "the same from the JSON of the batch below": rate(
                lambda: pipeline.predict_proba(
                    pd.DataFrame(json.loads(body)["rows"])[names].fillna(np.nan)
                ),
                1_000,
            ),
            "ONNX Runtime, the version's graph": rate(
                lambda: graph.probabilities(feeds), n
            ),
            "Assay, leaves, design matrix": rate(lambda: engine.probabilities(matrix), n),
            "Assay, JSON batch to decisions with reasons": rate(
                lambda: decide_all(self.champion, body), 1_000
            ),
        }
        first = next(iter(rates.values()))
        lines = ["| way | rows per CPU second | times the pipeline |", "|---|---:|---:|"]
        lines += [f"| {k} | {v:,.0f} | {v / first:.2f} |" for k, v in rates.items()]
        return lines


def rate(run: Callable[[], object], n_rows: int) -> float:
    """Return rows per second of processor time, the best of five."""
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        run()
        best = min(best, time.process_time() - start)
    return n_rows / best


def make(folder: Path) -> Made:
    """Train once and write every form below `folder`."""
    contract = find_contract(MODEL, ROOT / "data" / "contracts")
    received = simulate_lender(
        n_applicants=60_000,
        start=date(2024, 1, 1),
        days=300,
        seed=0,
        as_of=datetime(2027, 1, 1, tzinfo=UTC),
    ).frame
    rows = assess_rows(received, contract, as_of=datetime.now(tz=UTC)).accepted
    fitted = fit_challenger(rows, contract, n_resamples=100, folds=0)
    home, champion = bundled(folder, fitted, rows)
    names = [each.name for each in contract.features]
    words = [each.name for each in contract.features if each.has_text_categories]
    peer = peer_pipeline(rows[names], rows[contract.label.field], words, fitted)
    peer.columns, peer.word_columns = tuple(names), frozenset(words)
    joblib.dump(peer, folder / "pipeline.joblib")
    mlflow.sklearn.save_model(
        peer, folder / "mlflow", serialization_format="cloudpickle", pip_requirements=[]
    )
    (folder / "model.onnx").write_bytes(fitted.graph())
    is_adverse = fitted.decisions(rows)
    plain = bodies_of(rows[~is_adverse].dropna(subset=names).head(N_BODIES), champion)
    adverse = bodies_of(rows[is_adverse].dropna(subset=names).head(N_BODIES), champion)
    parameters = "{max_iter} trees of depth {max_depth}".format(**fitted.parameters)
    return Made(
        home=home,
        pipeline=folder / "pipeline.joblib",
        graph=folder / "model.onnx",
        mlflow=folder / "mlflow",
        plain=written(folder / "plain", plain),
        adverse=written(folder / "adverse", adverse),
        records=written(
            folder / "records", [{"dataframe_records": [row]} for row in plain]
        ),
        nested=written(folder / "nested", [{"row": row} for row in plain]),
        said=f"The model: {parameters}, {len(names)} features, {len(rows):,} rows.",
        rows=rows.iloc[:N_BATCH_ROWS],
        champion=champion,
    )


def peer_pipeline(
    rows: pd.DataFrame, labels: pd.Series, words: list[str], fitted: Fitted
) -> Pipeline:
    """Return the same estimator in a plain pipeline, trained on the same rows."""
    encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = ColumnTransformer([("words", encode, words)], remainder="passthrough")
    estimator = HistGradientBoostingClassifier(
        **fitted.parameters, early_stopping=False, random_state=0
    )
    is_known = labels.notna().to_numpy()
    plain = rows.astype({n: float for n in rows.columns if n not in words})
    pipeline = Pipeline([("columns", columns), ("trees", estimator)])
    return pipeline.fit(plain[is_known], labels[is_known].astype(int))


def bundled(folder: Path, fitted: Fitted, rows: pd.DataFrame) -> tuple[Path, Champion]:
    """Write a home of the service with the version in its cache; return it."""
    contract = fitted.contract
    text = (ROOT / "data" / "contracts" / f"{MODEL}.toml").read_text()
    manifest = Manifest(
        model_name=MODEL,
        algorithm=fitted.algorithm,
        parameters={},
        threshold=fitted.threshold,
        seed=0,
        n_rows=fitted.split.sizes,
        metrics={"auc": MetricValue(value=0.5, low=0.5, high=0.5)},
        contract_digest=contract.digest,
        snapshot_digest="0" * 64,
        code_revision="benchmark",
        lock_digest="0" * 64,
        library_versions={},
    )
    documents = {REASONS: reasons_document(fitted, rows)}
    golden = golden_rows(fitted, rows)
    parts = Parts(manifest, fitted.graph(), text, golden, documents)
    home = folder / "home"
    digest = write_bundle(folder / "bundle", parts)
    place = home / "bundles" / MODEL / digest
    place.parent.mkdir(parents=True)
    (folder / "bundle").rename(place)
    key = signing_key(home / "keys" / "platform.pem")
    signature = bundle_signature(key, digest)
    cache = BundleCache(home / "bundles")
    cache.remember(Entry(MODEL, "1", digest, "", signature))
    (cache.folder / f"{MODEL}.statement").write_text(statement_of(digest, key.sign))
    return home, load_champion(MODEL, "1", read_bundle(place, digest))


def statement_of(digest: str, sign: Callable[[bytes], bytes]) -> str:
    """Return the signed statement that version 1 answers, as a server keeps it."""
    traffic = Traffic(champion=Served(1, digest))
    content = change_content(Change("promoted", traffic, "benchmark", ("measured",)))
    link = next_link(history_of(MODEL), None, content, datetime.now(UTC))
    return statement_text(link, sign)


def bodies_of(rows: pd.DataFrame, champion: Champion) -> list[dict[str, Any]]:
    """Return rows as request bodies."""
    fields = champion.contract.features
    values = [rows[field.name].astype(object).to_numpy() for field in fields]
    return [
        {
            field.name: None if _is_gap(value) else json_value(value, field)
            for field, value in zip(fields, row, strict=True)
        }
        for row in zip(*values, strict=True)
    ]


def _is_gap(value: object) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))


def written(file: Path, bodies: list[dict[str, Any]]) -> Path:
    """Write bodies, one a line."""
    file.write_text("".join(json.dumps(body) + "\n" for body in bodies))
    return file
