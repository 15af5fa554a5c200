"""Graph neural networks."""

from functools import partial
from typing import Final

from bench.backends.registry import BACKENDS
from bench.records.case import BackendName, Precision, WorkloadFacts
from bench.workloads.catalogue.offers import CONTIGUOUS, EVERY_PRECISION, FLOATING
from bench.workloads.catalogue.sources import TORCHBENCH

_basic = partial(
    WorkloadFacts,
    family="gnn",
    library="torch_geometric",
    precisions=EVERY_PRECISION,
    memory_formats=CONTIGUOUS,
    batch_size={"inference": 1, "training": 1},
    fixed_batch_size=True,
    shape={"nodes": 10_000, "edges": 200_000},
    bounds={"nodes": (1, 10_000_000), "edges": (1, 20_000_000)},
    smoke_shape={"nodes": 200, "edges": 1000},
    unit="graphs",
)
_BASIC_SOURCE = f"{TORCHBENCH}: torchbenchmark/util/framework/gnn"

_sampled = partial(
    WorkloadFacts,
    family="gnn",
    library="torch_geometric",
    source="fan-outs of GraphSAGE (arXiv:1706.02216), classes of TorchBench's gcn and sage, batch size of PyG's examples",
    memory_formats=CONTIGUOUS,
    batch_size={"inference": 1024, "training": 1024},
    shape={"nodes": 200_000, "links": 10},
    bounds={"nodes": (2, 10_000_000), "links": (1, 100)},
    smoke_shape={"nodes": 500, "links": 3},
    unit="nodes",
)

_NO_SCATTER_REDUCE: Final = (
    "OpenVINO has no conversion of aten.scatter_reduce.two, which takes the maximum over neighbours"
)
_WITHOUT_EXPORT: Final[tuple[Precision, ...]] = (*FLOATING, "fx_int8")
_NO_EXPORTED_LOOPS: Final = {
    "pt2e_int8": "the number of edges with self loops added depends on data, and TorchDynamo of torch 2.14.1 fails to "
    "compile the exported graph (KeyError: u0); use fx_int8"
}
_SPARSE_BACKENDS: Final[tuple[BackendName, ...]] = ("eager", "torchscript")
_NO_SPARSE_COMPILER: Final = "torch.compile and torch.export cannot trace what PyG does with a sparse CSR matrix"
_NO_CSR_PRODUCT: Final = "torch multiplies a sparse CSR matrix by features in fp32 only (addmm_out_sparse_csr_impl_mkl)"
_NO_CSR_AUTOCAST: Final = (
    "autocast casts the features and not the sparse CSR matrix, and torch multiplies operands of one data type only"
)
_NOT_COMPILED: Final = {
    "pt2e_int8": _NO_SPARSE_COMPILER,
    **{backend: _NO_SPARSE_COMPILER for backend in BACKENDS if backend not in _SPARSE_BACKENDS},
}

WORKLOADS = (
    _basic(
        name="basic_gnn_gcn",
        target="bench.workloads.graph:build_basic_gnn_gcn",
        summary="Three graph convolutions over a random graph; training with Adam",
        source=f"{_BASIC_SOURCE}, basic_gnn_gcn",
        precisions=_WITHOUT_EXPORT,
        unsupported=_NO_EXPORTED_LOOPS,
    ),
    _basic(
        name="basic_gnn_gin",
        target="bench.workloads.graph:build_basic_gnn_gin",
        summary="A graph isomorphism network of three layers over a random graph; training with Adam",
        source=f"{_BASIC_SOURCE}, basic_gnn_gin",
    ),
    _basic(
        name="basic_gnn_sage",
        target="bench.workloads.graph:build_basic_gnn_sage",
        summary="GraphSAGE of three layers over a random graph; training with Adam",
        source=f"{_BASIC_SOURCE}, basic_gnn_sage",
    ),
    _basic(
        name="basic_gnn_edgecnn",
        unsupported={"openvino": _NO_SCATTER_REDUCE},
        target="bench.workloads.graph:build_basic_gnn_edgecnn",
        summary="Three edge convolutions over a random graph: two matrices for every edge; training with Adam",
        source=f"{_BASIC_SOURCE}, basic_gnn_edgecnn",
    ),
    _basic(
        name="basic_gnn_gat",
        precisions=_WITHOUT_EXPORT,
        unsupported={"openvino": _NO_SCATTER_REDUCE, **_NO_EXPORTED_LOOPS},
        target="bench.workloads.graph:build_basic_gnn_gat",
        summary="Graph attention of three layers over a random graph; training with Adam",
        source=f"the graph and dimensions of {_BASIC_SOURCE}, which has no basic_gnn_gat",
    ),
    _sampled(
        name="sampled_gcn",
        target="bench.workloads.sampled_graph:build_sampled_gcn",
        summary="Two graph convolutions classify nodes in sampled mini-batches of a power-law graph; training with Adam",
        precisions=_WITHOUT_EXPORT,
        unsupported=_NO_EXPORTED_LOOPS,
    ),
    _sampled(
        name="sampled_sage",
        target="bench.workloads.sampled_graph:build_sampled_sage",
        summary="GraphSAGE classifies nodes in sampled mini-batches of a power-law graph; training with Adam",
        precisions=EVERY_PRECISION,
    ),
    _sampled(
        name="sampled_gcn_sparse",
        target="bench.workloads.sampled_graph:build_sampled_gcn_sparse",
        summary="As sampled_gcn, with the adjacency as a sparse CSR matrix",
        precisions=("fp32", "fx_int8"),
        unsupported={
            "bf16": _NO_CSR_PRODUCT,
            "fp16": _NO_CSR_PRODUCT,
            "amp_bf16": _NO_CSR_PRODUCT,
            "amp_fp16": _NO_CSR_PRODUCT,
            **_NOT_COMPILED,
        },
        backends=_SPARSE_BACKENDS,
    ),
    _sampled(
        name="sampled_sage_sparse",
        target="bench.workloads.sampled_graph:build_sampled_sage_sparse",
        summary="As sampled_sage, with the adjacency as a sparse CSR matrix",
        precisions=("fp32", "bf16", "fp16", "fx_int8"),
        unsupported={"amp_bf16": _NO_CSR_AUTOCAST, "amp_fp16": _NO_CSR_AUTOCAST, **_NOT_COMPILED},
        backends=_SPARSE_BACKENDS,
    ),
)
