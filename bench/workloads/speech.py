"""Speech models, from transformers, configured here so that nothing is downloaded.

Their inputs are generated, in place of speech; tokenizers and filter banks are not part of the workload.
Dropout, layer drop and masking of the spectrum are off in training too, since loss and gradients are
compared with a reference's.
"""

from functools import partial
from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import ctc_loss, log_softmax
from transformers.models.wav2vec2.configuration_wav2vec2 import Wav2Vec2Config
from transformers.models.wav2vec2.modeling_wav2vec2 import Wav2Vec2ForCTC
from transformers.models.whisper.configuration_whisper import WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperForConditionalGeneration
from typing_extensions import override

from bench.interface.workload import Workload
from bench.records.case import Case
from bench.workloads.assembly import BRANCH, assemble, token_loss
from bench.workloads.construction import construct
from bench.workloads.dtypes import weights_dtype
from bench.workloads.inputs import integer_tensor, uniform_tensor

_MEL_FRAMES_PER_S = 100
_SAMPLES_PER_S = 16_000
_FRAMES_PER_LETTER = 4
"""Twelve letters a second: fast speech."""
_NORM_OF_SUMS = sqrt(768 / 128)
"""Norm of each of the 128 taps of wav2vec 2.0's convolution over positions, 768 channels in and out: keeps the size of
its inputs, which the rule by fan-in would not."""
_WHISPER_EMBEDDING = 2
"""Nothing normalises the sum of the decoder's embeddings, and branches of 1/4 are added to it: 2² times 0.02."""
_DOUBLED = 1
"""Nothing normalises between the convolutions over samples, and each GELU halves what is small: 2¹ times the rule."""


class SpeechToText(nn.Module):
    """A model of transformers that reads a spectrum and a target, with the target's logits as the only output."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    @override
    def forward(self, input_features: Tensor, decoder_input_ids: Tensor) -> Tensor:
        """Return logits of `decoder_input_ids`, batch × target positions, given batch × mel bins × frames."""
        logits: Tensor = self.model(
            input_features=input_features, decoder_input_ids=decoder_input_ids, use_cache=False
        ).logits
        return logits


class SpeechEncoder(nn.Module):
    """A model of transformers that reads samples of sound, with each frame's logits as the only output."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    @override
    def forward(self, input_values: Tensor) -> Tensor:
        """Return logits, batch × frames × letters, of `input_values`, batch × samples."""
        logits: Tensor = self.model(input_values=input_values).logits
        return logits


def build_whisper_base(case: Case) -> Workload:
    """Build Whisper base: the encoder over a spectrum, and one pass of the decoder over a given target.

    The encoder's table of positions is generated like all weights; sines differ between machines.
    """
    layers, frames = case.shape["layers"], case.shape["seconds"] * _MEL_FRAMES_PER_S
    config = WhisperConfig(
        d_model=512,
        encoder_layers=layers,
        decoder_layers=layers,
        encoder_attention_heads=8,
        decoder_attention_heads=8,
        encoder_ffn_dim=2048,
        decoder_ffn_dim=2048,
        max_source_positions=frames // 2,
        use_cache=False,
        attn_implementation="sdpa",
    )
    target_shape = (case.batch_size, case.shape["target_tokens"])
    return assemble(
        case,
        construct(lambda: SpeechToText(WhisperForConditionalGeneration(config)), weights_dtype(case.precision)),
        {
            "input_features": uniform_tensor("spectrum", (case.batch_size, config.num_mel_bins, frames)),
            "decoder_input_ids": integer_tensor("target_tokens", target_shape, below=config.vocab_size),
        },
        loss=token_loss,
        target=partial(integer_tensor, "labels", target_shape, below=config.vocab_size),
        power_of_two_scale={
            ".out_proj.weight": BRANCH,
            ".fc2.weight": BRANCH,
            ".embed_tokens.weight": _WHISPER_EMBEDDING,
            ".decoder.embed_positions.weight": _WHISPER_EMBEDDING,
        },
    )


def build_wav2vec2_base(case: Case) -> Workload:
    """Build wav2vec 2.0 base with its head for letters, trained by connectionist temporal classification."""
    config = Wav2Vec2Config(
        num_hidden_layers=case.shape["layers"],
        hidden_dropout=0.0,
        activation_dropout=0.0,
        attention_dropout=0.0,
        final_dropout=0.0,
        layerdrop=0.0,
        apply_spec_augment=False,
        mask_time_prob=0.0,
        attn_implementation="sdpa",
    )
    samples = case.shape["seconds"] * _SAMPLES_PER_S
    letters = max(1, _count_frames(config, samples) // _FRAMES_PER_LETTER)
    doubled = (f".feature_extractor.conv_layers.{index}.conv.weight" for index in range(1, len(config.conv_kernel)))
    return assemble(
        case,
        construct(lambda: SpeechEncoder(Wav2Vec2ForCTC(config)), weights_dtype(case.precision)),
        {"input_values": uniform_tensor("sound", (case.batch_size, samples))},
        loss=_letters_loss,
        target=lambda: integer_tensor("labels", (case.batch_size, letters), below=config.vocab_size - 1) + 1,
        constants={"model.wav2vec2.encoder.pos_conv_embed.conv.parametrizations.weight.original0": _NORM_OF_SUMS},
        power_of_two_scale={
            ".out_proj.weight": BRANCH,
            ".output_dense.weight": BRANCH,
            **dict.fromkeys(doubled, _DOUBLED),
        },
    )


def _count_frames(config: Wav2Vec2Config, samples: int) -> int:
    for kernel, stride in zip(config.conv_kernel, config.conv_stride, strict=True):
        samples = (samples - kernel) // stride + 1
    return samples


def _letters_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the CTC loss; letter 0 is the blank. In float32 whatever the logits are, as transformers computes it."""
    batch, frames, _ = logits.shape
    likelihoods = log_softmax(logits.float(), dim=-1).transpose(0, 1)
    return ctc_loss(likelihoods, labels, torch.full((batch,), frames), torch.full((batch,), labels.shape[1]))
