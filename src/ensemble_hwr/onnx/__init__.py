"""Fitted classifiers as ONNX graphs, which run without this library, and without Python."""

from ensemble_hwr.onnx._export import export_onnx, onnx_inputs

__all__ = ["export_onnx", "onnx_inputs"]
