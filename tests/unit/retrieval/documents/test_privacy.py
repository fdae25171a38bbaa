"""Personal data goes, figures of filings stay."""

import pytest

from assay.errors import ConfigError
from assay.retrieval.documents.privacy import PrivacyPolicy, masked


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("5555-5555-5555-4444", "card"),
        ("3782 822463 10005", "card"),
        ("4242424242424242", "card"),
        ("DE89 3704 0044 0532 0130 00", "account"),
        ("GB82WEST12345698765432", "account"),
        ("account number: 12345678", "account"),
        ("078-05-1120", "national_id"),
        ("AB 12 34 56 C", "national_id"),
    ],
)
def test_personal_numbers_are_masked_and_counted(text, kind):
    found, counts = masked(f"Pay {text} now", PrivacyPolicy())
    assert counts == {kind: 1}
    assert not any(letter.isdigit() for letter in found)


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",
        "2021 2022 2023 2024",
        "GB82 WEST 1234 5698 7654 33",
        "000-12-3456",
        "revenue of 1,452,400,000 dollars in 2024",
        "accounts receivable 123456",
    ],
)
def test_other_numbers_stay(text):
    assert masked(text, PrivacyPolicy()) == (text, {})


def test_a_policy_masks_only_what_it_names():
    text = "4111111111111111 and 078-05-1120"
    assert masked(text, PrivacyPolicy(("national_id",)))[0].startswith("4111")
    with pytest.raises(ConfigError, match="unknown kinds"):
        PrivacyPolicy(("shoe_size",))
