"""What was watched, for people: a page, pictures, and Evidently's report."""

from assay.monitoring.report.evidently import evidently_report
from assay.monitoring.report.page import watch_page
from assay.monitoring.report.plots import watch_plots

__all__ = ["evidently_report", "watch_page", "watch_plots"]
