"""Encoders of text, from transformers, configured here so that nothing is downloaded."""

from collections.abc import Mapping
from functools import partial

from torch import Tensor
from transformers.models.bert.configuration_bert import BertConfig
from transformers.models.bert.modeling_bert import BertForMaskedLM

from bench.records.case import Case
from bench.workloads.construction import construct
from bench.workloads.inputs import integer_tensor
from bench.workloads.iterations import Inference
from bench.workloads.weights import fill_weights
from bench.workloads.workload import Autocast, Forward, Iteration, Workload, weights_dtype


def build_bert_base(case: Case) -> Workload:
    """BERT base with its language-modelling head, and no attention mask: TorchBench's `hf_Bert`."""
    config = BertConfig(num_hidden_layers=case.shape["layers"])
    model = construct(partial(BertForMaskedLM, config), weights_dtype(case.precision)).eval()
    fill = partial(fill_weights, model)
    fill()
    tokens = integer_tensor("tokens", (case.batch_size, case.shape["tokens"]), below=config.vocab_size)

    def iterate(forward: Forward, inputs: Mapping[str, Tensor], autocast: Autocast) -> Iteration:  # noqa: ARG001 - training only
        return Inference(forward, inputs)

    return Workload(
        case=case,
        model=model,
        inputs={"input_ids": tokens},
        items_per_iteration=case.batch_size,
        fill=fill,
        iterate=iterate,
    )
