"""Facts of models of transformers that their configurations say, by task."""

from typing import Any

from transformers.configuration_utils import PreTrainedConfig

from bench.errors import UsageError
from bench.workloads.catalogue.offers import EVERY_FORMAT, FLOATING, LINEAR_ONLY

_TOKENS, _PROMPT_TOKENS, _OUTPUT_TOKENS, _TARGET_TOKENS, _IMAGE_SIZE, _SECONDS = 128, 128, 32, 32, 224, 5
"""Sizes where the configuration has none of its own; as the catalogue's workloads have them."""
_MANY = 1 << 20
"""Positions of a model that has no table of them."""
_OFFSET_POSITIONS = frozenset(
    {"roberta", "xlm-roberta", "camembert", "longformer", "xlm-roberta-xl", "mpnet", "data2vec-text"}
)
"""Types whose positions begin after the padding token's index."""
_NO_SPEECH_TRAINING = {"training": "bench trains no speech models of a folder: their losses differ"}


def read_vocabulary(config: PreTrainedConfig) -> int:
    """Return how many tokens a model knows."""
    size: int = config.get_text_config().vocab_size
    return size


def _positions(config: PreTrainedConfig) -> int:
    """Return how many tokens a sequence may have; a table of positions may have rows before the first."""
    text = config.get_text_config()
    positions = getattr(text, "max_position_embeddings", None) or getattr(text, "n_positions", None) or _MANY
    offset = (text.pad_token_id or 0) + 1 if text.model_type in _OFFSET_POSITIONS else 0
    return max(1, min(_MANY, int(positions)) - offset)


def text_row(config: PreTrainedConfig) -> dict[str, Any]:
    """Return the facts of a model that reads a text."""
    most = _positions(config)
    return {
        "family": "transformer",
        "shape": {"tokens": min(_TOKENS, most)},
        "bounds": {"tokens": (1, most)},
        "smoke_shape": {"tokens": min(16, most)},
        "unit": "sequences",
    }


def language_row(config: PreTrainedConfig) -> dict[str, Any]:
    """Return the facts of a model that reads a prompt and generates tokens.

    Raises:
        UsageError: it has too few positions for that.
    """
    most = _positions(config)
    if most < 4:
        raise UsageError(f"a language model of {most} positions cannot read a prompt and generate tokens")
    output = min(_OUTPUT_TOKENS, most // 2)
    prompt = min(_PROMPT_TOKENS, most - output)
    return {
        "family": "llm",
        "phases": ("prefill", "decode"),
        "precisions": (*FLOATING, "fx_int8", *LINEAR_ONLY),
        "unsupported": {
            "pt2e_int8": "torch.export, which pt2e_int8 needs, takes no input of the class that holds the key-value cache"
        },
        "shape": {"prompt_tokens": prompt, "output_tokens": output},
        "bounds": {"prompt_tokens": (1, most - 1), "output_tokens": (1, most - 1)},
        "smoke_shape": {"prompt_tokens": min(8, prompt), "output_tokens": min(4, output)},
        "unit": "tokens",
    }


def translation_row(config: PreTrainedConfig) -> dict[str, Any]:
    """Return the facts of a model that reads a source and a target."""
    most = _positions(config)
    return {
        "family": "transformer",
        "shape": {"tokens": min(_TOKENS, most), "target_tokens": min(_TARGET_TOKENS, most)},
        "bounds": {"tokens": (1, most), "target_tokens": (1, most)},
        "smoke_shape": {"tokens": min(16, most), "target_tokens": min(8, most)},
        "unit": "sequences",
    }


def image_row(config: PreTrainedConfig) -> dict[str, Any]:
    """Return the facts of a model that reads images.

    Raises:
        UsageError: its images are not square.
    """
    stated = getattr(config, "image_size", None)
    size = stated if isinstance(stated, int) else _IMAGE_SIZE
    if isinstance(stated, list | tuple) and len(set(stated)) != 1:
        raise UsageError(f"its images are {' × '.join(map(str, stated))}; bench measures square ones")
    size = stated[0] if isinstance(stated, list | tuple) else size
    return {
        "family": "vision_transformer",
        "memory_formats": EVERY_FORMAT,
        "shape": {"image_size": size},
        "bounds": {"image_size": (size, size) if stated is not None else (32, 2048)},
        "smoke_shape": {"image_size": size if stated is not None else 64},
        "unit": "images",
    }


def sound_row(config: PreTrainedConfig) -> dict[str, Any]:
    """Return the facts of a model that reads samples of sound."""
    del config
    return {
        "family": "transformer",
        "batch_size": {"inference": 1},
        "unsupported": _NO_SPEECH_TRAINING,
        "shape": {"seconds": _SECONDS},
        "bounds": {"seconds": (1, 120)},
        "smoke_shape": {"seconds": 1},
        "unit": "clips",
    }


def spectrum_row(config: PreTrainedConfig) -> dict[str, Any]:
    """Return the facts of a model that reads a spectrum and a target, as Whisper does.

    Raises:
        UsageError: its configuration does not say how long they are.
    """
    for name in ("num_mel_bins", "max_source_positions", "max_target_positions"):
        if not hasattr(config, name):
            raise UsageError(
                f"{config.model_type} has no {name}; bench measures speech models that read a spectrum as Whisper does"
            )
    most = int(config.max_target_positions)
    return {
        "family": "transformer",
        "batch_size": {"inference": 1},
        "unsupported": _NO_SPEECH_TRAINING,
        "shape": {"target_tokens": min(_TARGET_TOKENS, most)},
        "bounds": {"target_tokens": (1, most)},
        "smoke_shape": {"target_tokens": min(4, most)},
        "unit": "clips",
    }
