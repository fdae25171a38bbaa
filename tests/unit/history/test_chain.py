"""A chain that was touched anywhere says where."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from assay.history.chain import find_breaks, moment, next_link, read_moment

START = datetime(2026, 11, 21, tzinfo=UTC)


def chain(n=6, name="champions:m"):
    links = []
    for i in range(n):
        at = START + timedelta(hours=i)
        links.append(next_link(name, links[-1] if links else None, {"n": i}, at))
    return links


def test_a_chain_that_nobody_touched_is_whole():
    assert find_breaks(chain()) == []
    assert find_breaks([]) == []


def test_the_digest_of_a_link_is_the_published_hash_of_its_content():
    # sha256 of the domain and the canonical JSON, computed with coreutils' sha256sum.
    link = next_link("champions:m", None, {"n": 0}, START)
    assert link.digest == EXPECTED


EXPECTED = "b75614424eec3f0ad1b0b5a622eee81e58466448702f83ce0810053ea0c7b757"


@pytest.mark.parametrize(
    "change",
    [
        {"body": '{"n":7}'},
        {"at": START + timedelta(minutes=1)},
        {"previous": "1" * 64},
        {"chain": "champions:other"},
        {"sequence": 9},
        {"digest": "2" * 64},
    ],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.parametrize("position", range(6))
def test_an_edited_link_is_found(position, change):
    links = chain()
    links[position] = replace(links[position], **change)
    assert find_breaks(links)


def test_an_edited_link_with_a_fitting_digest_breaks_the_next():
    links = chain()
    edited = replace(links[2], body='{"n":7}')
    links[2] = replace(edited, digest=edited.expected_digest)
    assert any("entry 4" in found for found in find_breaks(links))


def test_dropped_doubled_and_swapped_links_are_found():
    rng = np.random.default_rng(0)
    for _ in range(50):
        i, j = sorted(rng.choice(6, 2, replace=False))
        swapped = chain()
        swapped[i], swapped[j] = swapped[j], swapped[i]
        dropped = chain()
        del dropped[min(i, 4)]
        doubled = chain()
        doubled.insert(j, doubled[i])
        for touched in (swapped, dropped, doubled):
            assert find_breaks(touched)


def test_a_clock_that_went_back_is_held():
    first = next_link("c", None, {}, START)
    second = next_link("c", first, {}, START - timedelta(hours=1))
    assert second.at == START
    assert find_breaks([first, second]) == []


def test_a_time_that_goes_back_is_found_even_with_fitting_digests():
    first = next_link("c", None, {}, START)
    second = next_link("c", first, {}, START)
    early = replace(second, at=START - timedelta(hours=1))
    early = replace(early, digest=early.expected_digest)
    assert find_breaks([first, early])


def test_moments_read_back_and_sort_as_times_do():
    times = [START + timedelta(microseconds=int(us)) for us in (0, 1, 999_999, 10**7)]
    assert [read_moment(moment(at)) for at in times] == times
    assert sorted(moment(at) for at in times) == [moment(at) for at in times]
