"""The sign-off policy says who signs, and a wrong one says where it is wrong."""

import pytest

from assay.contract import contract_names
from assay.errors import ConfigError
from assay.signoff.policy import read_policy
from deployments.environment import project_root

SHIPPED = project_root() / "data" / "policies" / "signoff.toml"


def test_the_shipped_policy_asks_nobody_validator_and_all_three():
    policy = read_policy(SHIPPED)
    assert policy.tiers == {
        "low": (),
        "medium": ("validator",),
        "high": ("developer", "validator", "auditor"),
    }


def test_a_model_that_is_not_named_needs_a_validator():
    assert read_policy(SHIPPED).roles_for("brought_along") == ("validator",)
    assert read_policy(SHIPPED).roles_for("credit_default") == ()


def test_the_models_of_the_shipped_policy_have_contracts():
    known = contract_names(project_root() / "data" / "contracts")
    assert set(read_policy(SHIPPED).models) <= set(known)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('medium = ["validator"]', 'medium = ["boss"]', "tiers.medium.0"),
        ('high = ["developer", "validator", "auditor"]', "", "tiers high"),
        ('"developer", "validator"', '"validator", "validator"', "names a role twice"),
        ('"validator", "auditor"]', '"auditor"]', "every role of a lower one"),
        ('default_tier = "medium"', 'default_tier = "none"', "default_tier"),
        ("request_days = 14", "request_days = 0", "request_days"),
        ("revision = 1", "revision = 1\nextra = 2", "extra"),
        ("review_days = 365", "review_days = -1", "review_days"),
        ("revision = 1", "revision = ", "does not read"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_place(tmp_path, old, new, message):
    text = SHIPPED.read_text()
    assert old in text
    (tmp_path / "p.toml").write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigError, match=message):
        read_policy(tmp_path / "p.toml")


def test_an_absent_policy_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="does not read"):
        read_policy(tmp_path / "absent.toml")


def test_a_mark_covers_what_is_asked_of_the_model_and_nothing_of_others(tmp_path):
    text, file = SHIPPED.read_text(), tmp_path / "p.toml"

    def mark(old="", new=""):
        assert old in text
        file.write_text(text.replace(old, new, 1) if old else text)
        return read_policy(file).mark_for("taiwan_credit")

    before = mark()
    assert str(before).startswith("sign-off (tier low, revision 1, ")
    elsewhere = 'exposure = "none: simulated applications"'
    assert mark(elsewhere, 'exposure = "all"').digest == before.digest
    for old, new in (
        ("low = []", 'low = ["validator"]'),
        ("request_days = 14", "request_days = 7"),
        ('[models.taiwan_credit]\ntier = "low"', '[models.taiwan_credit]\ntier = "high"'),
    ):
        assert mark(old, new).digest != before.digest
    later = mark("revision = 1", "revision = 2")
    assert (later.revision, later.digest) == (2, before.digest)
