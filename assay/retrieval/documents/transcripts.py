"""Calls in JSON: who said what, and when."""

from __future__ import annotations

import json
from typing import Any

from assay.errors import DataError
from assay.retrieval.documents.parsed import Parsed

_WANTED = '{"title": ..., "turns": [{"speaker": ..., "time": ..., "text": ...}]}'


def parse_transcript(text: str) -> Parsed:
    """Return a call's text with a heading of speaker, role and time over each turn.

    Parameters
    ----------
    text : str
        JSON object with ``turns``, each an object with ``text`` and, where known,
        ``speaker``, ``role`` and ``time``. Its other entries are metadata.

    Raises
    ------
    DataError
        If it is no JSON of that form; the message says which turn.
    """
    try:
        stored = json.loads(text)
    except ValueError as error:
        raise DataError(f"no JSON: {error}; a transcript is {_WANTED}") from error
    turns = stored.get("turns") if isinstance(stored, dict) else None
    if not isinstance(turns, list) or not turns:
        raise DataError(f"no turns; a transcript is {_WANTED}")
    blocks = [_block(number, turn) for number, turn in enumerate(turns, 1)]
    metadata = {
        str(key).lower(): str(value)
        for key, value in stored.items()
        if key not in ("turns", "title") and isinstance(value, str | int)
    }
    return Parsed(("\n\n".join(blocks),), str(stored.get("title") or ""), metadata)


def _block(number: int, turn: Any) -> str:  # noqa: ANN401 # JSON may hold anything
    said = turn.get("text") if isinstance(turn, dict) else None
    if not isinstance(said, str) or not said.strip():
        raise DataError(f"turn {number} has no text; a transcript is {_WANTED}")
    heading = ", ".join(
        str(turn[key]).strip() for key in ("speaker", "role", "time") if turn.get(key)
    )
    return f"## {heading}\n\n{said.strip()}" if heading else said.strip()
