"""Compose words, lines and pages from single letters, with exact ground truth.

The pictures test and benchmark segmentation, and are training data for models of non-letters.
"""
