"""Graph neural networks."""

from bench.records.case import WorkloadFacts
from bench.workloads.catalogue.sources import TORCHBENCH

WORKLOADS = (
    WorkloadFacts(
        name="basic_gnn_gcn",
        family="gnn",
        target="bench.workloads.graph:build_basic_gnn_gcn",
        summary="Three graph convolutions over a random graph; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/util/framework/gnn, basic_gnn_gcn",
        precisions=("fp32", "bf16", "amp_bf16"),
        memory_formats=("contiguous",),
        backends=("eager", "inductor_freezing"),
        batch_size={"inference": 1, "training": 1},
        fixed_batch_size=True,
        shape={"nodes": 10_000, "edges": 200_000},
        bounds={"nodes": (1, 10_000_000), "edges": (1, 20_000_000)},
        smoke_shape={"nodes": 200, "edges": 1000},
        unit="graphs",
    ),
)
