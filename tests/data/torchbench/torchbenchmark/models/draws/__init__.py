"""Draws random numbers in inference, so that no two calls return the same."""

import torch
from torch import nn
from torchbenchmark.util.model import BenchmarkModel


class Noisy(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(16, 16)

    def forward(self, samples):
        return nn.functional.dropout(self.linear(samples), training=True)


class Model(BenchmarkModel):
    DEFAULT_EVAL_BSIZE = 4

    def __init__(self, test, device, batch_size=None, extra_args=None):
        super().__init__(test=test, device=device, batch_size=batch_size, extra_args=extra_args)
        self.model = Noisy()
        self.example_inputs = (torch.randn(self.batch_size, 16),)

    def get_module(self):
        return self.model, self.example_inputs
