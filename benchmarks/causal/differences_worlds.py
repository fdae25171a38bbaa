"""Data for the differences and experiments; `broken` is 1 where an assumption is."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator


def rollout(
    rng: Generator,
    effect: float,
    broken: int,
    n_clusters: int = 40,
    n_weeks: int = 10,
    n_people: int = 5,
) -> pd.DataFrame:
    """Return people in clusters; half of the clusters are treated from week 6 on."""
    shape = (n_clusters, n_weeks, n_people)
    cluster, week, _ = np.meshgrid(*map(np.arange, shape), indexing="ij")
    treated, post = cluster < n_clusters // 2, week >= 6
    y = rng.normal(size=n_clusters)[cluster] + 0.3 * week + rng.normal(size=shape)
    y += 0.5 * rng.normal(size=shape[:2])[..., None]
    y = y + effect * (treated & post) + broken * 0.2 * treated * week
    columns = {"y": y, "treated": treated, "post": post, "cluster": cluster, "week": week}
    frame = pd.DataFrame({name: values.ravel() for name, values in columns.items()})
    return frame.astype({"treated": int, "post": int})


def staggered(
    rng: Generator,
    effect: float,
    broken: int,
    n_units: int = 120,
    starts: tuple[int, ...] = (4, 6, 0),
) -> pd.DataFrame:
    """Return a panel of cohorts; never treated are a third."""
    start = np.resize(starts, n_units).astype(float)
    unit, period = np.meshgrid(np.arange(n_units), np.arange(1, 9), indexing="ij")
    ever = (start > 0)[:, None]
    noise = rng.normal(size=unit.shape)
    noise[:, 1:] += 0.4 * noise[:, :-1]
    y = rng.normal(size=n_units)[:, None] + 0.3 * period + noise
    y = y + effect * (ever & (period >= start[:, None])) + broken * 0.5 * ever * period
    columns = {"y": y, "unit": unit, "period": period}
    frame = pd.DataFrame({name: values.ravel() for name, values in columns.items()})
    return frame.assign(start=np.repeat(start, 8))


def single_start(
    rng: Generator,
    effect: float,
    broken: int,
) -> pd.DataFrame:
    """Return a panel with one treated cohort."""
    return staggered(rng, effect, broken, starts=(5, 0))


def few_clusters(
    rng: Generator,
    effect: float,
    broken: int,
) -> pd.DataFrame:
    """Return ten clusters, five treated; broken leaves one treated."""
    home = np.repeat(np.arange(10), 20)
    x = (home < (1 if broken else 5)).astype(float)
    y = rng.normal(size=10)[home] + rng.normal(size=200) + effect * x
    return pd.DataFrame({"y": y, "x": x, "home": home})


def experiment(
    rng: Generator,
    effect: float,
    broken: int,
    n: int = 200,
) -> pd.DataFrame:
    """Return an experiment; broken loses a third of the treated after assignment."""
    arm = rng.integers(0, 2, n * (5 if broken else 1))
    before = rng.normal(size=arm.size)
    y = 0.8 * before + rng.normal(size=arm.size) + effect * arm
    frame = pd.DataFrame(
        {"y": y, "arm": arm, "before": before, "day": np.arange(arm.size)}
    )
    if broken:
        frame = frame[(frame["arm"] == 0) | (rng.random(arm.size) > 1 / 3)]
        frame = frame.assign(before=frame["before"] + 0.4 * frame["arm"])
    return frame


def long_experiment(
    rng: Generator,
    effect: float,
    broken: int,
) -> pd.DataFrame:
    """Return an experiment of 1,500 units to be watched."""
    return experiment(rng, effect, broken, n=1_500)


def branches(
    rng: Generator,
    effect: float,
    broken: int,
    n_clusters: int = 30,
) -> pd.DataFrame:
    """Return a cluster-randomised experiment; broken leaves one treated cluster."""
    n_treated = 2 if broken else n_clusters // 2
    arm = rng.permutation((np.arange(n_clusters) < n_treated).astype(int))
    home = np.repeat(np.arange(n_clusters), rng.integers(5, 20, n_clusters))
    y = 0.5 * rng.normal(size=n_clusters)[home] + rng.normal(size=home.size)
    return pd.DataFrame({"y": y + effect * arm[home], "arm": arm[home], "home": home})


def market(
    rng: Generator,
    effect: float,
    broken: int,
    n_blocks: int = 60,
    length: int = 12,
) -> pd.DataFrame:
    """Return a switchback; broken lets shocks outlive blocks."""
    on = rng.permutation(np.arange(n_blocks) % 2)
    block = np.repeat(np.arange(n_blocks), length)
    shocks = 0.5 * rng.normal(size=n_blocks)
    if broken:
        shocks = np.cumsum(2 * shocks)
    y = effect * on[block] + shocks[block] + rng.normal(size=block.size)
    hour = np.arange(block.size)
    return pd.DataFrame({"y": y, "on": on[block], "hour": hour, "block": block})


def series(
    rng: Generator,
    effect: float,
    broken: int,
    n: int = 120,
) -> pd.DataFrame:
    """Return a series with a level change; broken makes its errors a random walk."""
    noise = rng.normal(size=n + 50)
    for t in range(1, n + 50):
        noise[t] += (0.99 if broken else 0.3) * noise[t - 1]
    t = np.arange(n)
    return pd.DataFrame({"y": 0.05 * t + effect * (t >= 80) + noise[50:], "t": t})
