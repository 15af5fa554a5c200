"""Inputs by name, one of them nested, and results in a mapping; inference only, at one batch size."""

import torch
from torch import nn
from torchbenchmark.util.model import BenchmarkModel


class Embed(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(100, 16)
        self.project = nn.Linear(16, 4)

    def forward(self, tokens, pair, scale):
        hidden = self.embedding(tokens) * pair[0] + pair[1]
        return {"logits": self.project(hidden) * scale, "tokens": tokens}


class Model(BenchmarkModel):
    DEFAULT_EVAL_BSIZE = 3
    ALLOW_CUSTOMIZE_BSIZE = False

    def __init__(self, test, device, batch_size=None, extra_args=None):
        super().__init__(test=test, device=device, batch_size=batch_size, extra_args=extra_args)
        self.model = Embed().eval()
        pair = (torch.rand(1), torch.rand(1))
        self.example_inputs = {"tokens": torch.randint(0, 100, (self.batch_size, 5)), "pair": pair, "scale": 2.0}

    def get_module(self):
        return self.model, self.example_inputs
