"""Encoders of text, from transformers, configured here so that nothing is downloaded.

Each reads whole sequences without an attention mask, as in TorchBench, and returns the logits of its
pre-training task. Training predicts a generated label at every position. Dropout is off in
training too, since loss and gradients are compared with a reference's.
"""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers.configuration_utils import PreTrainedConfig
from transformers.models.albert.configuration_albert import AlbertConfig
from transformers.models.albert.modeling_albert import AlbertForMaskedLM
from transformers.models.bert.configuration_bert import BertConfig
from transformers.models.bert.modeling_bert import BertForMaskedLM
from transformers.models.deberta_v2.configuration_deberta_v2 import DebertaV2Config
from transformers.models.deberta_v2.modeling_deberta_v2 import DebertaV2ForMaskedLM
from transformers.models.distilbert.configuration_distilbert import DistilBertConfig
from transformers.models.distilbert.modeling_distilbert import DistilBertForMaskedLM
from transformers.models.electra.configuration_electra import ElectraConfig
from transformers.models.electra.modeling_electra import ElectraForPreTraining
from transformers.models.roberta.configuration_roberta import RobertaConfig
from transformers.models.roberta.modeling_roberta import RobertaForMaskedLM
from typing_extensions import override

from bench.interface.workload import Workload
from bench.records.case import Case
from bench.workloads.assembly import BRANCH, assemble, token_loss
from bench.workloads.construction import construct
from bench.workloads.dtypes import weights_dtype
from bench.workloads.inputs import integer_tensor

_BRANCHES: Mapping[str, int] = MappingProxyType({".output.dense.weight": BRANCH})
"""Of BERT and the models derived from its code."""
_NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


class TextEncoder(nn.Module):
    """A model of transformers that reads tokens, with its logits as the only output, which every compiler accepts."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    @override
    def forward(self, input_ids: Tensor) -> Tensor:
        """Return logits of `input_ids`, batch × positions."""
        logits: Tensor = self.model(input_ids=input_ids).logits
        return logits


def build_bert_base(case: Case) -> Workload:
    """Build BERT base, uncased, with its masked-language-modelling head: TorchBench's `hf_Bert`."""
    config = BertConfig(num_hidden_layers=case.shape["layers"], attn_implementation="sdpa", **_NO_DROPOUT)
    return _build(case, config, BertForMaskedLM)


def build_bert_large(case: Case) -> Workload:
    """Build BERT large, uncased, with the same head."""
    config = BertConfig(
        num_hidden_layers=case.shape["layers"],
        hidden_size=1024,
        num_attention_heads=16,
        intermediate_size=4096,
        attn_implementation="sdpa",
        **_NO_DROPOUT,
    )
    return _build(case, config, BertForMaskedLM)


def build_distilbert(case: Case) -> Workload:
    """Build DistilBERT base, uncased, with its masked-language-modelling head."""
    config = DistilBertConfig(
        n_layers=case.shape["layers"], dropout=0.0, attention_dropout=0.0, attn_implementation="sdpa"
    )
    return _build(case, config, DistilBertForMaskedLM, {".out_lin.weight": BRANCH, ".lin2.weight": BRANCH})


def build_roberta_base(case: Case) -> Workload:
    """Build RoBERTa base with its masked-language-modelling head."""
    config = RobertaConfig(
        num_hidden_layers=case.shape["layers"],
        max_position_embeddings=514,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        attn_implementation="sdpa",
        **_NO_DROPOUT,
    )
    return _build(case, config, RobertaForMaskedLM)


def build_albert_base(case: Case) -> Workload:
    """Build ALBERT base v2 with its masked-language-modelling head: one layer's weights, used as often as there are layers."""
    config = AlbertConfig(
        num_hidden_layers=case.shape["layers"],
        hidden_size=768,
        num_attention_heads=12,
        intermediate_size=3072,
        attn_implementation="sdpa",
        **_NO_DROPOUT,
    )
    return _build(case, config, AlbertForMaskedLM, {".attention.dense.weight": BRANCH, ".ffn_output.weight": BRANCH})


def build_electra_base(case: Case) -> Workload:
    """Build ELECTRA base, the discriminator: it predicts for each token whether it was replaced."""
    config = ElectraConfig(
        num_hidden_layers=case.shape["layers"],
        embedding_size=768,
        hidden_size=768,
        num_attention_heads=12,
        intermediate_size=3072,
        attn_implementation="sdpa",
        **_NO_DROPOUT,
    )
    return assemble(
        case,
        construct(lambda: TextEncoder(ElectraForPreTraining(config)), weights_dtype(case.precision)),
        {"input_ids": _tokens("tokens", case, below=config.vocab_size)},
        loss=_replaced_loss,
        target=partial(_tokens, "labels", case, below=2),
        power_of_two_scale=_BRANCHES,
    )


def build_deberta_v3_base(case: Case) -> Workload:
    """Build DeBERTa v3 base with a masked-language-modelling head; transformers has its attention in plain operations only."""
    config = DebertaV2Config(
        num_hidden_layers=case.shape["layers"],
        hidden_size=768,
        num_attention_heads=12,
        intermediate_size=3072,
        relative_attention=True,
        position_buckets=256,
        norm_rel_ebd="layer_norm",
        share_att_key=True,
        pos_att_type="p2c|c2p",
        position_biased_input=False,
        attn_implementation="eager",
        **_NO_DROPOUT,
    )
    return _build(case, config, DebertaV2ForMaskedLM)


def _build(case: Case, config: PreTrainedConfig, network: Any, branches: Mapping[str, int] = _BRANCHES) -> Workload:  # noqa: ANN401 - a class of transformers, which has no types
    return assemble(
        case,
        construct(lambda: TextEncoder(network(config)), weights_dtype(case.precision)),
        {"input_ids": _tokens("tokens", case, below=config.vocab_size)},
        loss=token_loss,
        target=partial(_tokens, "labels", case, below=config.vocab_size),
        power_of_two_scale=branches,
    )


def _tokens(name: str, case: Case, *, below: int) -> Tensor:
    return integer_tensor(name, (case.batch_size, case.shape["tokens"]), below=below)


def _replaced_loss(logits: Tensor, labels: Tensor) -> Tensor:
    return binary_cross_entropy_with_logits(logits, labels.to(logits.dtype))
