"""Folders that save_pretrained writes, with and without weights, by task."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedConfig,
    PreTrainedModel,
    T5Config,
    T5ForConditionalGeneration,
    ViTConfig,
    ViTForImageClassification,
    Wav2Vec2Config,
    Wav2Vec2ForCTC,
    WhisperConfig,
    WhisperForConditionalGeneration,
)

from bench.errors import UsageError
from bench.records.case import Mode
from bench.variants.prepare import prepare
from bench.worker.prove import prove
from tests.unit.workloads.sources.located import build, locate, make_case

pytestmark = pytest.mark.torch

_TINY = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
BERT = BertConfig(vocab_size=100, **_TINY)
LLAMA = LlamaConfig(vocab_size=100, num_key_value_heads=1, **_TINY)
MODELS: dict[str, tuple[type[PreTrainedModel], PreTrainedConfig, tuple[Mode, ...]]] = {
    "masked_language_model": (BertForMaskedLM, BERT, ("inference", "training")),
    "text_classification": (BertForSequenceClassification, BERT, ("inference", "training")),
    "causal_language_model": (LlamaForCausalLM, LLAMA, ("inference", "training")),
    "sequence_to_sequence": (
        T5ForConditionalGeneration,
        T5Config(vocab_size=100, d_model=32, d_kv=16, d_ff=64, num_layers=1, num_heads=2),
        ("inference", "training"),
    ),
    "image_classification": (
        ViTForImageClassification,
        ViTConfig(image_size=32, patch_size=16, **_TINY),
        ("inference", "training"),
    ),
    "speech_recognition": (
        Wav2Vec2ForCTC,
        Wav2Vec2Config(vocab_size=20, num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2, **_TINY),
        ("inference",),
    ),
    "speech_to_text": (
        WhisperForConditionalGeneration,
        WhisperConfig(
            vocab_size=100,
            d_model=32,
            encoder_layers=1,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=64,
            decoder_ffn_dim=64,
            max_source_positions=50,
            max_target_positions=16,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
            decoder_start_token_id=1,
        ),
        ("inference",),
    ),
}


def save(folder: Path, task: str, *, weights: bool) -> str:
    """Write a folder as save_pretrained does, and return the word that names it."""
    model_class, config, _ = MODELS[task]
    torch.manual_seed(3)
    model_class(config).save_pretrained(folder)
    if not weights:
        (folder / "model.safetensors").unlink()
    return f"hf:{folder}"


@pytest.mark.parametrize("task", MODELS)
def test_a_folder_is_measured_by_the_task_of_its_class(task: str, tmp_path: Path) -> None:
    located = locate(save(tmp_path / "Tiny-Model", task, weights=False))
    (row,) = located.source.workloads
    assert (row.name, row.target.partition(":")[0]) == ("hf.tiny_model", task)
    assert row.summary.endswith("; weights by bench's generator, as none lie there")
    assert row.parameters > 0
    for mode in MODELS[task][2]:
        for phase in row.phases if mode == "inference" and row.phases else (None,):
            case = make_case(located, mode=mode, phase=phase)
            workload = build(located, case)
            prepared = prepare(workload, case)
            with prepared.context():
                prepared.call()
            assert prove(workload, prepared, case, located).correctness.passed, (mode, phase)


@pytest.mark.parametrize("phase", ["prefill", "decode"])
@pytest.mark.parametrize(
    ("precision", "group_size"), [("int8_weight_only", None), ("int4_weight_only", 32), ("int8_dynamic", None)]
)
def test_a_language_models_linear_layers_are_quantized(
    precision: str, group_size: int | None, phase: str, tmp_path: Path
) -> None:
    located = locate(save(tmp_path / "llama", "causal_language_model", weights=True))
    assert precision in located.source.workloads[0].precisions
    case = make_case(located, precision=precision, group_size=group_size, phase=phase)
    workload = build(located, case)
    prepared = prepare(workload, case)
    with prepared.context():
        prepared.call()
    proof = prove(workload, prepared, case, located)
    assert proof.correctness.passed, proof.correctness
    # 100 tokens are no multiple of the 16 rows that torch's kernel for int4 takes.
    assert proof.evidence["quantized_layers"] == ("7 of 8" if group_size else "8 of 8")


def test_weights_that_lie_there_are_used(tmp_path: Path) -> None:
    located = locate(save(tmp_path / "bert", "masked_language_model", weights=True))
    assert located.source.workloads[0].summary.endswith("; weights from the folder")
    torch.manual_seed(3)
    wanted = BertForMaskedLM(BERT).state_dict()
    for precision, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        built = build(located, make_case(located, precision=precision)).model.state_dict()
        assert all(torch.equal(built[f"model.{name}"], tensor.to(dtype)) for name, tensor in wanted.items())


def test_weights_that_lack_some_of_the_class_are_refused(tmp_path: Path) -> None:
    word = save(tmp_path / "bert", "masked_language_model", weights=True)
    config = tmp_path / "bert/config.json"
    config.write_text(config.read_text().replace("BertForMaskedLM", "BertForSequenceClassification"))
    located = locate(word)
    with pytest.raises(UsageError, match=r"lack 4 of those of BertForSequenceClassification, such as bert\.pooler"):
        build(located, make_case(located))


def test_a_folder_that_was_changed_since_it_was_hashed_is_refused(tmp_path: Path) -> None:
    located = locate(save(tmp_path / "bert", "masked_language_model", weights=False))
    (tmp_path / "bert/more").touch()
    with pytest.raises(UsageError, match="bert was changed"):
        build(located, make_case(located))


def without_architecture(folder: Path) -> None:
    config = folder / "config.json"
    config.write_text(config.read_text().replace("BertForMaskedLM", "MyOwnBert"))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda folder: (folder / "pytorch_model.bin").write_bytes(b"\x80\x04N."), "is a pickle, which can hold code"),
        (lambda folder: (folder / "config.json").unlink(), "holds no config.json"),
        (lambda folder: (folder / "config.json").write_text("{}"), "config.json: Unrecognized model"),
        (without_architecture, "MyOwnBert is no class of transformers"),
    ],
    ids=["pickled weights", "no configuration", "an empty configuration", "a class of its own"],
)
def test_what_cannot_be_read_without_running_code_is_refused(
    change: Callable[[Path], object], problem: str, tmp_path: Path
) -> None:
    folder = tmp_path / "bert"
    word = save(folder, "masked_language_model", weights=False)
    (folder / "README").touch()
    change(folder)
    with pytest.raises(UsageError, match=problem):
        locate(word)


def test_a_class_of_no_task_is_refused_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "bert"
    word = save(folder, "masked_language_model", weights=False)
    config = folder / "config.json"
    config.write_text(config.read_text().replace("BertForMaskedLM", "BertForQuestionAnswering"))
    with pytest.raises(UsageError, match="BertForQuestionAnswering is for no task that bench measures"):
        locate(word)
