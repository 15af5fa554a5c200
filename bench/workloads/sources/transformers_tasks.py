"""What classes of transformers are for: inputs, dimensions and losses by task."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from inspect import signature
from types import MappingProxyType
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers.configuration_utils import PreTrainedConfig
from transformers.models.auto import modeling_auto
from typing_extensions import override

from bench.errors import UsageError
from bench.interface.workload import Workload
from bench.records.case import Case, WorkloadFacts
from bench.workloads.assembly import assemble_filled, token_loss
from bench.workloads.catalogue.offers import CONTIGUOUS, EVERY_PRECISION
from bench.workloads.encoder import TextEncoder
from bench.workloads.generation import LanguageModel
from bench.workloads.inputs import integer_tensor, uniform_tensor
from bench.workloads.iterations import Loss
from bench.workloads.language import assemble_language_model
from bench.workloads.sequence_to_sequence import EncoderDecoder
from bench.workloads.sources.transformers_rows import (
    image_row,
    language_row,
    read_vocabulary,
    sound_row,
    spectrum_row,
    text_row,
    translation_row,
)
from bench.workloads.speech import SpeechEncoder, SpeechToText

Fill = Callable[[], None]

_SAMPLES_PER_S = 16_000


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task.

    Attributes:
        name: Of the task.
        summary: In words.
        tables: Names of transformers' tables from a model's type to its class for this task.
        wrap: Makes the module that is measured: with tensors in and one tensor out.
        row: Makes the facts, without name, target, summary and source.
        assemble: Makes the workload of the wrapped model.
        requires: Parameters that the class's `forward` must have.
    """

    name: str
    summary: str
    tables: tuple[str, ...]
    wrap: Callable[[nn.Module], nn.Module]
    row: Callable[[PreTrainedConfig], Mapping[str, Any]]
    assemble: Callable[[Case, PreTrainedConfig, nn.Module, Fill], Workload]
    requires: tuple[str, ...]

    def make_row(self, config: PreTrainedConfig) -> WorkloadFacts:
        """Return the facts of a model of this configuration."""
        fields = {"memory_formats": CONTIGUOUS, "precisions": EVERY_PRECISION, **self.row(config)}
        return WorkloadFacts(
            name="hf.x",
            target="",
            summary="",
            source="",
            library="transformers",
            batch_size=fields.pop("batch_size", {"inference": 1, "training": 1}),
            smoke_shape=fields.pop("smoke_shape", fields["shape"]),
            **fields,
        )


class ImageModel(nn.Module):
    """A model of transformers that reads images, with its logits as the only output."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    @override
    def forward(self, pixel_values: Tensor) -> Tensor:
        """Return logits of `pixel_values`, batch × channels × height × width."""
        logits: Tensor = self.model(pixel_values=pixel_values).logits
        return logits


def find_task(config: PreTrainedConfig, model_class: type[nn.Module]) -> Task:
    """Return the task of a class.

    Raises:
        UsageError: it is for none that bench measures, or takes other inputs than its task's models.
    """
    parameters = signature(model_class.forward).parameters
    for task in TASKS.values():
        named = {getattr(modeling_auto, table).get(config.model_type) for table in task.tables}
        if model_class.__name__ not in {name for entry in named for name in _names(entry)}:
            continue
        missing = [name for name in task.requires if name not in parameters]
        if missing:
            raise UsageError(
                f"{model_class.__name__} is measured in {task.summary}, and its forward takes no {', '.join(missing)}; give it "
                "as a file, --workload ./my_models.py"
            )
        return task
    raise UsageError(
        f"{model_class.__name__} is for no task that bench measures ({', '.join(TASKS)}); give it as a file, "
        "--workload ./my_models.py"
    )


def _names(entry: object) -> tuple[str, ...]:
    if isinstance(entry, str):
        return (entry,)
    return tuple(map(str, entry)) if isinstance(entry, tuple | list) else ()


def _tokens(name: str, case: Case, dimension: str, below: int) -> Tensor:
    return integer_tensor(name, (case.batch_size, case.shape[dimension]), below=below)


def _assemble_text(
    case: Case, config: PreTrainedConfig, model: nn.Module, fill: Fill, *, loss: Loss, labels: Callable[..., Tensor]
) -> Workload:
    inputs = {"input_ids": _tokens("tokens", case, "tokens", read_vocabulary(config))}
    return assemble_filled(case, model, inputs, fill=fill, loss=loss, target=partial(labels, case, config))


def _assemble_translation(case: Case, config: PreTrainedConfig, model: nn.Module, fill: Fill) -> Workload:
    below = read_vocabulary(config)
    inputs = {
        "input_ids": _tokens("tokens", case, "tokens", below),
        "decoder_input_ids": _tokens("target_tokens", case, "target_tokens", below),
    }
    target = partial(_tokens, "labels", case, "target_tokens", below)
    return assemble_filled(case, model, inputs, fill=fill, loss=token_loss, target=target)


def _assemble_image(case: Case, config: PreTrainedConfig, model: nn.Module, fill: Fill) -> Workload:
    size, channels = case.shape["image_size"], getattr(config, "num_channels", 3)
    inputs = {"pixel_values": uniform_tensor("images", (case.batch_size, channels, size, size))}
    target = partial(_class_labels, case, config)
    return assemble_filled(case, model, inputs, fill=fill, loss=cross_entropy, target=target)


def _assemble_sound(case: Case, config: PreTrainedConfig, model: nn.Module, fill: Fill) -> Workload:
    del config
    samples = case.shape["seconds"] * _SAMPLES_PER_S
    inputs = {"input_values": uniform_tensor("sound", (case.batch_size, samples))}
    return assemble_filled(case, model, inputs, fill=fill, loss=cross_entropy, target=_no_labels)


def _assemble_spectrum(case: Case, config: PreTrainedConfig, model: nn.Module, fill: Fill) -> Workload:
    spectrum = (case.batch_size, config.num_mel_bins, 2 * config.max_source_positions)
    inputs = {
        "input_features": uniform_tensor("spectrum", spectrum),
        "decoder_input_ids": _tokens("target_tokens", case, "target_tokens", read_vocabulary(config)),
    }
    return assemble_filled(case, model, inputs, fill=fill, loss=token_loss, target=_no_labels)


def _no_labels() -> Tensor:
    raise UsageError("speech models of a folder do not train here")


def _class_labels(case: Case, config: PreTrainedConfig) -> Tensor:
    if config.num_labels < 2:
        raise UsageError(f"{case.workload} has {config.num_labels} class; bench trains classifiers of two and more")
    return integer_tensor("labels", (case.batch_size,), below=config.num_labels)


def _token_class_labels(case: Case, config: PreTrainedConfig) -> Tensor:
    return _tokens("labels", case, "tokens", config.num_labels)


def _token_labels(case: Case, config: PreTrainedConfig) -> Tensor:
    return _tokens("labels", case, "tokens", read_vocabulary(config))


TASKS: Mapping[str, Task] = MappingProxyType(
    {
        task.name: task
        for task in (
            Task(
                name="causal_language_model",
                summary="a prompt read and tokens generated",
                tables=("MODEL_FOR_CAUSAL_LM_MAPPING_NAMES",),
                wrap=LanguageModel,
                row=language_row,
                assemble=assemble_language_model,
                requires=("input_ids", "past_key_values", "logits_to_keep"),
            ),
            Task(
                name="masked_language_model",
                summary="logits of every token",
                tables=("MODEL_FOR_MASKED_LM_MAPPING_NAMES",),
                wrap=TextEncoder,
                row=text_row,
                assemble=partial(_assemble_text, loss=token_loss, labels=_token_labels),
                requires=("input_ids",),
            ),
            Task(
                name="text_classification",
                summary="a class of each text",
                tables=("MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES",),
                wrap=TextEncoder,
                row=text_row,
                assemble=partial(_assemble_text, loss=cross_entropy, labels=_class_labels),
                requires=("input_ids",),
            ),
            Task(
                name="token_classification",
                summary="a class of each token",
                tables=("MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES",),
                wrap=TextEncoder,
                row=text_row,
                assemble=partial(_assemble_text, loss=token_loss, labels=_token_class_labels),
                requires=("input_ids",),
            ),
            Task(
                name="sequence_to_sequence",
                summary="a source read, and one pass over a target",
                tables=("MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES",),
                wrap=EncoderDecoder,
                row=translation_row,
                assemble=_assemble_translation,
                requires=("input_ids", "decoder_input_ids"),
            ),
            Task(
                name="image_classification",
                summary="a class of each image",
                tables=("MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES",),
                wrap=ImageModel,
                row=image_row,
                assemble=_assemble_image,
                requires=("pixel_values",),
            ),
            Task(
                name="speech_recognition",
                summary="letters or a class of sound, from its samples",
                tables=("MODEL_FOR_CTC_MAPPING_NAMES", "MODEL_FOR_AUDIO_CLASSIFICATION_MAPPING_NAMES"),
                wrap=SpeechEncoder,
                row=sound_row,
                assemble=_assemble_sound,
                requires=("input_values",),
            ),
            Task(
                name="speech_to_text",
                summary="a spectrum read, and one pass over a target",
                tables=("MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES",),
                wrap=SpeechToText,
                row=spectrum_row,
                assemble=_assemble_spectrum,
                requires=("input_features", "decoder_input_ids"),
            ),
        )
    }
)
"""Name → task, in the order in which they are tried."""
