"""What was watched, for people: a page, pictures, and Evidently's report."""

from assay.monitoring.report.evidently import evidently_report
from assay.monitoring.report.outcomes import (
    Told,
    outcome_figures,
    outcome_page,
    outcome_plots,
)
from assay.monitoring.report.page import watch_page
from assay.monitoring.report.plots import watch_plots

__all__ = [
    "Told",
    "evidently_report",
    "outcome_figures",
    "outcome_page",
    "outcome_plots",
    "watch_page",
    "watch_plots",
]
