"""A probe: the ceilings of the cell's own binding, between cells."""

from typing import BinaryIO

import torch

from bench.launch.protocol import Message, Probed
from bench.measure.ceilings import measure_ceilings
from bench.measure.denormals import keep_denormals
from bench.records.plan import Task
from bench.worker.channel import wait_for_all


def probe(task: Task, channel: BinaryIO) -> Message:
    """Measure compute and memory bandwidth, together with the probes of the layout's other instances."""
    keep_denormals()
    torch.set_num_threads(task.binding.threads)
    wait_for_all(channel)
    return Probed(result=measure_ceilings())
