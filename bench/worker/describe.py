"""`python -m bench.worker.describe`: the software of the interpreter that this runs in, on standard output."""

import sys
from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType

NEEDED: Mapping[str, str] = MappingProxyType(
    {
        "cpuinfo": "py-cpuinfo",
        "msgspec": "msgspec",
        "numpy": "numpy",
        "setuptools": "setuptools",
        "torch": "torch",
        "torch_geometric": "torch-geometric",
        "torchao": "torchao",
        "torchvision": "torchvision",
        "transformers": "transformers",
        "typing_extensions": "typing-extensions",
    }
)
"""Module → distribution, of all that workers import for any workload; engines of single backends are in their rows."""


def main() -> None:
    """Describe it, and make sure first that a worker could begin; what is missing is named all at once."""
    missing = [distribution for module, distribution in NEEDED.items() if find_spec(module) is None]
    if missing:
        sys.exit(f"it lacks {', '.join(missing)}")
    import torch

    from bench.bundle.environment import describe_environment
    from bench.records.record import encode_json

    del torch
    sys.stdout.buffer.write(encode_json(describe_environment()))


if __name__ == "__main__":
    main()
