"""Hierarchical ensembles of small neural networks for handwritten letters."""

__version__ = "0.1.0"
