"""The wild cluster bootstrap against brute force over all sign patterns."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from assay.causal import verdict
from assay.causal.differences import wild_bootstrap
from assay.errors import DataError

N_CLUSTERS = 7


def rows(seed=1, effect=0.3):
    rng = np.random.default_rng(seed)
    home = rng.integers(0, N_CLUSTERS, 150)
    x = rng.normal(size=150) + 0.2 * home
    z = rng.normal(size=150)
    y = effect * x + z + rng.normal(size=N_CLUSTERS)[home] + rng.normal(size=150)
    week = rng.integers(0, 3, 150)
    return pd.DataFrame({"y": y, "x": x, "z": z, "home": home, "week": week})


def run(frame, **options):
    return wild_bootstrap(
        frame, outcome="y", treatment="x", cluster="home", controls=["z"], **options
    )


def brute_p(frame, design, null=0.0):
    home, x = frame["home"].to_numpy(), frame["x"].to_numpy()
    y = frame["y"].to_numpy() - null * x

    def ratio(outcome):
        b = np.linalg.lstsq(design, outcome, rcond=None)[0]
        left = outcome - design @ b
        inverse = np.linalg.pinv(design.T @ design)
        scores = np.array(
            [design[home == g].T @ left[home == g] for g in range(N_CLUSTERS)]
        )
        return b[0] ** 2 / (inverse @ scores.T @ scores @ inverse)[0, 0]

    others = design[:, 1:]
    fitted = others @ np.linalg.lstsq(others, y, rcond=None)[0]
    observed = ratio(y)
    signs = product([-1, 1], repeat=N_CLUSTERS)
    every = [ratio(fitted + np.array(s)[home] * (y - fitted)) for s in signs]
    return np.mean(np.asarray(every) >= observed * (1 - 1e-9))


@pytest.mark.parametrize("absorbed", [[], ["week"], ["home", "week"]])
def test_enumerated_p_values_are_those_of_refitting_every_pattern(absorbed):
    frame = rows()
    design = [frame["x"], frame["z"], np.ones(150)]
    levels = {"week": 3, "home": N_CLUSTERS}
    design += [np.eye(levels[name])[frame[name]] for name in absorbed]
    found = run(frame, absorbed=absorbed, law="rademacher")
    assert found.diagnostics["enumerated"] == 1
    assert found.diagnostics["n_draws"] == 2**N_CLUSTERS
    expected = brute_p(frame, np.column_stack(design))
    assert found.estimate.p_value == pytest.approx(expected)


def test_the_interval_ends_where_the_p_value_crosses_its_level():
    frame = rows()
    design = np.column_stack([frame["x"], frame["z"], np.ones(150)])
    low, high = run(frame, law="rademacher").estimate.interval
    for end, outwards in ((low, -1), (high, 1)):
        assert brute_p(frame, design, end - outwards * 1e-6) > 0.05
        assert brute_p(frame, design, end + outwards * 1e-6) <= 0.05


def test_few_clusters_take_six_point_weights_and_many_take_two():
    frame = rows()
    assert "webb" in run(frame, n_draws=99).estimate.method
    many = frame.assign(home=np.arange(150) % 30)
    assert "rademacher" in run(many, n_draws=99).estimate.method


def test_draws_depend_on_the_seed_and_on_nothing_else():
    frame = rows().assign(home=np.arange(150) % 30)
    mixed = frame.sample(frac=1, random_state=4)
    first = run(frame, n_draws=1_500, seed=3).estimate
    assert run(mixed, n_draws=1_500, seed=3).estimate == first
    assert run(frame, n_draws=1_500, seed=4).estimate != first


def test_null_effects_stay_quiet_with_eight_clusters():
    rejected = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        home = np.repeat(np.arange(8), 15)
        x = (home < 4).astype(float) * rng.normal(1, 0.5, 120)
        y = rng.normal(size=8)[home] + rng.normal(size=120)
        frame = pd.DataFrame({"y": y, "x": x, "z": rng.normal(size=120), "home": home})
        rejected += run(frame, law="rademacher").estimate.p_value <= 0.05
    assert rejected / 200 <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / 200)


def test_one_treated_cluster_is_withheld():
    frame = rows().assign(x=lambda f: (f["home"] == 3).astype(int))
    assert verdict(run(frame).assumptions) == "withhold"


def test_one_cluster_or_an_absorbed_treatment_are_refused():
    with pytest.raises(DataError, match="has 1 cluster"):
        run(rows().assign(home=1))
    with pytest.raises(DataError, match="does not vary within"):
        run(rows().assign(x=lambda f: f["week"]), absorbed=["week"])
    with pytest.raises(ValueError, match="law must be"):
        run(rows(), law="normal")
