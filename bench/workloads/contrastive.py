"""Models that match images with texts, from transformers, configured here so that nothing is downloaded."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers.models.clip.configuration_clip import CLIPConfig
from transformers.models.clip.modeling_clip import CLIPModel
from typing_extensions import override

from bench.errors import UsageError
from bench.interface.workload import Workload
from bench.records.case import Case
from bench.workloads.assembly import BRANCH, assemble
from bench.workloads.construction import construct
from bench.workloads.dtypes import weights_dtype
from bench.workloads.inputs import integer_tensor, uniform_tensor


class ImageTextModel(nn.Module):
    """A model of transformers that reads texts and images, with their similarity as the only output."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    @override
    def forward(self, input_ids: Tensor, pixel_values: Tensor) -> Tensor:
        """Return similarity, images × texts, of `pixel_values`, images × 3 × height × width, and `input_ids`, texts × positions."""
        similarity: Tensor = self.model(input_ids=input_ids, pixel_values=pixel_values).logits_per_image
        return similarity


def build_clip_vit_b_32(case: Case) -> Workload:
    """Build CLIP with a ViT-B/32, as many images as texts; every text ends with its last token. It has no dropout.

    Raises:
        UsageError: training with one pair, which leaves nothing to distinguish.
    """
    if case.mode == "training" and case.batch_size == 1:
        raise UsageError(
            f"{case.workload}: training distinguishes each image's text from others in the batch, and the batch size is 1; use at least 2"
        )
    layers, size, tokens = case.shape["layers"], case.shape["image_size"], case.shape["tokens"]
    config = CLIPConfig(
        text_config={"num_hidden_layers": layers},
        vision_config={"num_hidden_layers": layers, "image_size": size},
        attn_implementation="sdpa",
    )
    end = config.text_config.eos_token_id
    texts = integer_tensor("texts", (case.batch_size, tokens), below=end)
    texts[:, -1] = end
    return assemble(
        case,
        construct(lambda: ImageTextModel(CLIPModel(config)), weights_dtype(case.precision)),
        {"input_ids": texts, "pixel_values": uniform_tensor("images", (case.batch_size, 3, size, size))},
        loss=_matching_loss,
        target=lambda: torch.arange(case.batch_size),
        constants={
            "model.logit_scale": config.logit_scale_init_value,
            # The position's embedding suffices: added to a constant, it would lose digits in low precision.
            "model.vision_model.embeddings.class_embedding": 0.0,
        },
        power_of_two_scale={".out_proj.weight": BRANCH, ".fc2.weight": BRANCH},
    )


def _matching_loss(similarity: Tensor, labels: Tensor) -> Tensor:
    """Return the loss of finding the text of each image, and the image of each text."""
    return (cross_entropy(similarity, labels) + cross_entropy(similarity.t(), labels)) / 2
