"""Whole numbers as JSON has them: 26.0 is one, as in contracts and in JSON Schema."""

from __future__ import annotations

from typing import Final

from pydantic import BeforeValidator


def _as_whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE: Final = BeforeValidator(_as_whole)
"""Last in the annotation of an integer, behind its bounds, which its schema then keeps.
Text and booleans are refused as ever."""
