"""Computes gradients in inference."""

import torch
from torch import nn
from torchbenchmark.util.model import BenchmarkModel


class Adapt(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(8, 1)

    def forward(self, samples):
        loss = self.linear(samples).square().mean()
        (gradient,) = torch.autograd.grad(loss, (self.linear.weight,))
        return samples @ (self.linear.weight - gradient).T


class Model(BenchmarkModel):
    DEFAULT_EVAL_BSIZE = 4

    def __init__(self, test, device, batch_size=None, extra_args=None):
        super().__init__(test=test, device=device, batch_size=batch_size, extra_args=extra_args)
        self.model = Adapt().eval()
        self.example_inputs = (torch.randn(self.batch_size, 8),)

    def get_module(self):
        return self.model, self.example_inputs
