"""Encoder-decoder models of text, from transformers, configured here so that nothing is downloaded.

One call is the encoder over the source and one pass of the decoder over a given target, as in training and in
TorchBench; nothing is generated and there is no cache. Dropout is off in training too, since
loss and gradients are compared with a reference.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from torch import Tensor, nn
from transformers.configuration_utils import PreTrainedConfig
from transformers.models.bart.configuration_bart import BartConfig
from transformers.models.bart.modeling_bart import BartForConditionalGeneration
from transformers.models.t5.configuration_t5 import T5Config
from transformers.models.t5.modeling_t5 import T5ForConditionalGeneration
from typing_extensions import override

from bench.interface.workload import Workload
from bench.records.case import Case
from bench.workloads.assembly import BRANCH, assemble, token_loss
from bench.workloads.construction import construct
from bench.workloads.dtypes import weights_dtype
from bench.workloads.inputs import integer_tensor

_T5_QUERIES = -3
"""T5 does not divide its attention's scores by the root of its 64 values for each head; its queries' weights include that factor: 2⁻³."""
_T5_EMBEDDING = 6
"""T5's embeddings are initialised with a deviation of 1, and nothing normalises the residual stream that starts with them: 2⁶ times 0.02."""

_T5_BIAS = 5
"""T5's learnt offsets for distances are of the order of 1; at 0.02, dropping them would hardly change an output."""


class EncoderDecoder(nn.Module):
    """A model of transformers that reads a source and a target, with the target's logits as the only output."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    @override
    def forward(self, input_ids: Tensor, decoder_input_ids: Tensor) -> Tensor:
        """Return logits of `decoder_input_ids`, batch × target positions, given `input_ids`, batch × source positions."""
        logits: Tensor = self.model(input_ids=input_ids, decoder_input_ids=decoder_input_ids, use_cache=False).logits
        return logits


def build_t5_small(case: Case) -> Workload:
    """Build T5 small, version 1.0: transformers' defaults."""
    return _build_t5(case, d_model=512, d_ff=2048, num_heads=8)


def build_t5_base(case: Case) -> Workload:
    """Build T5 base, version 1.0."""
    return _build_t5(case, d_model=768, d_ff=3072, num_heads=12)


def build_bart_base(case: Case) -> Workload:
    """Build BART base."""
    layers = case.shape["layers"]
    config = BartConfig(
        d_model=768,
        encoder_layers=layers,
        decoder_layers=layers,
        encoder_attention_heads=12,
        decoder_attention_heads=12,
        encoder_ffn_dim=3072,
        decoder_ffn_dim=3072,
        dropout=0.0,
        use_cache=False,
        attn_implementation="sdpa",
    )
    return _build(case, config, BartForConditionalGeneration, {".out_proj.weight": BRANCH, ".fc2.weight": BRANCH})


def _build_t5(case: Case, *, d_model: int, d_ff: int, num_heads: int) -> Workload:
    layers = case.shape["layers"]
    config = T5Config(
        d_model=d_model,
        d_ff=d_ff,
        num_layers=layers,
        num_heads=num_heads,
        dropout_rate=0.0,
        use_cache=False,
        attn_implementation="sdpa",
    )
    power_of_two_scale = {
        ".shared.weight": _T5_EMBEDDING,
        ".relative_attention_bias.weight": _T5_BIAS,
        ".q.weight": _T5_QUERIES,
        ".o.weight": BRANCH,
        ".wo.weight": BRANCH,
    }
    return _build(case, config, T5ForConditionalGeneration, power_of_two_scale)


def _build(
    case: Case,
    config: PreTrainedConfig,
    network: Any,  # noqa: ANN401 - a class of transformers, which has no types
    power_of_two_scale: Mapping[str, int],
) -> Workload:
    draw = partial(_tokens, case, below=config.vocab_size)
    return assemble(
        case,
        construct(lambda: EncoderDecoder(network(config)), weights_dtype(case.precision)),
        {"input_ids": draw("tokens"), "decoder_input_ids": draw("target_tokens")},
        loss=token_loss,
        target=partial(draw, "target_tokens", name="labels"),
        power_of_two_scale=power_of_two_scale,
    )


def _tokens(case: Case, dimension: str, *, below: int, name: str | None = None) -> Tensor:
    return integer_tensor(name or dimension, (case.batch_size, case.shape[dimension]), below=below)
