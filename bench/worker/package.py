"""Packaging: compile one cell's model into a file, in a separate process, so that measuring workers only load it."""

from pathlib import Path
from typing import BinaryIO

import torch

from bench.errors import LaunchError
from bench.launch.protocol import Message, Packaged
from bench.measure.denormals import keep_denormals
from bench.records.measurement import PackageResult
from bench.records.plan import Task
from bench.variants import prepare
from bench.worker.channel import wait_for_all
from bench.worker.load import Loading, find_builder, load_for_task, require_case


def make_package(task: Task, loading: Loading, channel: BinaryIO) -> Message:
    """Build the cell's workload and package it.

    Raises:
        NoEffectError: the compiler cannot run the model as the case says.
    """
    case = require_case(task)
    if task.package is None:
        raise LaunchError("a task to package names no file")
    load_for_task(task, loading)
    keep_denormals()
    torch.set_num_threads(task.binding.threads)
    workload = find_builder(case, task.source)(case)
    wait_for_all(channel)
    compile_s = prepare.make_package(workload, case, Path(task.package))
    return Packaged(result=PackageResult(compile_s=compile_s))
