"""What was watched, for people: a page, pictures, and Evidently's report."""

from assay.monitoring.report.evidently import evidently_report
from assay.monitoring.report.outcomes import (
    Told,
    outcome_figures,
    outcome_page,
    outcome_plots,
)
from assay.monitoring.report.page import drift_page, watch_page
from assay.monitoring.report.plots import stability_plot, watch_plots

__all__ = [
    "Told",
    "drift_page",
    "evidently_report",
    "outcome_figures",
    "outcome_page",
    "outcome_plots",
    "stability_plot",
    "watch_page",
    "watch_plots",
]
