"""Language models that write."""

from bench.records.case import WorkloadFacts
from bench.workloads.catalogue.sources import NOT_YET, TORCHBENCH

WORKLOADS = (
    WorkloadFacts(
        name="gpt2",
        family="llm",
        target="bench.workloads.language:build_gpt2",
        summary="GPT-2 small reads a prompt",
        source=f"{TORCHBENCH}: torchbenchmark/models/hf_GPT2, whose inference on a CPU reads 256 tokens",
        phases=("prefill",),
        precisions=("fp32", "bf16", "amp_bf16"),
        memory_formats=("contiguous",),
        backends=("eager", "inductor_freezing"),
        batch_size={"inference": 1},
        refused={"training": NOT_YET},
        shape={"layers": 12, "prompt_tokens": 256},
        bounds={"layers": (1, 12), "prompt_tokens": (1, 1024)},
        smoke_shape={"layers": 1, "prompt_tokens": 8},
        unit="tokens",
    ),
    WorkloadFacts(
        name="llama_1b",
        family="llm",
        target="bench.workloads.language:build_llama_1b",
        summary="Llama with 1.1 billion parameters reads a prompt and writes tokens",
        source="dimensions of TinyLlama 1.1B (arXiv:2401.02385); TorchBench has no such model on a CPU",
        phases=("prefill", "decode"),
        precisions=("bf16", "fp32"),
        memory_formats=("contiguous",),
        backends=("eager", "inductor_freezing"),
        batch_size={"inference": 1},
        refused={"training": NOT_YET},
        shape={"layers": 22, "prompt_tokens": 128, "output_tokens": 32},
        bounds={"layers": (1, 22), "prompt_tokens": (1, 1536), "output_tokens": (1, 512)},
        smoke_shape={"layers": 1, "prompt_tokens": 8, "output_tokens": 4},
        unit="tokens",
    ),
)
