"""HTML reports: page templates, number formats, axes and charts as inline SVG.

The functions here take plain numbers, text and the mappings that :func:`~ensemble_hwr.evaluation.summarise` returns. To
write a report of a comparison, use :func:`ensemble_hwr.evaluation.write_report`.

``report.page`` holds the templates, ``report.formats`` the number formats, ``report.axes`` ticks and label placement,
``report.frontier`` and ``report.charts`` the charts, ``report.comparison`` the page of a comparison.
"""
