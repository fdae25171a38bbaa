"""A wrong contract names its line and what is allowed."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from assay.contract import Contract, contract_names, find_contract, read_contract
from assay.contract.document import contract_page
from assay.contract.field import Field
from assay.contract.model import CostMatrix, DecisionRule, Gates, Label, Limits
from assay.errors import ContractError, RegistryError
from assay.quality.rules import KINDS

ROOT = Path(__file__).parents[3]
GOOD = """\
name = "small"
revision = 1
purpose = "to test"
owner = "tests"
[label]
field = "bad"
[decision]
name = "decide"
positive_action = "no"
negative_action = "yes"
[decision.costs]
unit = "USD"
false_positive = 1
false_negative = 5
[gates]
floors = { auc = 0.6 }
margins = { auc = 0.0 }
[[field]]
name = "income"
dtype = "number"
minimum = 0
maximum = 10
[[field]]
name = "bad"
dtype = "integer"
role = "label"
"""


def test_the_small_contract_holds():
    contract = read_contract(GOOD)
    assert [field.name for field in contract.features] == ["income"]
    assert contract.label_field.name == "bad"


@pytest.mark.parametrize("name", contract_names(ROOT / "data/contracts"))
def test_every_shipped_contract_holds(name):
    assert find_contract(name, ROOT / "data/contracts").name == name


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('name = "small"', 'name = "Small!"', 1, "name: string should match"),
        ("revision = 1", 'revision = "1"', 2, "valid integer"),
        ("revision = 1", "revision = 0", 2, "greater than or equal to 1"),
        ('owner = "tests"', 'owner = ""', 4, "at least 1 character"),
        ('owner = "tests"', 'boss = "x"', 4, "boss: is not a key of a contract"),
        ('field = "bad"', 'field = "good"', None, "name the same field in both"),
        (
            'field = "bad"',
            'field = "bad"\nmaturity_days = 5',
            None,
            "no field has the role",
        ),
        (
            'field = "bad"',
            'field = "bad"\nmaturity_days = -5',
            7,
            "greater than or equal",
        ),
        ("false_positive = 1", "false_positive = 0", 11, "must cost more than accepting"),
        ("false_negative = 5", "false_negative = 0", 11, "must cost more than refusing"),
        ("false_positive = 1\n", "", 11, "false_positive: is missing and required"),
        ("floors = { auc = 0.6 }", "floors = {}", 15, "passes everything"),
        (
            "floors = { auc = 0.6 }",
            "floors = { gini = 0.6 }",
            16,
            "'auc', 'average_precision'",
        ),
        ("[gates]", "[gates]\nmax_quarantined_share = 2", 16, "less than or equal to 1"),
        ("[gates]", "[gates]\nmin_rows = 10", 16, "greater than or equal to 50"),
        (
            '[[field]]\nname = "income"',
            '[limits]\npsi = 0\n[[field]]\nname = "income"',
            19,
            "greater than 0",
        ),
        ('dtype = "number"', 'dtype = "float"', 20, "'integer', 'number', 'boolean'"),
        (
            'dtype = "number"',
            'dtype = "text"',
            18,
            "text feature 'income' needs a maximum",
        ),
        ("minimum = 0\n", 'role = "ignored"\n', None, "0 fields have the role 'feature'"),
        ("minimum = 0", "minimum = 11", 18, "above its maximum 10; swap"),
        (
            "minimum = 0\nmaximum = 10",
            "categories = [1]",
            18,
            "1 categories; a category needs",
        ),
        ('"number"\nminimum = 0\nmaximum = 10', '"category"', 18, "0 categories"),
        (
            '"number"\nminimum = 0\nmaximum = 10',
            '"category"\ncategories = [1, "a"]',
            18,
            "mixes text and numbers",
        ),
        (
            '"number"\nminimum = 0\nmaximum = 10',
            '"category"\ncategories = ["a", "a"]',
            18,
            "lists a category twice",
        ),
        (
            '"number"\nminimum = 0\nmaximum = 10',
            '"category"\ncategories = [""]',
            18,
            "empty text is a missing value",
        ),
        (
            '"number"\nminimum = 0\nmaximum = 10',
            '"category"\ncategories = [1]\nunseen = "allow"',
            18,
            "allows unseen values; only",
        ),
        (
            '"number"\nminimum = 0\nmaximum = 10',
            '"text"',
            18,
            "text feature 'income' needs a maximum",
        ),
        ('name = "income"', 'name = "bad"', None, "fields named twice: bad"),
        ('name = "income"', 'name = "a;b"', 19, "string should match pattern"),
        ('role = "label"', 'role = "target"', 26, "'feature', 'label'"),
        ('role = "label"', 'role = "protected"', None, "0 fields have the role 'label'"),
        ("minimum = 0", 'nulls = "maybe"\nminimum = 0', 21, "'refuse' or 'allow'"),
    ],
)
def test_a_broken_rule_names_its_line_and_what_is_allowed(old, new, line, said):
    assert old in GOOD
    with pytest.raises(ContractError) as refusal:
        read_contract(GOOD.replace(old, new, 1))
    message = str(refusal.value)
    assert said in message
    assert line is None or re.search(rf"^contract:{line}: ", message, re.MULTILINE), (
        message
    )


def test_every_broken_rule_is_listed(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(GOOD.replace("revision = 1", "revision = 0").replace("0.6", "'x'"))
    with pytest.raises(ContractError) as refusal:
        read_contract(path)
    assert [line.split(": ")[0] for line in str(refusal.value).splitlines()] == [
        f"{path}:2",
        f"{path}:16",
    ]


def test_what_is_no_contract_at_all_is_said(tmp_path):
    with pytest.raises(ContractError, match=r"is not TOML: .*line 1"):
        read_contract("name = = 1")
    with pytest.raises(ContractError, match="cannot read the contract"):
        read_contract(tmp_path / "none.toml")
    (tmp_path / "other.toml").write_text(GOOD)
    with pytest.raises(ContractError, match="is about 'small'"):
        find_contract("other", tmp_path)
    with pytest.raises(RegistryError, match=r"there are: other\. Draft one with"):
        find_contract("missing", tmp_path)


def test_the_digest_is_of_the_content_and_not_of_the_layout():
    contract = read_contract(GOOD)
    assert read_contract("# a comment\n" + GOOD).digest == contract.digest
    assert (
        read_contract(GOOD.replace("maximum = 10", "maximum = 11")).digest
        != contract.digest
    )


def test_the_documentation_has_every_key_and_every_reason():
    text = (ROOT / "docs/contract.md").read_text(encoding="utf-8")
    parts: list[type[BaseModel]] = [
        Contract, Label, DecisionRule, CostMatrix, Gates, Limits, Field,
    ]  # fmt: skip
    keys = {
        info.alias or key for part in parts for key, info in part.model_fields.items()
    }
    documented = set(re.findall(r"`([a-z_]+)`", text))
    assert keys - documented == set()
    assert set(KINDS) - documented == set()


def test_the_page_shows_every_field_with_its_rule():
    contract = find_contract("credit_default", ROOT / "data/contracts")
    page = contract_page(contract)
    for field in contract.fields:
        assert f"| `{field.name}` |" in page
        assert field.description in page
    assert "1000 to 2000000" in page
    assert "`car`, `debt_consolidation`" in page
    assert ", or another |" in page
    assert "| First champion, ece | at most 0.05 |" in page
    assert "| decline | 0 | 450 |" in page
    assert contract.digest in page


def test_a_text_cannot_break_out_of_the_pages_table():
    contract = read_contract(
        GOOD.replace('purpose = "to test"', 'purpose = "a | <b>\\nc"')
    )
    assert "a \\| &lt;b> c" in contract_page(contract)
