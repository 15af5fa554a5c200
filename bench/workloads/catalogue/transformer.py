"""Transformers that read text, sound or images, as encoders or as pairs of encoder and decoder."""

from functools import partial

from bench.records.case import WorkloadFacts
from bench.workloads.catalogue.offers import CONTIGUOUS, EVERY_PRECISION
from bench.workloads.catalogue.sources import TORCHBENCH

_transformer = partial(
    WorkloadFacts,
    family="transformer",
    library="transformers",
    precisions=EVERY_PRECISION,
    memory_formats=CONTIGUOUS,
)

_ENCODERS = (
    _transformer(
        name="bert_base",
        target="bench.workloads.encoder:build_bert_base",
        summary="BERT base with its masked-language-modelling head reads sequences; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/hf_Bert",
        batch_size={"inference": 1, "training": 4},
        shape={"layers": 12, "tokens": 512},
        bounds={"layers": (1, 12), "tokens": (1, 512)},
        smoke_shape={"layers": 1, "tokens": 16},
        unit="sequences",
    ),
    _transformer(
        name="bert_large",
        target="bench.workloads.encoder:build_bert_large",
        summary="BERT large with its masked-language-modelling head reads sequences; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/hf_Bert_large",
        batch_size={"inference": 1, "training": 4},
        shape={"layers": 24, "tokens": 512},
        bounds={"layers": (1, 24), "tokens": (1, 512)},
        smoke_shape={"layers": 1, "tokens": 16},
        unit="sequences",
    ),
    _transformer(
        name="distilbert",
        target="bench.workloads.encoder:build_distilbert",
        summary="DistilBERT base with its masked-language-modelling head reads sequences; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/hf_DistilBert",
        batch_size={"inference": 1, "training": 8},
        shape={"layers": 6, "tokens": 512},
        bounds={"layers": (1, 6), "tokens": (1, 512)},
        smoke_shape={"layers": 1, "tokens": 16},
        unit="sequences",
    ),
    _transformer(
        name="roberta_base",
        target="bench.workloads.encoder:build_roberta_base",
        summary="RoBERTa base with its masked-language-modelling head reads sequences; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/hf_Roberta_base",
        batch_size={"inference": 1, "training": 4},
        shape={"layers": 12, "tokens": 512},
        bounds={"layers": (1, 12), "tokens": (1, 512)},
        smoke_shape={"layers": 1, "tokens": 16},
        unit="sequences",
    ),
    _transformer(
        name="albert_base",
        target="bench.workloads.encoder:build_albert_base",
        summary="ALBERT base v2, one layer's weights used twelve times, reads sequences; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/hf_Albert",
        batch_size={"inference": 1, "training": 8},
        shape={"layers": 12, "tokens": 512},
        bounds={"layers": (1, 12), "tokens": (1, 512)},
        smoke_shape={"layers": 2, "tokens": 16},
        unit="sequences",
    ),
    _transformer(
        name="electra_base",
        target="bench.workloads.encoder:build_electra_base",
        summary="ELECTRA base predicts for each token whether it was replaced; training with Adam",
        source="dimensions of google/electra-base-discriminator; batch sizes and tokens of TorchBench's hf_Bert",
        batch_size={"inference": 1, "training": 4},
        shape={"layers": 12, "tokens": 512},
        bounds={"layers": (1, 12), "tokens": (1, 512)},
        smoke_shape={"layers": 1, "tokens": 16},
        unit="sequences",
    ),
    _transformer(
        name="deberta_v3_base",
        target="bench.workloads.encoder:build_deberta_v3_base",
        summary="DeBERTa v3 base, whose attention knows distances, reads sequences; training with Adam",
        source="dimensions of microsoft/deberta-v3-base; batch sizes and tokens of TorchBench's hf_Bert",
        batch_size={"inference": 1, "training": 4},
        shape={"layers": 12, "tokens": 512},
        bounds={"layers": (1, 12), "tokens": (1, 512)},
        smoke_shape={"layers": 1, "tokens": 16},
        unit="sequences",
    ),
)

_SEQUENCE_TO_SEQUENCE = (
    _transformer(
        name="t5_small",
        target="bench.workloads.sequence_to_sequence:build_t5_small",
        summary="T5 small: the encoder and one pass of the decoder over a given target; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/hf_T5, whose inference on a CPU reads 512 tokens",
        batch_size={"inference": 1, "training": 8},
        shape={"layers": 6, "tokens": 512, "target_tokens": 512},
        bounds={"layers": (1, 6), "tokens": (1, 2048), "target_tokens": (1, 2048)},
        smoke_shape={"layers": 1, "tokens": 16, "target_tokens": 8},
        unit="sequences",
    ),
    _transformer(
        name="t5_base",
        target="bench.workloads.sequence_to_sequence:build_t5_base",
        summary="T5 base: the encoder and one pass of the decoder over a given target; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/hf_T5_base, with the 512 tokens that hf_T5 has on a CPU",
        batch_size={"inference": 1, "training": 8},
        shape={"layers": 12, "tokens": 512, "target_tokens": 512},
        bounds={"layers": (1, 12), "tokens": (1, 2048), "target_tokens": (1, 2048)},
        smoke_shape={"layers": 1, "tokens": 16, "target_tokens": 8},
        unit="sequences",
    ),
    _transformer(
        name="bart_base",
        target="bench.workloads.sequence_to_sequence:build_bart_base",
        summary="BART base: the encoder and one pass of the decoder over a given target; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/hf_Bart",
        batch_size={"inference": 1, "training": 4},
        shape={"layers": 6, "tokens": 512, "target_tokens": 512},
        bounds={"layers": (1, 6), "tokens": (1, 1024), "target_tokens": (1, 1024)},
        smoke_shape={"layers": 1, "tokens": 16, "target_tokens": 8},
        unit="sequences",
    ),
)

_BEYOND_TEXT = (
    _transformer(
        name="whisper_base",
        target="bench.workloads.speech:build_whisper_base",
        summary="Whisper base: the encoder over 30 seconds and one pass of the decoder over a given target; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/hf_Whisper, with the decoder in the place of its classifier",
        batch_size={"inference": 8, "training": 8},
        shape={"layers": 6, "seconds": 30, "target_tokens": 64},
        bounds={"layers": (1, 6), "seconds": (1, 30), "target_tokens": (1, 448)},
        smoke_shape={"layers": 1, "seconds": 1, "target_tokens": 8},
        unit="recordings",
    ),
    _transformer(
        name="wav2vec2_base",
        target="bench.workloads.speech:build_wav2vec2_base",
        summary="wav2vec 2.0 base transcribes sound to letters; training with Adam and the CTC loss",
        source="dimensions of facebook/wav2vec2-base-960h; TorchBench has no such model",
        batch_size={"inference": 1, "training": 4},
        shape={"layers": 12, "seconds": 10},
        bounds={"layers": (1, 12), "seconds": (1, 30)},
        smoke_shape={"layers": 1, "seconds": 1},
        unit="recordings",
    ),
    _transformer(
        name="clip_vit_b_32",
        target="bench.workloads.contrastive:build_clip_vit_b_32",
        summary="CLIP with a ViT-B/32 matches images with texts; training with Adam",
        source=f"{TORCHBENCH}: torchbenchmark/models/hf_clip",
        batch_size={"inference": 32, "training": 32},
        shape={"layers": 12, "tokens": 77, "image_size": 224},
        bounds={"layers": (1, 12), "tokens": (1, 77), "image_size": (32, 1024)},
        smoke_shape={"layers": 1, "tokens": 8, "image_size": 64},
        unit="pairs",
    ),
)

WORKLOADS = (*_ENCODERS, *_SEQUENCE_TO_SEQUENCE, *_BEYOND_TEXT)
