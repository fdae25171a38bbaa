"""Which version answers: the switch, the way back, and what serves when one is broken."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.errors import BundleError, RegistryError
from assay.retrieval.index.disk import write_whole
from assay.retrieval.index.manifest import (
    IndexManifest,
    manifest_digest,
    verified_manifest,
)
from assay.retrieval.parts import Encode
from assay.retrieval.parts.folder import read_parts
from assay.retrieval.search import Engine, defaults_from, open_engine
from assay.retrieval.words.stemming import stem

EncoderOf = Callable[[str], Encode]


@dataclass(frozen=True, slots=True)
class OpenIndex:
    """A version that was checked and is in memory.

    Attributes
    ----------
    manifest : IndexManifest
        What it is made of.
    engine : Engine
        Answers searches.
    texts : mapping of str to str
        Text of each document, which all spans count.
    titles : mapping of str to str
        Title of each document.
    calibration : mapping
        What the gate was fitted to; empty for the gate that ships.
    """

    manifest: IndexManifest
    engine: Engine
    texts: Mapping[str, str]
    titles: Mapping[str, str]
    calibration: Mapping[str, Any] = field(default_factory=dict)

    def knows(self, word: str) -> bool:
        """Return whether a word, lower case and not stemmed, occurs in the index."""
        return stem(word) in self.engine.parts.lexical.vocabulary

    @property
    def version(self) -> str:
        """Name of the version."""
        return self.manifest.version


def current_version(root: Path) -> str | None:
    """Return the version that the index points to, None where it points to none."""
    history = _history(root)
    return history[-1] if history else None


def promote_version(root: Path, version: str, report: Mapping[str, Any]) -> None:
    """Make a version the current one, after its evaluation let it pass.

    Parameters
    ----------
    root : Path
        Folder of the index.
    version : str
        Version to switch to.
    report : mapping
        Report of its evaluation, kept beside it. ``passed`` must be true.

    Raises
    ------
    BundleError
        If the version is broken or its evaluation did not pass; the current one stays.
    """
    folder = root / "versions" / version
    verified_manifest(folder)
    sealed = {**report, "version": version, "manifest_digest": manifest_digest(folder)}
    content = json.dumps(sealed, indent=1, sort_keys=True).encode()
    write_whole(root / "evaluations" / f"{version}.json", content)
    if report.get("passed") is not True:
        raise BundleError(
            f"index {version} did not pass its evaluation and stays out of service: "
            + "; ".join(map(str, report.get("failures", ["no verdict"])))
        )
    history = _history(root)
    if history[-1:] != [version]:
        _point(root, [*history, version])


def roll_back(root: Path) -> str:
    """Point back to the version before the current one and return it.

    Raises
    ------
    RegistryError
        If there is none.
    BundleError
        If it is broken; the current one stays.
    """
    history = _history(root)
    if len(history) < 2:
        raise RegistryError("there is no version before the current one to go back to")
    verified_manifest(root / "versions" / history[-2])
    _point(root, history[:-1])
    return history[-2]


def open_version(root: Path, version: str, encoder_of: EncoderOf) -> OpenIndex:
    """Open a version after every byte of it was checked.

    Parameters
    ----------
    root : Path
        Folder of the index.
    version : str
        Which one.
    encoder_of : callable
        Name of an encoder to the encoder of queries.

    Raises
    ------
    BundleError
        If a file is absent, altered or unreadable.
    """
    folder = root / "versions" / version
    manifest = verified_manifest(folder)
    parts = read_parts(folder / "parts")
    if len(parts.passages) != manifest.n_passages:
        raise BundleError(
            f"index {version} has {len(parts.passages)} passages, its manifest says "
            f"{manifest.n_passages}; build it again"
        )
    stored = (folder / "texts.jsonl").read_text("utf-8").split("\n")
    documents = [json.loads(line) for line in stored if line]
    return OpenIndex(
        manifest=manifest,
        engine=open_engine(
            parts,
            encoder_of(manifest.encoder),
            defaults=defaults_from(json.loads((folder / "weights.json").read_text())),
        ),
        texts={one["document_id"]: one["text"] for one in documents},
        titles={one["document_id"]: one["title"] for one in documents},
        calibration=_calibration(folder / "calibration.json"),
    )


def open_current(
    root: Path, encoder_of: EncoderOf, held: OpenIndex | None = None
) -> tuple[OpenIndex, str]:
    """Return the index that answers now, and what is wrong if it is not the current one.

    Parameters
    ----------
    root : Path
        Folder of the index.
    encoder_of : callable
        Name of an encoder to the encoder of queries.
    held : OpenIndex, optional
        What answered until now. It stays if the current version is broken, else the
        newest earlier version that holds is opened.

    Returns
    -------
    OpenIndex
        The index.
    str
        Empty where the current version answers.

    Raises
    ------
    RegistryError
        If no version was ever promoted.
    BundleError
        If every promoted version is broken.
    """
    history = _history(root)
    if not history:
        raise RegistryError("no index is current; run the flow index-documents first")
    if held is not None and held.version == history[-1]:
        return held, ""
    problems: list[str] = []
    for version in dict.fromkeys(reversed(history)):
        if held is not None and problems:
            return held, problems[0]
        try:
            return open_version(root, version, encoder_of), "; ".join(problems)
        except BundleError as error:
            problems.append(str(error))
    if held is not None:
        return held, problems[0]
    raise BundleError("no index version can be opened: " + "; ".join(problems))


def _calibration(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_bytes())) if path.is_file() else {}


def _history(root: Path) -> list[str]:
    try:
        stored = json.loads((root / "current.json").read_bytes())
        return [str(version) for version in stored["versions"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(
            f"current.json of the index cannot be read: {error}; restore it"
        ) from error


def _point(root: Path, history: list[str]) -> None:
    # The switch is this one rename: the last version is current, the others lead back.
    content = json.dumps({"versions": history}, indent=1)
    write_whole(root / "current.json", content.encode())
