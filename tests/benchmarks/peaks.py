"""What each library and each instruction reaches on this machine: `python -m tests.benchmarks.peaks [PROBES]`.

Prints the best rate of some probes, by kernel and precision, and how long a probe takes.
"""

import os
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import torch
from tabulate import tabulate

from bench.hardware.detect import detect
from bench.measure.probe import measure_probe
from bench.records.peak import PeakPrecision
from bench.records.probe import ProbeResult
from bench.records.profile import Binding
from bench.report.reasons import describe_reason
from bench.run.probes import ProbePlanner

PRECISIONS: tuple[PeakPrecision, ...] = ("fp32", "bf16", "fp16", "int8")


def main(probes: int) -> None:
    machine = detect()
    topology = machine.topology
    cpus = sorted(os.sched_getaffinity(0))
    binding = Binding(cpus=topology.allowed_cpus, memory_nodes=topology.allowed_memory_nodes, threads=len(cpus))
    torch.set_num_threads(binding.threads)
    with TemporaryDirectory() as folder:
        planner = ProbePlanner(machine, Path(folder), parent=os.environ)
        seconds: dict[str, list[float]] = {}

        def timed(name: str, *, peaks: bool) -> ProbeResult:
            start = perf_counter()
            request = planner.plan(binding, 1, peaks=peaks)
            planned = perf_counter()
            result = measure_probe(request, binding.threads)
            seconds.setdefault("compiling the loops, once", []).append(planned - start)
            seconds.setdefault(name, []).append(perf_counter() - planned)
            return result

        results = [timed("a probe of all peaks", peaks=True) for _ in range(probes)]
        for _ in range(probes):
            timed("a probe for drift", peaks=False)
    print(f"{machine.cpu.model_name}, {machine.cpu.microarchitecture}, {binding.threads} threads\n")
    print(tabulate(_rows(results), headers=["GFLOP/s", "", *PRECISIONS], floatfmt=".0f", tablefmt="github"))
    print(f"\ntriad {max(result.triad_bytes_per_s for result in results) / 1e9:.0f} GB/s,", end=" ")
    print(f"read {max(result.read_bytes_per_s or 0 for result in results) / 1e9:.0f} GB/s,", end=" ")
    print(f"arrays of {results[0].array_bytes >> 20} MiB over caches of {(results[0].cache_bytes or 0) >> 20} MiB")
    for reason in results[0].missing:
        print(describe_reason(reason))
    for name, times in seconds.items():
        print(f"{name}: {max(times) if 'once' in name else median(times):.2f} s")


def _rows(results: list[ProbeResult]) -> list[list[object]]:
    best: dict[tuple[str, str], dict[str, float]] = {}
    for result in results:
        for peak in result.peaks:
            rates = best.setdefault((peak.method, peak.name), {})
            rates[peak.precision] = max(rates.get(peak.precision, 0.0), peak.operations_per_s)
    return [
        [method, name, *(rates[precision] / 1e9 if precision in rates else None for precision in PRECISIONS)]
        for (method, name), rates in best.items()
    ]


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 10)
