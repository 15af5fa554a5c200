"""The base class of models."""

import random

import torch

MAIN_RANDOM_SEED = 1337


def _always_the_same_seed(*_: object) -> torch.Generator:
    return torch.default_generator.manual_seed(MAIN_RANDOM_SEED)


class BenchmarkModel:
    """A model with its inputs, for one test on one device."""

    DEFAULT_TRAIN_BSIZE: int | None = None
    DEFAULT_EVAL_BSIZE: int | None = None

    def __init__(self, test: str, device: str, batch_size: int | None = None, extra_args: list[str] | None = None):
        torch.manual_seed(MAIN_RANDOM_SEED)
        random.seed(MAIN_RANDOM_SEED)
        torch.manual_seed = _always_the_same_seed  # as TorchBench does
        self.test, self.device, self.extra_args = test, device, extra_args or []
        default = self.DEFAULT_TRAIN_BSIZE if test == "train" else self.DEFAULT_EVAL_BSIZE
        if default is None:
            raise NotImplementedError("Model's default batch size is not implemented.")
        if not getattr(self, "ALLOW_CUSTOMIZE_BSIZE", True) and batch_size not in (None, default):
            raise NotImplementedError("Model doesn't support customizing batch size")
        self.batch_size = batch_size or default

    def set_module(self, new_model: torch.nn.Module) -> None:
        self.model = new_model

    def invoke(self) -> None:
        raise AssertionError("bench never calls TorchBench's own timed function")
