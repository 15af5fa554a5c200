"""Packaging: a compiler's file for one cell, made in a process of its own, so that measuring workers only load it."""

from pathlib import Path
from typing import BinaryIO

from bench.errors import LaunchError
from bench.launch.binding import bind_process
from bench.launch.protocol import Message, Packaged
from bench.records.collector import collector_paused
from bench.records.measurement import PackageResult
from bench.records.plan import Task
from bench.worker.barrier import wait_for_all, wait_for_turn
from bench.workloads.registry import find_workload, load_builder


def make_package(task: Task, channel: BinaryIO) -> Message:
    """Build the cell's workload and package it.

    Raises:
        NoEffectError: the compiler cannot make of the model what the case asks for.
    """
    if task.case is None or task.package is None:
        raise LaunchError("a task to package names no case, or no file")
    bind_process(task.binding)
    with collector_paused():
        import torch

        from bench.variants import prepare

        build_workload = load_builder(find_workload(task.case.workload))
        prepare.load_variant(task.case)
    torch.set_num_threads(task.binding.threads)
    wait_for_turn(channel)
    workload = build_workload(task.case)
    wait_for_all(channel)
    compile_s = prepare.make_package(workload, task.case, Path(task.package))
    return Packaged(result=PackageResult(compile_s=compile_s))
