"""The comparison as one HTML page that needs nothing but itself."""

from ensemble_hwr.evaluation._report._page import render_report

__all__ = ["render_report"]
