"""Refuses CPUs."""

from torchbenchmark.util.model import BenchmarkModel


class Model(BenchmarkModel):
    DEFAULT_EVAL_BSIZE = 1

    def __init__(self, test, device, batch_size=None, extra_args=None):
        super().__init__(test=test, device=device, batch_size=batch_size, extra_args=extra_args)
        raise NotImplementedError("Model requires CUDA")
