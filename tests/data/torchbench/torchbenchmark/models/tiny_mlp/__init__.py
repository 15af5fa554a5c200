"""Two linear layers; training in three stages."""

import torch
from torch import nn
from torchbenchmark.util.model import BenchmarkModel


class Model(BenchmarkModel):
    DEFAULT_TRAIN_BSIZE = 4
    DEFAULT_EVAL_BSIZE = 8

    def __init__(self, test, device, batch_size=None, extra_args=None):
        super().__init__(test=test, device=device, batch_size=batch_size, extra_args=extra_args)
        torch.set_default_device(device)
        self.model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 10)).train(test == "train")
        self.example_inputs = (torch.randn(self.batch_size, 16),)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3)

    def get_module(self):
        return self.model, self.example_inputs

    def forward(self):
        target = torch.rand(self.batch_size, 10)
        return nn.functional.mse_loss(self.model(*self.example_inputs), target)

    def backward(self, loss):
        loss.backward()

    def optimizer_step(self):
        self.optimizer.step()

    def eval(self):
        return (self.model(*self.example_inputs),)
