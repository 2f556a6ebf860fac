"""Export of fitted classifiers to ONNX, to run them without this library and without Python."""

from ensemble_hwr.onnx._export import export_onnx, onnx_inputs

__all__ = ["export_onnx", "onnx_inputs"]
