"""Language models that generate text."""

from functools import partial
from typing import Final

from bench.records.case import WorkloadFacts
from bench.workloads.catalogue.offers import CONTIGUOUS, FLOATING, LINEAR_ONLY
from bench.workloads.catalogue.sources import TORCHBENCH

_NO_STATIC_CACHE: Final = {
    "pt2e_int8": "torch.export, which pt2e_int8 needs, takes no input of the class that holds the key-value cache "
    "(StaticCache of transformers); use fx_int8"
}
_NO_INPUTS_FIRST: Final = {
    # Seen in zentorch 2.14.0.1: "On entry to f32f32f32of32, parameter number 9 had an illegal value", and outputs that are
    # not finite.
    "zentorch": "zentorch passes GPT-2's weights, whose first dimension is the inputs, to a kernel that refuses them; use "
    "inductor_freezing"
}

_llm = partial(
    WorkloadFacts,
    family="llm",
    library="transformers",
    phases=("prefill", "decode"),
    precisions=(*FLOATING, "fx_int8", *LINEAR_ONLY),
    unsupported=_NO_STATIC_CACHE,
    memory_formats=CONTIGUOUS,
    smoke_shape={"layers": 1, "vocabulary": 512, "prompt_tokens": 8, "output_tokens": 4},
    unit="tokens",
)

WORKLOADS = (
    _llm(
        name="gpt2",
        parameters=124_439_808,
        parameters_per={"layers": 7_087_872, "vocabulary": 768},
        unsupported={**_NO_STATIC_CACHE, **_NO_INPUTS_FIRST},
        target="bench.workloads.language:build_gpt2",
        summary="GPT-2 small reads a prompt and generates tokens; trains with Adam on sequences of prompt and output",
        source=f"{TORCHBENCH}: torchbenchmark/models/hf_GPT2, whose inference on a CPU reads 256 tokens; no decoding there",
        batch_size={"inference": 1, "training": 4},
        shape={"layers": 12, "vocabulary": 50_257, "prompt_tokens": 256, "output_tokens": 32},
        bounds={"layers": (1, 12), "vocabulary": (2, 50_257), "prompt_tokens": (1, 768), "output_tokens": (1, 256)},
    ),
    _llm(
        name="gpt2_large",
        parameters=774_030_080,
        parameters_per={"layers": 19_677_440, "vocabulary": 1_280},
        unsupported={**_NO_STATIC_CACHE, **_NO_INPUTS_FIRST},
        target="bench.workloads.language:build_gpt2_large",
        summary="GPT-2 large reads a prompt and generates tokens; trains with Adam on sequences of prompt and output",
        source=f"{TORCHBENCH}: torchbenchmark/models/hf_GPT2_large, with the 256 tokens that hf_GPT2 has on a CPU",
        batch_size={"inference": 1, "training": 4},
        shape={"layers": 36, "vocabulary": 50_257, "prompt_tokens": 256, "output_tokens": 32},
        bounds={"layers": (1, 36), "vocabulary": (2, 50_257), "prompt_tokens": (1, 768), "output_tokens": (1, 256)},
    ),
    _llm(
        name="llama_1b",
        parameters=1_100_048_384,
        parameters_per={"layers": 44_044_288, "vocabulary": 4_096},
        target="bench.workloads.language:build_llama_1b",
        summary="Llama with 1.1 billion parameters reads a prompt and generates tokens; training with Adam and its proof take about 50 GiB",
        source="dimensions of TinyLlama 1.1B (arXiv:2401.02385); TorchBench has no such model on a CPU",
        batch_size={"inference": 1, "training": 1},
        shape={"layers": 22, "vocabulary": 32_000, "prompt_tokens": 128, "output_tokens": 32},
        bounds={"layers": (1, 22), "vocabulary": (2, 32_000), "prompt_tokens": (1, 7680), "output_tokens": (1, 512)},
    ),
    _llm(
        name="qwen3_0_6b",
        parameters=596_049_920,
        parameters_per={"layers": 15_730_944, "vocabulary": 1_024},
        target="bench.workloads.language:build_qwen3_0_6b",
        summary="Qwen3 with 0.6 billion parameters reads a prompt and generates tokens; training with Adam and its proof take about 30 GiB",
        source="dimensions of Qwen/Qwen3-0.6B (arXiv:2505.09388); TorchBench has no such model on a CPU",
        batch_size={"inference": 1, "training": 1},
        shape={"layers": 28, "vocabulary": 151_936, "prompt_tokens": 128, "output_tokens": 32},
        bounds={"layers": (1, 28), "vocabulary": (2, 151_936), "prompt_tokens": (1, 8192), "output_tokens": (1, 2048)},
    ),
)
