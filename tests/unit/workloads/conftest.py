"""Cases at tiny shapes."""

from collections.abc import Callable
from typing import Any

import pytest

from bench.records.case import Case
from bench.workloads.registry import WORKLOADS


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
            "shape": WORKLOADS[workload].smoke_shape if workload in WORKLOADS else {},
        }
        return Case(**fields | changes)

    return make
