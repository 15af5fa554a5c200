"""What a checkout of pytorch/benchmark states of its models, as `bench workloads --torchbench DIR` lists it."""

from typing import Annotated

from msgspec import Meta

from bench.records.case import BatchSize
from bench.records.record import Record


class NotImplementedTest(Record, frozen=True, kw_only=True):
    """A test that TorchBench leaves out: on every device, or on one."""

    test: str | None = None
    device: str | None = None


class TorchBenchModel(Record, frozen=True, kw_only=True):
    """A model, by its `__init__.py` and its `metadata.yaml`, of which nothing was run.

    Attributes:
        name: Of its folder.
        eval_batch_size, train_batch_size: What its class states as a number; None where it states none, or a base class
            does.
        fixed_batch_size: TorchBench refuses every other.
        devices: Device → what TorchBench states for it: `eval_batch_size`, `train_batch_size`.
        not_implemented: Tests that it leaves out.
    """

    name: str
    eval_batch_size: BatchSize | None = None
    train_batch_size: BatchSize | None = None
    fixed_batch_size: bool = False
    devices: dict[str, dict[str, int]] = {}
    not_implemented: tuple[NotImplementedTest, ...] = ()


class TorchBenchListing(Record, frozen=True, kw_only=True):
    """The models of a checkout.

    Attributes:
        commit: That is checked out; None where the folder is no work tree of git.
    """

    commit: Annotated[str, Meta(pattern=r"^[0-9a-f]{40,64}\Z")] | None
    models: tuple[TorchBenchModel, ...]
