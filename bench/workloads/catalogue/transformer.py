"""Transformers that read, as encoders or as pairs of encoder and decoder."""

from bench.records.case import WorkloadFacts
from bench.workloads.catalogue.sources import NOT_YET, TORCHBENCH

WORKLOADS = (
    WorkloadFacts(
        name="bert_base",
        family="transformer",
        target="bench.workloads.encoder:build_bert_base",
        summary="BERT base with its language-modelling head reads sequences",
        source=f"{TORCHBENCH}: torchbenchmark/models/hf_Bert",
        precisions=("fp32", "bf16", "amp_bf16"),
        memory_formats=("contiguous",),
        backends=("eager", "inductor_freezing"),
        batch_size={"inference": 1},
        refused={"training": NOT_YET},
        shape={"layers": 12, "tokens": 512},
        bounds={"layers": (1, 12), "tokens": (1, 512)},
        smoke_shape={"layers": 1, "tokens": 16},
        unit="sequences",
    ),
)
