"""One repetition of one cell in one instance: load, build, prepare, warm up, wait, time, prove."""

from pathlib import Path
from time import perf_counter_ns
from typing import BinaryIO

import torch
from msgspec.structs import replace

from bench.interface.workload import Workload
from bench.launch.binding import (
    find_binding_problem,
    find_denormal_problem,
    find_lost_cpus,
    find_variable_problem,
    read_effective,
    restore_main_thread_affinity,
)
from bench.launch.failure import fail
from bench.launch.libraries import find_library_problem
from bench.launch.protocol import Measured, Message
from bench.launch.team import find_team_problem, gather_team, is_team_narrowed
from bench.measure.clocks import find_clock_problem, read_clocks
from bench.measure.denormals import are_denormals_flushed, keep_denormals
from bench.measure.loop import quiet_interpreter, warm_up
from bench.measure.memory import read_peak_bytes
from bench.measure.noise import NoiseLedger
from bench.measure.readings import start_readings
from bench.measure.targets import load_target
from bench.records.case import Case
from bench.records.measurement import InstanceResult, Noise, Proof
from bench.records.plan import Task
from bench.records.reason import Reason
from bench.stats.metrics import find_readers
from bench.stats.scenarios import find_scenario
from bench.variants.prepare import Prepared, prepare
from bench.worker.channel import wait_for_all
from bench.worker.inherited import read_inherited
from bench.worker.load import Loading, find_builder, load_for_task, require_case
from bench.worker.loaded import verify_loaded
from bench.worker.prove import prove
from bench.worker.settings import find_changed_setting, read_settings

STAGE_ROUNDS = 3
"""Training steps whose stages are timed one by one, after the timed part."""


def measure_cell(task: Task, loading: Loading, channel: BinaryIO) -> Message:
    """Measure one repetition of a cell. The order of the steps matters: each needs what the one before it left.

    Raises:
        WorkerFailedError: the worker is not bound as the plan says.
        NoEffectError: precision, memory format or backend did not take effect.
    """
    case = require_case(task)
    loading = load_for_task(task, loading)
    keep_denormals()
    torch.set_num_threads(task.binding.threads)
    restore_main_thread_affinity(task.binding)
    time_samples = load_target(find_scenario(task.scenario).loop)
    build_workload = find_builder(case, task.source)
    settings = read_settings()
    start = perf_counter_ns()
    workload = build_workload(case)
    built = perf_counter_ns()
    prepared = prepare(workload, case, None if task.package is None else Path(task.package))
    keep_denormals()  # what was prepared may have been loaded from a compiler's file
    ready = perf_counter_ns()
    compiled_here_s = prepared.compile_s if task.package is None else 0.0
    peak_load_bytes = read_peak_bytes()
    with prepared.context():
        call = prepared.call
        call()
        called = perf_counter_ns()
        restore_main_thread_affinity(task.binding)
        keep_denormals()  # the first call may have compiled, and loaded what it compiled
        prepared.compile_other_shapes()
        prepared.reset()
        with quiet_interpreter():
            warmup, steady, iterations = warm_up(call, task.policy)
            wait_for_all(channel)
            compiled_before = prepared.compilations
            readings_since = start_readings(find_readers())
            ledger = NoiseLedger(task.binding.cpus, layout_cpus=task.layout_cpus)
            began = read_clocks()
            samples = time_samples(call, iterations, task.policy, after_sample=ledger.after_sample)
            ended = read_clocks()
            noise = ledger.finish(samples)
            readings = readings_since()
            recompiled = prepared.compilations - compiled_before
    peak_run_bytes = read_peak_bytes(earlier=peak_load_bytes)
    stages_ns = prepared.time_stages(STAGE_ROUNDS)
    effective = read_effective(
        loading.memory_binding,
        torch.get_num_threads(),
        variables=task.variables,
        inherited=read_inherited(),
        flush_denormals=are_denormals_flushed(),
    )
    team = gather_team()
    problem = (
        find_recompilation(recompiled)
        or find_binding_problem(task.binding, effective)
        or find_lost_cpus(task.binding)
        or find_library_problem(task.runtime, effective.libraries)
        or find_variable_problem(task.variables, effective)
        or find_denormal_problem(effective)
        or find_team_problem(task.binding, team)
        or find_changed_setting(settings, read_settings())
        or find_clock_problem(samples, began, ended, suspended_s=noise.suspended_s)
    )
    if problem is not None:
        raise fail(problem)
    return Measured(
        result=InstanceResult(
            warmup=warmup,
            steady=steady,
            samples=samples,
            import_s=loading.import_ns / 1e9,
            build_s=(built - start) / 1e9,
            prepare_s=max(0.0, (ready - built) / 1e9 - compiled_here_s - prepared.load_s),
            compile_s=prepared.compile_s,
            load_s=prepared.load_s,
            first_call_s=(called - ready) / 1e9,
            peak_load_bytes=peak_load_bytes,
            peak_run_bytes=peak_run_bytes,
            stages_ns=stages_ns,
            items_per_iteration=prepared.items_per_iteration,
            effective=effective,
            noise=note_affinity_change(noise) if is_team_narrowed(task.binding, team) else noise,
            readings=readings,
            proof=_prove(workload, prepared, task, case) if task.prove else None,
        )
    )


def note_affinity_change(noise: Noise) -> Noise:
    """Return the noise with a change of the allowed CPUs more, which no look at them met."""
    return replace(noise, affinity_changes=(noise.affinity_changes or 0) + 1)


def find_recompilation(programs: int) -> Reason | None:
    """Return the reason why samples that a compiler worked in are no samples of the model; None if it did not."""
    return None if not programs else Reason(code="recompiled", values={"programs": str(programs)})


def _prove(workload: Workload, prepared: Prepared, task: Task, case: Case) -> Proof:
    """Return the proof, with the files that were loaded by then: last, as the reference loads some."""
    proof = prove(workload, prepared, case, task.source)
    return replace(proof, loaded=verify_loaded(Path(task.scratch).parent, task.source))
