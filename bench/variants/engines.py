"""Engines beyond PyTorch: which packages each needs, and whether they are installed. Loads none of them."""

from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType

from bench.records.case import Backend

PACKAGES: Mapping[Backend, tuple[str, ...]] = MappingProxyType(
    {"onnxruntime": ("onnx", "onnxscript", "onnxruntime"), "openvino": ("openvino",)}
)
"""Backend → packages of the extra `engines` that it is made with and run by."""


def why_not_installed(backend: Backend) -> str | None:
    """Say which packages a backend lacks in this environment and how to get them; None if it lacks none."""
    missing = [package for package in PACKAGES.get(backend, ()) if find_spec(package) is None]
    if not missing:
        return None
    return (
        f"backend {backend} needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed; "
        "install the extra `engines`, locked in images/requirements-engines.lock"
    )
