"""Has no weights; of negative inputs its results are no numbers."""

import torch
from torch import nn
from torchbenchmark.util.model import BenchmarkModel


class Root(nn.Module):
    def forward(self, samples):
        return samples.sqrt()


class Model(BenchmarkModel):
    DEFAULT_EVAL_BSIZE = 4

    def __init__(self, test, device, batch_size=None, extra_args=None):
        super().__init__(test=test, device=device, batch_size=batch_size, extra_args=extra_args)
        self.model = Root().eval()
        sign = -1 if self.batch_size == 1 else 1
        self.example_inputs = (sign * torch.rand(self.batch_size, 16, dtype=torch.float64),)

    def get_module(self):
        return self.model, self.example_inputs
