"""Entries read back from their links."""

from assay.history.chain import next_link
from assay.history.entry import Change, change_content, changes_of_champion, entry_of
from assay.history.protocol import change
from assay.history.traffic import Served, Traffic
from tests.unit.history.worlds import START, World, later, promote, resume, stop


def test_an_entry_reads_back_whole():
    made = Change(
        "canary_started", Traffic(Served(1, "a" * 64)), "ann", ("why", "é"), "r-1"
    )
    entry = entry_of(next_link("champions:m", None, change_content(made), START))
    assert entry.change == made
    assert (entry.model_name, entry.sequence, entry.since) == ("m", 1, START)
    assert (entry.version, entry.bundle_digest) == (1, "a" * 64)


def test_a_stop_is_no_change_of_champion():
    world = World()
    for i, decide in enumerate((promote(1), stop, resume, promote(2), promote(1))):
        world.run(change("m", decide, later(i)))
    entries = [entry_of(link) for link in world.links]
    assert [each.version for each in entries] == [1, 1, 1, 2, 1]
    assert [each.version for each in changes_of_champion(entries)] == [1, 2, 1]
