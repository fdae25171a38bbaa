"""A canary's share is what it says, the same for the same entity, new for another."""

import numpy as np
import pytest

from assay.canary.routing import entity_position, goes_to_canary

DIGEST = "a" * 64
ENTITIES = [f"applicant-{i}" for i in range(20_000)]


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_the_share_is_what_it_says(share):
    n = sum(goes_to_canary(entity, DIGEST, share) for entity in ENTITIES)
    spread = np.sqrt(len(ENTITIES) * share * (1 - share))
    assert abs(n - share * len(ENTITIES)) < 4 * spread


def test_positions_are_uniform():
    positions = np.sort([entity_position(entity, DIGEST) for entity in ENTITIES])
    assert positions[0] >= 0
    assert positions[-1] < 1
    # Kolmogorov's distance; 1.95 / sqrt(n) is passed once in a thousand.
    distance = np.abs(positions - np.arange(len(positions)) / len(positions)).max()
    assert distance < 1.95 / np.sqrt(len(positions))


def test_a_larger_share_keeps_the_entities_of_a_smaller():
    small = {e for e in ENTITIES if goes_to_canary(e, DIGEST, 0.05)}
    assert small <= {e for e in ENTITIES if goes_to_canary(e, DIGEST, 0.2)}


def test_another_canary_gets_other_entities():
    one = np.array([goes_to_canary(e, DIGEST, 0.5) for e in ENTITIES])
    other = np.array([goes_to_canary(e, "b" * 64, 0.5) for e in ENTITIES])
    assert abs((one == other).mean() - 0.5) < 0.02


def test_nobody_and_everybody():
    assert not goes_to_canary("x", DIGEST, 0.0)
    assert goes_to_canary("x", DIGEST, 1.0)


def test_the_position_is_that_of_the_published_hash():
    # printf 'assay canary 1\n%s\n%s' "$(printf 'a%.0s' $(seq 64))" x | sha256sum
    first = int(HASH_OF_X[:16], 16) >> 11
    assert entity_position("x", DIGEST) == first / 2**53


HASH_OF_X = "49f683b7cb4e7a58feb01254518e584bac6f9faefd726c4de751026b93418d66"
