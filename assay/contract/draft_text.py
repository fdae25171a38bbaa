"""Values as TOML."""

from __future__ import annotations

import json
from collections.abc import Sequence


def toml_text(text: str) -> str:
    r"""Return a text as TOML writes it.

    Examples
    --------
    >>> print(toml_text('say "hi"'), toml_text("naïve"))
    "say \"hi\"" "naïve"
    """
    # JSON's escapes are TOML's, but for DEL, which JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def key_value(key: str, value: str | float | Sequence[str | int]) -> str:
    """Return one line ``key = value``.

    Examples
    --------
    >>> key_value("categories", ("a", "b")), key_value("maximum", 20000.0)
    ('categories = ["a", "b"]', 'maximum = 20000')
    """
    if isinstance(value, str):
        return f"{key} = {toml_text(value)}"
    if isinstance(value, int | float):
        whole = float(value).is_integer() and abs(value) < 2**53
        return f"{key} = {int(value) if whole else repr(float(value))}"
    items = [toml_text(item) if isinstance(item, str) else str(item) for item in value]
    return f"{key} = [{', '.join(items)}]"
