"""TorchBench's models as bench and as TorchBench time them: `python -m tests.benchmarks.torchbench CHECKOUT [MODEL...]`.

A round is a `bench run` of all models, one repetition each, and then TorchBench for each, in a process of its own. Both
have the CPUs, threads, libraries and variables that bench plans here, the model's default batch size, and eager fp32.
TorchBench's process does what its `userbenchmark/cpu` does: `load_model`, and `get_latencies` of `invoke`, whose median
counts. Then it times by the same function the module that `get_module` returns, as bench calls it. So where those two
differ, `invoke` does more than call the module. `--variants` are measured by bench alone, a run for each. Prints a table
in Markdown, and why models have no number. Nothing is asserted.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import geometric_mean
from tempfile import TemporaryDirectory

import msgspec
from tabulate import tabulate

from bench.launch.environment import worker_environment
from bench.launch.libraries import find_preloads
from bench.records.cpulist import parse_cpulist
from bench.records.plan import Cell
from bench.records.record import decode_json
from bench.report.reasons import describe_reason
from bench.report.run_report import RunReport
from bench.report.text import MARK_LETTERS
from bench.workloads.sources.locate import workload_name
from bench.workloads.sources.torchbench.checkout import match_models

Variant = tuple[str, str]
"""Precision and backend."""

EAGER: Variant = ("fp32", "eager")

HEADERS = ("model", "batch", "TorchBench ms", "its module ms", "bench ms", "marks", "ratio", "of module")

TELLING = ("steady_state_not_reached", "sliding", "noisy_host")
"""Marks that a single repetition may have and that say that its number is none: u, s and n, one word for each round."""

TIMED = r"""
import json, os, sys
from statistics import median
from time import perf_counter

model, cpus, answer = sys.argv[1:]
os.sched_setaffinity(0, json.loads(cpus))
sys.path.insert(0, os.getcwd())
sys.argv = sys.argv[:1]
import torch
from torchbenchmark.util.experiment.instantiator import TorchBenchModelConfig, load_model
from torchbenchmark.util.experiment.metrics import get_latencies
from torchbenchmark.util.model import nested

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
loaded = load_model(TorchBenchModelConfig(model, "eval", "cpu", None, []))


def time_it(call):
    call()
    start = perf_counter()
    call()
    rounds = max(5, min(50, int(1.5 / (perf_counter() - start))))
    return median(get_latencies(call, "cpu", nwarmup=rounds // 2, num_iter=rounds))


module, inputs = loaded.get_module()
kwargs, args = (inputs, ()) if isinstance(inputs, dict) else ({}, inputs if isinstance(inputs, (tuple, list)) else (inputs,))
invoke_ms = time_it(loaded.invoke)
with nested(*loaded.run_contexts):
    module_ms = time_it(lambda: module(*args, **kwargs))
with open(answer, "w") as file:
    json.dump({"batch_size": loaded.batch_size, "invoke_ms": invoke_ms, "module_ms": module_ms}, file)
"""


class Timed(msgspec.Struct):
    """What TorchBench's process says: medians of milliseconds, of `invoke` and of a call of the module."""

    batch_size: int
    invoke_ms: float
    module_ms: float


class Row:
    """What was measured of a model, by precision and backend."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.torchbench: list[Timed] = []
        self.bench_s: dict[Variant, list[float]] = {}
        self.marks: list[str] = []
        self.problems: dict[Variant, str] = {}

    def add(self, report: RunReport | str, variant: Variant) -> None:
        """Take this model's number of a run, or the reason why it has none."""
        if isinstance(report, str):
            self.problems[variant] = report
            return
        name = workload_name("torchbench", self.model)
        for cell in report.rows.cells:
            if cell.case.workload == name:
                self.bench_s.setdefault(variant, []).append(cell.latency_s.point)
                if variant == EAGER:
                    self.marks.append("".join(MARK_LETTERS[mark] for mark in cell.marks if mark in TELLING) or "-")
        reasons = [row.reason for row in report.rows.failed if row.case.workload == name]
        reasons += [row.reason for row in report.plan.refused if row.case.workload == name]
        if reasons:
            self.problems[variant] = "; ".join(map(describe_reason, reasons))

    def time_torchbench(self, checkout: Path, cell: Cell) -> None:
        """Have TorchBench time this model, in a process like a worker of a cell."""
        try:
            self.torchbench.append(time_model(checkout, self.model, cell))
        except subprocess.CalledProcessError as error:
            self.problems["TorchBench", "itself"] = error.stderr.decode(errors="replace").strip().rpartition("\n")[2]

    def render(self, variants: Sequence[Variant]) -> list[object]:
        """Return the line of the table, with milliseconds."""
        bench = {variant: geometric_mean(times) * 1e3 for variant, times in self.bench_s.items()}
        invoke, module, batch = None, None, None
        if self.torchbench:
            invoke = geometric_mean(timed.invoke_ms for timed in self.torchbench)
            module = geometric_mean(timed.module_ms for timed in self.torchbench)
            batch = self.torchbench[0].batch_size
        eager = bench.get(EAGER)
        ratios = [None if eager is None or other is None else eager / other for other in (invoke, module)]
        return [self.model, batch, invoke, module, eager, " ".join(self.marks), *ratios, *map(bench.get, variants)]

    def explain(self) -> Iterator[str]:
        """Say what has no number, and why."""
        for (precision, backend), problem in self.problems.items():
            yield f"- {self.model}, {precision} {backend}: {problem}"


def main(checkout: Path, patterns: Sequence[str], variants: Sequence[Variant], rounds: int) -> None:
    """Measure, and print the table; lines of progress go to standard error."""
    models = dict.fromkeys(model for pattern in patterns for model in match_models(checkout, pattern))
    rows = {model: Row(model) for model in models}
    for _ in range(rounds):
        report = run_bench(checkout, list(rows), EAGER)
        for row in rows.values():
            row.add(report, EAGER)
        for row in rows.values():
            if isinstance(report, RunReport) and EAGER in row.bench_s:
                row.time_torchbench(checkout, report.plan.cells[0])
                print(*row.render([]), file=sys.stderr, flush=True)
    measured = [model for model, row in rows.items() if EAGER in row.bench_s]
    for variant in variants if measured else ():
        report = run_bench(checkout, measured, variant)
        for model in measured:
            rows[model].add(report, variant)
    headers = [*HEADERS, *(f"{precision} {backend} ms" for precision, backend in variants)]
    lines = [rows[model].render(variants) for model in measured]
    print(tabulate(lines, headers, tablefmt="github", floatfmt=".3g", missingval="-"), end="\n\n")
    print(*(line for row in rows.values() for line in row.explain()), sep="\n")


def run_bench(checkout: Path, models: Sequence[str], variant: Variant) -> RunReport | str:
    """Return the report of a run of one repetition; or bench's last line, where nothing could be planned."""
    precision, backend = variant
    with TemporaryDirectory() as folder:
        argv = [sys.executable, "-m", "bench", "run", "--json", "--output", folder, "--suite", "nightly"]
        argv += ["--torchbench", str(checkout), "--workload", ",".join(f"torchbench/{model}" for model in models)]
        argv += ["--layout", "latency", "--precision", precision, "--backend", backend, "--repetitions", "1:1"]
        done = subprocess.run(argv, capture_output=True, check=False)
        if not done.stdout:
            return done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        return decode_json(done.stdout, RunReport, source="bench run")


def time_model(checkout: Path, model: str, cell: Cell) -> Timed:
    """Return what TorchBench's own functions say of a model, with the environment and the CPUs of a cell's worker."""
    binding = cell.instances[0]
    environment = worker_environment(cell.environment, binding, preloads=find_preloads(cell.runtime), parent=os.environ)
    with TemporaryDirectory() as folder:
        answer = Path(folder, "answer.json")
        cpus = str(sorted(parse_cpulist(binding.cpus)))
        argv = [sys.executable, "-c", TIMED, model, cpus, str(answer)]
        subprocess.run(
            argv, cwd=checkout, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True
        )
        return msgspec.json.decode(answer.read_bytes(), type=Timed)


def _parse_variant(word: str) -> Variant:
    precision, _, backend = word.partition(":")
    return precision, backend


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("models", nargs="*", default=["*"], help="patterns of names")
    parser.add_argument("--variants", nargs="*", type=_parse_variant, default=[], help="such as amp_bf16:eager")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    main(options.checkout.resolve(), options.models, options.variants, options.rounds)
