"""What OpenMP runtime and allocator bring here: throughput of every combination over that of torch's own.

    python -m tests.benchmarks.runtimes [ROUNDS]

Every combination runs in workers of its own, bound as the profile's latency layout says, with those of the
profile's variables that the combination reads; torch's own (gnu, system) runs without any. A round runs
all of them, the next in the opposite order, so that drift of the machine favours none. Each ratio is of one
round; nothing is asserted.
"""

import sys
from collections.abc import Mapping
from itertools import product
from statistics import median

from tabulate import tabulate

from bench.hardware.detect import detect
from bench.launch.environment import plan_environment
from bench.launch.workers import Workers
from bench.profiles.load import load_profiles
from bench.profiles.match import choose_profile
from bench.profiles.overrides import Overrides
from bench.profiles.resolve import resolve_layouts
from bench.profiles.variables import variables_for
from bench.records.case import Case
from bench.records.plan import Policy
from bench.records.profile import ALLOCATORS, OPENMP_RUNTIMES, Binding, Profile, Runtime
from bench.stats.closed_loop import instance_latency_s
from bench.workloads.registry import find_workload
from tests.benchmarks.repetition import one_job, only_result

POLICY = Policy(
    repetitions_min=1,
    repetitions_max=1,
    warmup_max_s=3,
    measure_s=4,
    samples_min=5,
    sample_s=0.02,
    target_ci_ratio=0.1,
    confidence=0.95,
    timeout_s=600,
)
OWN = Runtime(openmp="gnu", allocator="system")
RUNTIMES = tuple(
    Runtime(openmp=openmp, allocator=allocator) for openmp, allocator in product(OPENMP_RUNTIMES, ALLOCATORS)
)


def main(rounds: int) -> None:
    """Run the rounds and print one table per workload."""
    machine = detect()
    profiles = load_profiles()
    choice = choose_profile(profiles, machine)
    profile = profiles[choice.name]
    (layout,) = resolve_layouts(profile, machine, ("latency",), Overrides())
    print(f"profile {choice.name}, CPUs {layout.instances[0].cpus}, {rounds} rounds")
    for workload, memory_format in (("resnet50", "channels_last"), ("bert_base", "contiguous")):
        facts = find_workload(workload)
        case = Case(
            workload=workload,
            mode="inference",
            phase=None,
            precision="fp32",
            memory_format=memory_format,
            backend="eager",
            batch_size=facts.batch_size["inference"],
            shape=facts.shape,
        )
        rates: dict[Runtime, list[float]] = {runtime: [] for runtime in RUNTIMES}
        for number in range(rounds):
            for runtime in RUNTIMES[:: -1 if number % 2 else 1]:
                rates[runtime].append(measure(case, layout.instances[0], runtime, profile))
        print_table(f"{workload}, {facts.unit}/s", rates)


def measure(case: Case, binding: Binding, runtime: Runtime, profile: Profile) -> float:
    """Items per second in one fresh worker, by its median sample."""
    variables: Mapping[str, str] = {} if runtime == OWN else variables_for(profile, runtime)
    with one_job(case, binding, runtime, POLICY, plan_environment(variables)) as job:
        result = only_result(Workers().run(job, timeout_s=POLICY.timeout_s))
    return result.items_per_iteration / instance_latency_s(result)


def print_table(title: str, rates: Mapping[Runtime, list[float]]) -> None:
    """Median rate, and the ratio to torch's own of the same round with its least and greatest."""
    rows = []
    for runtime, values in rates.items():
        ratios = [value / own for value, own in zip(values, rates[OWN], strict=True)]
        spread = f"{min(ratios):.3f} to {max(ratios):.3f}"
        rows.append((runtime.openmp, runtime.allocator, f"{median(values):.2f}", f"{median(ratios):.3f}", spread))
    print()
    print(tabulate(rows, ("openmp", "allocator", title, "ratio", "least to greatest"), disable_numparse=True))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
