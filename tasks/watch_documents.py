"""From a fitted challenger to the files that monitoring compares with."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pandas as pd

from assay.errors import DataError
from assay.models import Fitted
from assay.monitoring.estimation import (
    CALIBRATION,
    fit_recalibration,
    recalibration_bytes,
)
from assay.monitoring.joint import JOINT, joint_bytes, joint_reference
from assay.monitoring.profile import PROFILE, profile_bytes, profile_frame


def monitoring_documents(fitted: Fitted, frame: pd.DataFrame) -> dict[str, bytes]:
    """Return reference profile, joint reference and calibration, by file name.

    The profile is of the rows that no tree was grown on: on its own training rows a
    model is too sure, and every later window would seem to have moved. A holdout too
    small for a calibration leaves its file out; monitoring then says what it lacks.
    """
    unseen = np.concatenate((fitted.split.calibration, fitted.split.holdout))
    rows = frame.iloc[unseen]
    profile = profile_frame(rows, fitted.contract, fitted.probabilities(rows))
    documents = {PROFILE: profile_bytes(profile)}
    # A free text or few rows: the columns are watched one by one.
    with suppress(DataError):
        joint = joint_reference(rows, fitted.contract, np.random.default_rng(0))
        documents[JOINT] = joint_bytes(joint)
    try:
        line = fit_recalibration(fitted.holdout_probabilities, fitted.holdout_labels)
    except DataError:
        return documents
    return {**documents, CALIBRATION: recalibration_bytes(line)}
