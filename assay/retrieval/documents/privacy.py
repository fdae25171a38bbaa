"""Personal data out of texts, by policy, before anything is indexed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from assay.errors import ConfigError

_CARD = re.compile(
    r"(?<![\d.,])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{4}"
    r"|\d{4}([ -])\d{6}\2\d{5})(?!\d)"
)
_ISSUERS = re.compile(r"3[47]|4|5[1-5]|6|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_ACCOUNT = re.compile(
    r"(\baccount(?: number| no\.?| #)?\s*(?:is|was|:|#)?\s*)(\d[\d -]{4,19}\d)\b",
    re.IGNORECASE,
)
_SOCIAL_SECURITY = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}\b")
_NATIONAL_INSURANCE = re.compile(
    r"\b(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
    r"(?: ?\d{2}){3} ?[A-D]\b"
)
KINDS = ("card", "account", "national_id")


@dataclass(frozen=True, slots=True)
class PrivacyPolicy:
    """Which personal data is masked when documents are read.

    Attributes
    ----------
    kinds : tuple of str
        Of ``card`` (payment card numbers with a valid check digit), ``account``
        (IBANs with valid check digits, and numbers that the text calls an account) and
        ``national_id`` (US social security and UK national insurance numbers).
    """

    kinds: tuple[str, ...] = KINDS

    def __post_init__(self) -> None:
        unknown = sorted(set(self.kinds) - set(KINDS))
        if unknown:
            raise ConfigError(f"unknown kinds of personal data {unknown}; have {KINDS}")


def masked(text: str, policy: PrivacyPolicy) -> tuple[str, dict[str, int]]:
    """Return a text with its personal data masked, and how often each kind was found.

    Examples
    --------
    >>> masked("Card 4111 1111 1111 1111 was charged.", PrivacyPolicy())
    ('Card [card number] was charged.', {'card': 1})
    """
    counts: Counter[str] = Counter()

    def replaced(
        kind: str, mask: str, is_one: Callable[[str], bool]
    ) -> Callable[[re.Match[str]], str]:
        def replace(found: re.Match[str]) -> str:
            if not is_one(found.group()):
                return found.group()
            counts[kind] += 1
            return mask

        return replace

    def account(found: re.Match[str]) -> str:
        counts["account"] += 1
        return f"{found[1]}[account number]"

    if "card" in policy.kinds:
        text = _CARD.sub(replaced("card", "[card number]", _is_card), text)
    if "account" in policy.kinds:
        text = _IBAN.sub(replaced("account", "[account number]", _is_iban), text)
        text = _ACCOUNT.sub(account, text)
    if "national_id" in policy.kinds:
        mask = replaced("national_id", "[national id]", lambda _: True)
        text = _NATIONAL_INSURANCE.sub(mask, _SOCIAL_SECURITY.sub(mask, text))
    return text, dict(counts)


def _is_card(number: str) -> bool:
    digits = [int(letter) for letter in number if letter.isdigit()]
    if not _ISSUERS.match("".join(map(str, digits))):
        return False
    doubled = [2 * d - 9 * (d > 4) for d in digits[-2::-2]]
    return (sum(digits[::-2]) + sum(doubled)) % 10 == 0


def _is_iban(number: str) -> bool:
    plain = number.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return False
    moved = plain[4:] + plain[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1
