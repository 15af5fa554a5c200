"""Recommendation: large tables with few lookups, and small networks."""

from bench.records.case import WorkloadFacts
from bench.workloads.catalogue.offers import CONTIGUOUS, EVERY_PRECISION
from bench.workloads.catalogue.sources import TORCHBENCH

WORKLOADS = (
    WorkloadFacts(
        name="dlrm",
        parameters=514_499_137,
        parameters_per={"rows": 512},
        family="recommendation",
        target="bench.workloads.recommendation:build_dlrm",
        summary="DLRM with eight tables of a million rows predicts clicks; training with SGD and sparse gradients",
        source=f"{TORCHBENCH}: torchbenchmark/models/dlrm",
        precisions=EVERY_PRECISION,
        memory_formats=CONTIGUOUS,
        batch_size={"inference": 2048, "training": 2048},
        shape={"rows": 1_000_000, "lookups": 100},
        bounds={"rows": (1, 10_000_000), "lookups": (1, 1000)},
        smoke_shape={"rows": 1000, "lookups": 4},
        unit="samples",
    ),
)
