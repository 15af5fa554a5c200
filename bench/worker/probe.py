"""A probe: compute and memory bandwidth of a layout's own bindings, between cells."""

from typing import BinaryIO

import torch

from bench.errors import LaunchError
from bench.launch.protocol import Message, Probed
from bench.measure.denormals import keep_denormals
from bench.measure.probe import measure_probe
from bench.records.plan import Task
from bench.worker.channel import wait_for_all


def probe(task: Task, channel: BinaryIO) -> Message:
    """Measure what a probe is asked for, together with the probes of the layout's other instances.

    Raises:
        LaunchError: the task does not say what is asked for.
    """
    if task.probe is None:
        raise LaunchError("a probe's task does not say what to measure; parent and worker are of different versions")
    keep_denormals()
    torch.set_num_threads(task.binding.threads)
    wait_for_all(channel)
    return Probed(result=measure_probe(task.probe, task.binding.threads))
