"""Language models that generate text, from transformers, configured here so that nothing is downloaded.

Inference is measured in its two phases. Training predicts every token of a sequence, as long as prompt and
output together, from those before it; there is no cache, and dropout is off, since loss and gradients are
compared with a reference's.
"""

from collections.abc import Callable, Mapping
from functools import partial

from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers.configuration_utils import PreTrainedConfig
from transformers.models.gpt2.configuration_gpt2 import GPT2Config
from transformers.models.gpt2.modeling_gpt2 import GPT2LMHeadModel
from transformers.models.llama.configuration_llama import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaForCausalLM
from transformers.models.qwen3.configuration_qwen3 import Qwen3Config
from transformers.models.qwen3.modeling_qwen3 import Qwen3ForCausalLM
from transformers.pytorch_utils import Conv1D

from bench.interface.workload import Autocast, Forward, Iteration, Workload
from bench.records.case import Case
from bench.workloads.construction import construct
from bench.workloads.dtypes import weights_dtype
from bench.workloads.generation import Decode, LanguageModel, Prefill
from bench.workloads.inputs import integer_tensor
from bench.workloads.iterations import TrainingStep
from bench.workloads.key_value_cache import make_cache
from bench.workloads.weights import fill_weights

_GPT2 = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0, "bos_token_id": None, "eos_token_id": None}
"""No dropout; and no tokens for the begin or end of a text, since decoding does not stop at one."""


def build_gpt2(case: Case) -> Workload:
    """Build GPT-2 small: transformers' defaults."""
    config = GPT2Config(vocab_size=case.shape["vocabulary"], n_layer=case.shape["layers"], **_GPT2)
    return _build(case, config, GPT2LMHeadModel)


def build_gpt2_large(case: Case) -> Workload:
    """Build GPT-2 large: 774 million parameters in 36 layers."""
    config = GPT2Config(
        vocab_size=case.shape["vocabulary"], n_layer=case.shape["layers"], n_embd=1280, n_head=20, **_GPT2
    )
    return _build(case, config, GPT2LMHeadModel)


def build_llama_1b(case: Case) -> Workload:
    """Build Llama with the dimensions of TinyLlama 1.1B."""
    config = LlamaConfig(
        vocab_size=case.shape["vocabulary"],
        hidden_size=2048,
        intermediate_size=5632,
        num_hidden_layers=case.shape["layers"],
        num_attention_heads=32,
        num_key_value_heads=4,
        # TinyLlama was trained on 2,048; the rotation is defined beyond, and the speed at a depth needs no training.
        max_position_embeddings=8192,
    )
    return _build(case, config, LlamaForCausalLM)


def build_qwen3_0_6b(case: Case) -> Workload:
    """Build Qwen3 0.6B: heads wider than the hidden size divided by their number, norms on queries and keys, tied embeddings."""
    config = Qwen3Config(
        vocab_size=case.shape["vocabulary"],
        hidden_size=1024,
        intermediate_size=3072,
        num_hidden_layers=case.shape["layers"],
        num_attention_heads=16,
        num_key_value_heads=8,
        head_dim=128,
        max_position_embeddings=40_960,
        rope_parameters={"rope_type": "default", "rope_theta": 1_000_000.0},
        tie_word_embeddings=True,
    )
    return _build(case, config, Qwen3ForCausalLM)


def shifted_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Return the mean cross entropy of each token given those before it.

    Args:
        logits: Batch × positions × vocabulary; those of the last position have no known target.
        target: The tokens from the second on, batch × (positions - 1).
    """
    return cross_entropy(logits[:, :-1].flatten(0, 1), target.flatten())


def _build(case: Case, config: PreTrainedConfig, factory: Callable[[PreTrainedConfig], nn.Module]) -> Workload:
    model = LanguageModel(construct(partial(factory, config), weights_dtype(case.precision)))
    model.train(case.mode == "training")
    fill = partial(fill_weights, model, transposed=(Conv1D,))
    fill()
    return assemble_language_model(case, config, model, fill)


def assemble_language_model(
    case: Case, config: PreTrainedConfig, model: nn.Module, fill: Callable[[], None]
) -> Workload:
    """Return the workload of a language model.

    Args:
        case: Its shape has `prompt_tokens` and `output_tokens`.
        config: The model's.
        model: A `LanguageModel`, with its weights.
        fill: Writes them again.
    """
    make = _training if case.mode == "training" else _inference
    return make(case, config, model, fill)


def _inference(case: Case, config: PreTrainedConfig, model: nn.Module, fill: Callable[[], None]) -> Workload:
    prompt_tokens, output_tokens = case.shape["prompt_tokens"], case.shape["output_tokens"]
    inputs = {"prompt": integer_tensor("prompt", (case.batch_size, prompt_tokens), below=config.vocab_size)}
    if case.phase == "decode":
        inputs["tokens"] = integer_tensor("tokens", (case.batch_size, output_tokens), below=config.vocab_size)

    def iterate(forward: Forward, inputs: Mapping[str, Tensor], autocast: Autocast) -> Iteration:  # noqa: ARG001 - training only
        cache = make_cache(config, case, positions=prompt_tokens + output_tokens)
        if case.phase == "decode":
            return Decode(model, forward, inputs, cache=cache)
        return Prefill(forward, inputs, cache=cache)

    tokens = case.batch_size if case.phase == "decode" else case.batch_size * prompt_tokens
    return Workload(case=case, model=model, inputs=inputs, items_per_iteration=tokens, fill=fill, iterate=iterate)


def _training(case: Case, config: PreTrainedConfig, model: nn.Module, fill: Callable[[], None]) -> Workload:
    shape = (case.batch_size, case.shape["prompt_tokens"] + case.shape["output_tokens"])
    tokens = integer_tensor("sequences", shape, below=config.vocab_size)
    inputs = {"input_ids": tokens, "target": tokens[:, 1:].contiguous()}

    def iterate(forward: Forward, inputs: Mapping[str, Tensor], autocast: Autocast) -> Iteration:
        return TrainingStep(model, fill, shifted_loss, forward=forward, inputs=inputs, autocast=autocast)

    return Workload(
        case=case, model=model, inputs=inputs, items_per_iteration=tokens.numel(), fill=fill, iterate=iterate
    )
