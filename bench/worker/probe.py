"""A probe: the ceilings of the cell's own binding, between cells."""

from typing import BinaryIO

from bench.launch.binding import bind_process
from bench.launch.protocol import Message, Probed
from bench.records.collector import collector_paused
from bench.records.plan import Task
from bench.worker.barrier import wait_for_all, wait_for_turn


def probe(task: Task, channel: BinaryIO) -> Message:
    """Measure compute and memory bandwidth, together with the probes of the layout's other instances."""
    bind_process(task.binding)
    with collector_paused():
        import torch

        from bench.measure.ceilings import measure_ceilings

    torch.set_num_threads(task.binding.threads)
    wait_for_turn(channel)
    wait_for_all(channel)
    return Probed(result=measure_ceilings())
