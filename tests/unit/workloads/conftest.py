"""Cases at tiny shapes."""

from collections.abc import Callable
from typing import Any

import pytest

from bench.records.case import Case

TINY_SHAPES: dict[str, dict[str, int]] = {
    "resnet50": {"image_size": 64},
    "mobilenet_v2": {"image_size": 64},
    "bert_base": {"layers": 1, "tokens": 16},
    "gpt2": {"layers": 1, "prompt_tokens": 8},
    "llama_1b": {"layers": 1, "prompt_tokens": 8, "output_tokens": 4},
    "basic_gnn_gcn": {"nodes": 200, "edges": 1000},
}


@pytest.fixture
def make_case() -> Callable[..., Case]:
    def make(workload: str, **changes: Any) -> Case:
        fields: dict[str, Any] = {
            "workload": workload,
            "mode": "inference",
            "phase": None,
            "precision": "fp32",
            "memory_format": "contiguous",
            "backend": "eager",
            "batch_size": 1,
            "shape": TINY_SHAPES.get(workload, {}),
        }
        return Case(**fields | changes)

    return make
