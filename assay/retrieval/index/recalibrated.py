"""The same index with another gate: a version of its own, without building it again."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from assay.retrieval.index.build import building_folder, seal, standing_version
from assay.retrieval.index.disk import file_digest, text_digest, write_whole
from assay.retrieval.index.manifest import IndexManifest, verified_manifest
from assay.retrieval.search import Defaults, stored_form

CALIBRATION, WEIGHTS = "calibration.json", "weights.json"


def recalibrated_version(
    root: Path, version: str, defaults: Defaults, calibration: Mapping[str, Any]
) -> IndexManifest:
    """Return a version that differs from another in its weights alone.

    Its files are links to those of the other. The same weights and calibration give the
    same version.

    Parameters
    ----------
    root : Path
        Folder of the index.
    version : str
        The version to take over; it stays.
    defaults : Defaults
        Weights of the new version.
    calibration : mapping
        What its gate was fitted to; kept in the version.

    Raises
    ------
    BundleError
        If the version is broken.
    """
    source = root / "versions" / version
    before = verified_manifest(source)
    stored = {
        WEIGHTS: json.dumps(stored_form(defaults)).encode(),
        CALIBRATION: json.dumps(dict(calibration), sort_keys=True, indent=1).encode(),
    }
    name = text_digest(version, *(content.decode() for content in stored.values()))[:16]
    folder = root / "versions" / name
    if standing := standing_version(folder):
        return standing
    with building_folder(root) as building:
        for path in before.files:
            if path not in stored:
                (building / path).parent.mkdir(parents=True, exist_ok=True)
                os.link(source / path, building / path)
        for path, content in stored.items():
            write_whole(building / path, content)
        digests = {path: file_digest(building / path) for path in stored}
        manifest = replace(
            before, version=name, files=dict(sorted({**before.files, **digests}.items()))
        )
        seal(building, folder, manifest)
    return manifest
