"""A contract with a text is trained, proven and written like any other."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest

from assay.bundle import Scorer, read_bundle
from assay.contract import find_contract, read_contract
from assay.encoders.shape import TextShape
from assay.errors import BundleError, ConfigError, DataError, ParityError
from assay.evaluation.profile import reference_profile
from assay.examination.refit import Recipe, Refit
from assay.features import as_number, design_matrix
from assay.models import check_parity, fit_challenger, golden_rows, split_rows
from assay.models.estimators import plain_algorithm, unfitted_pipeline
from tests.texts import CONTRACT, notes, small_encoder, write_version

TEXT = read_contract(CONTRACT)
FRAME = notes(300)
OPTIONS = {"training": "full", "passes": 6, "encoder_rate": 2e-3}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return small_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module", params=["words", "text_encoder"])
def fitted(request, encoder):
    shape = {"encoder": encoder, **asdict(TextShape.of(OPTIONS))}
    parameters = shape if request.param == "text_encoder" else None
    return fit_challenger(FRAME, TEXT, algorithm=request.param, parameters=parameters)


def test_it_ranks_what_it_has_not_seen_and_its_graph_agrees(fitted):
    assert fitted.evaluation.metrics["auc"].value > 0.85
    assert fitted.cross_validated_auc is None
    assert list(fitted.importance) == ["words said"]
    assert fitted.importance["words said"].value > 0.2
    found = check_parity(fitted.graph(), fitted, FRAME, limit=fitted.parity_limit)
    assert found.n_rows == 1_000
    assert found.n_missing_rows == found.n_bounds_rows == found.n_unseen_rows == 0


def test_its_bundle_reads_and_scores_its_golden_texts(fitted, tmp_path):
    digest = write_version(tmp_path / "b", fitted, FRAME, CONTRACT)
    bundle = read_bundle(tmp_path / "b", digest)
    Scorer.of(bundle)
    rows = bundle.golden.rows
    assert {type(row["words said"]) for row in rows} == {str}
    assert golden_rows(fitted, FRAME) == bundle.golden


def test_a_second_fit_gives_the_same_graph(fitted):
    recipe = Recipe(fitted.algorithm, fitted.parameters, fitted.seed, 0.2, 0.15)
    again = Refit.on(FRAME, TEXT, recipe, fitted.split)
    assert (
        again.graph_digest()
        == Refit(TEXT, fitted.pipeline, fitted.calibrator).graph_digest()
    )


def test_the_graph_of_another_fit_has_no_parity(fitted):
    other = FRAME.assign(bad=1 - FRAME["bad"])
    wrong = fit_challenger(other, TEXT, algorithm="words")
    with pytest.raises(ParityError, match="of 1000 probabilities"):
        check_parity(wrong.graph(), fitted, FRAME, limit=fitted.parity_limit)


def test_equal_texts_go_to_one_part():
    twice = pd.concat(
        [FRAME, FRAME.assign(**{"words said": FRAME["words said"].str.upper()})]
    )
    twice = twice.sample(frac=1, random_state=1).reset_index(drop=True)
    split = split_rows(twice, TEXT, seed=3)
    parts = [
        set(twice["words said"].iloc[rows].str.lower())
        for rows in (split.train, split.calibration, split.holdout)
    ]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]
    every = np.concatenate((split.train, split.calibration, split.holdout))
    assert sorted(every.tolist()) == list(range(600))
    assert len(split.holdout) == pytest.approx(120, abs=6)


def test_what_reads_numbers_refuses_a_text_and_the_reverse():
    assert plain_algorithm(TEXT) == "words"
    with pytest.raises(ConfigError, match="use words, text_encoder"):
        unfitted_pipeline("boosting", TEXT)
    numbers = find_contract("credit_default", Path("data/contracts"))
    assert plain_algorithm(numbers) == "logistic"
    with pytest.raises(ConfigError, match="use boosting, logistic"):
        unfitted_pipeline("words", numbers)


def test_a_missing_text_is_an_error_not_a_score(fitted):
    with pytest.raises(DataError, match="1 of 2 values are missing"):
        design_matrix(pd.DataFrame({"words said": ["profit", None]}), TEXT)
    scorer = Scorer(fitted.graph(), TEXT)
    for wrong in (None, "", 3.0):
        with pytest.raises(DataError, match="row 1 holds"):
            scorer.probabilities({"words said": ["profit", wrong]})


def test_a_graph_without_its_tokenizer_is_refused(fitted):
    model = onnx.load_from_string(fitted.graph())
    kept = [each for each in model.metadata_props if each.key != "assay.tokenizer"]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    with pytest.raises(BundleError, match=r"no 'assay\.tokenizer'"):
        Scorer(model.SerializeToString(), TEXT)


def test_a_precision_that_there_is_not_is_refused(fitted):
    model = onnx.load_from_string(fitted.graph())
    entry = model.metadata_props.add()
    entry.key, entry.value = "assay.precision", "anything"
    with pytest.raises(BundleError, match="precision 'anything'"):
        Scorer(model.SerializeToString(), TEXT)


def test_monitoring_sees_the_length_of_a_text():
    profile = reference_profile(FRAME, TEXT, np.full(len(FRAME), 0.5))
    lengths = FRAME["words said"].str.len()
    assert profile["features"]["words said"]["mean"] == pytest.approx(lengths.mean())
    matrix, _ = design_matrix(FRAME, TEXT)
    field = TEXT.free_text
    assert as_number(matrix[:, 0], field).tolist() == lengths.tolist()
