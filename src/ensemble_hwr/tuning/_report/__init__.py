"""The tuning report: one HTML file that loads nothing."""

from ensemble_hwr.tuning._report._page import render_tuning_report, write_tuning_report

__all__ = ["render_tuning_report", "write_tuning_report"]
