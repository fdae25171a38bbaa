"""Golden questions in waiting: what readers said of answers, for a person to judge."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assay.errors import DataError
from assay.retrieval.index.disk import text_digest, write_whole

VERDICTS = ("right", "wrong", "should_answer", "should_refuse")


def keep_candidate(root: Path, candidate: Mapping[str, Any]) -> str:
    """Write a candidate durably and return its name.

    Parameters
    ----------
    root : Path
        Folder of the document index; candidates stand in ``candidates`` below it.
    candidate : mapping
        ``verdict`` of `VERDICTS`, ``question``, ``answer_id`` and what the reader
        expected: ``documents``, ``contains``, ``comment``.

    Raises
    ------
    DataError
        If the verdict is another.
    """
    if candidate.get("verdict") not in VERDICTS:
        raise DataError(f"verdict {candidate.get('verdict')!r} is none of {VERDICTS}")
    refuse = candidate["verdict"] == "should_refuse"
    kept = {**candidate, "kind": "near_scope" if refuse else "answerable"}
    content = json.dumps(kept, sort_keys=True, ensure_ascii=False)
    name = text_digest(content)[:24]
    write_whole(root / "candidates" / f"{name}.json", content.encode())
    return name


def read_candidates(root: Path) -> tuple[dict[str, Any], ...]:
    """Return the candidates kept, by name.

    A person turns one into a golden question; none counts before.
    """
    return tuple(
        {"id": path.stem, **json.loads(path.read_bytes())}
        for path in sorted((root / "candidates").glob("*.json"))
    )
