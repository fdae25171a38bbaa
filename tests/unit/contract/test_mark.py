"""A policy's mark changes with what it asks and with nothing else."""

from dataclasses import replace

import pytest

from assay.contract import find_contract, read_contract
from assay.contract.mark import gates_mark, mark_content, policy_changes, read_mark
from deployments.environment import project_root

CONTRACTS = project_root() / "data" / "contracts"
TEXT = (CONTRACTS / "taiwan_credit.toml").read_text()
MARK = gates_mark(find_contract("taiwan_credit", CONTRACTS))


def marked(old, new):
    assert old in TEXT
    return gates_mark(read_contract(TEXT.replace(old, new, 1)))


def test_a_mark_names_profile_revision_and_the_first_digits():
    assert str(MARK) == (
        "gates (fairness profile four_fifths_and_error_rates, revision 1, "
        f"{MARK.digest[:12]})"
    )
    assert len(MARK.digest) == 64


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('profile = "four_fifths_and_error_rates"', 'profile = "report"'),
        ("approval_ratio = 0.8", "approval_ratio = 0.7"),
        ("floors = { auc = 0.74", "floors = { auc = 0.70"),
        ("false_negative = 24", "false_negative = 12"),
        (
            'name = "SEX"\ndtype = "category"\nrole = "protected"',
            'name = "SEX"\ndtype = "category"\nrole = "ignored"',
        ),
    ],
)
def test_what_the_gates_ask_is_under_the_digest_although_the_revision_stays(old, new):
    if old not in TEXT:
        pytest.fail(f"{old!r} is not in the shipped contract")
    changed = marked(old, new)
    assert changed.digest != MARK.digest
    assert changed.revision == MARK.revision
    [sentence] = policy_changes((MARK,), (changed,))
    assert sentence == f"policy {MARK} is now {changed}"


def test_layout_and_words_are_not():
    assert marked("[gates]\n", "[gates]\n# a remark\n") == MARK
    assert marked("Probability that a", "The probability that a") == MARK


def test_a_revision_alone_is_told_and_changes_nothing():
    later = marked("revision = 1", "revision = 2")
    assert policy_changes((MARK,), (later,)) == ()
    assert "revision 2" in str(later)


def test_a_policy_that_came_or_went_is_a_change():
    other = replace(MARK, policy="sign-off")
    assert policy_changes((MARK,), (MARK, other)) == (
        f"policy sign-off (none) is now {other}",
    )
    assert policy_changes((MARK, other), (MARK,)) == (
        f"policy {other} is now sign-off (none)",
    )
    assert policy_changes((other, MARK), (MARK, other)) == ()


def test_a_mark_is_read_as_it_was_written():
    assert read_mark(mark_content(MARK)) == MARK
