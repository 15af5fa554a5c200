"""The first screen: the machine, the profile and why, who signed, what verification proved, the headline numbers."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple

from bench.bundle.timestamp import parse_timestamp
from bench.records.profile import Layout
from bench.records.summary import TOO_FEW
from bench.report.closing import describe_remarkable, find_fastest
from bench.report.comparison import OUTCOMES
from bench.report.html.run import PageRun
from bench.report.html.tables import join_texts
from bench.report.machine import describe_calibration, describe_choice, describe_machine
from bench.report.reasons import describe_reason
from bench.report.sources import describe_sources
from bench.report.text import CLOCK_STEP_S
from bench.report.units import format_duration
from bench.report.verification import describe_signer, list_proof

_SHOWN_PACKAGES = ("torch", "torchvision", "transformers", "torchao", "openvino", "onnxruntime")


class Headline(NamedTuple):
    """A number that stands large on the first screen, with what it is."""

    number: str
    label: str
    detail: str


class Summary(NamedTuple):
    """The first screen of a run.

    Attributes:
        title: The CPU.
        facts: Labels, each with its sentences.
        headlines: At most four.
        warnings: What a reader must know before any number.
        remarkable: What stands out, in phrases.
    """

    title: str
    facts: Sequence[tuple[str, Sequence[str]]]
    headlines: Sequence[Headline]
    warnings: Sequence[str]
    remarkable: Sequence[str]


def summarize(run: PageRun) -> Summary:
    """Return the first screen of a run."""
    cpu = run.report.machine.cpu
    return Summary(
        title=cpu.model_name or cpu.vendor,
        facts=[(label, texts) for label, texts in _list_facts(run) if texts],
        headlines=list(_list_headlines(run))[:4],
        warnings=list(_list_warnings(run)),
        remarkable=list(describe_remarkable(run.report.rows.cells)),
    )


def describe_software(run: PageRun) -> str:
    """Return the packages that measured, with their versions."""
    environment = run.verification.contents.environment
    versions = {package.name: package.version for package in environment.distributions}
    shown = [f"{name} {versions[name]}" for name in _SHOWN_PACKAGES if name in versions]
    return join_texts([*shown, f"bench {run.report.info.bench_version}", environment.implementation])


def _list_facts(run: PageRun) -> Iterator[tuple[str, Sequence[str]]]:
    report, info = run.report, run.report.info
    proof = {label: texts for label, texts in list_proof(run.verification) if label != "signed by"}
    took_s = (
        parse_timestamp(info.finished_at, source="bundle.json") - parse_timestamp(info.started_at, source="bundle.json")
    ).total_seconds()
    yield "Machine", [describe_machine(report.machine)]
    yield "Profile", [describe_choice(report.plan.profile).removeprefix("profile ")]
    yield "Layouts", [_describe_layout(layout) for layout in report.plan.layouts]
    yield "Own models", list(describe_sources(report.plan.sources))
    yield "Software", [describe_software(run)]
    yield "Run", [f"{info.run_id}, suite {report.plan.suite}, {info.started_at}, {format_duration(took_s)}"]
    yield "Signed by", [describe_signer(signer) for signer in run.verification.signers]
    yield "Verified", [f"intact; {text}" if not at else text for at, text in enumerate(proof["intact"][1:])]
    yield "Hardware facts", [_count_origins(run)]
    unchecked = [describe_reason(reason) for reason in run.verification.unchecked]
    yield "Not checked", unchecked
    yield "Image", proof.get("image", [])
    yield "Hidden", proof.get("hidden", [])
    yield "Repeats", [] if info.cites is None else [f"run {info.cites.run_id}, {info.cites.content_digest}"]
    yield "Calibration", [] if report.calibration is None else [describe_calibration(report.calibration)]
    yield "Note", [] if info.note is None else [info.note]


def _count_origins(run: PageRun) -> str:
    origins = list(run.verification.origins.values())
    return (
        f"{origins.count('measured')} fields read from the kernel in the run, as the signer states; "
        f"{origins.count('stated')} merely stated by firmware or hypervisor (both are listed below)"
    )


def _describe_layout(layout: Layout) -> str:
    count = len(layout.instances)
    threads = "-".join(sorted({str(binding.threads) for binding in layout.instances}))
    cpus = "; ".join(binding.cpus for binding in layout.instances[:4])
    more = "; …" if count > 4 else ""
    instances = "1 instance" if count == 1 else f"{count} instances"
    notes = [*map(describe_reason, layout.notes), *(f"overridden by {option}" for option in layout.overridden)]
    runtime = f"OpenMP {layout.runtime.openmp}, allocator {layout.runtime.allocator}"
    return join_texts([f"{layout.name}: {instances} × {threads} threads on CPUs {cpus}{more}", runtime, *notes])


def _list_headlines(run: PageRun) -> Iterator[Headline]:
    rows = run.report.rows
    yield Headline(f"{len(rows.cells)} of {len(run.report.plan.cells)}", "cells have a number", "")
    fastest = find_fastest(rows.cross)
    if fastest is not None:
        speed = fastest.speed_ratio
        detail = f"{run.names[fastest.cell]}, {speed.low:.2f} to {speed.high:.2f}"
        yield Headline(f"{speed.point:.2f}×", "fastest against eager fp32", detail)
    shares = [(row.peak_compute_ratio, row) for row in rows.cells if row.peak_compute_ratio is not None]
    if shares:
        ratio, row = max(shares, key=lambda share: share[0])
        yield Headline(f"{ratio:.0%}", "highest share of peak compute", run.names[row.cell])
    widths = [row.latency_s.half_width_ratio for row in rows.cells if {*row.marks}.isdisjoint(TOO_FEW)]
    if widths:
        confidence = f"{run.report.plan.policy.confidence * 100:.3g}%"
        yield Headline(
            f"±{median(widths):.1%}", f"median {confidence} interval of latency", "half width, over all cells"
        )


def _list_warnings(run: PageRun) -> Iterator[str]:
    report = run.report
    if report.machine.cpu.emulated:
        yield "Emulated: this architecture is emulated here; the numbers do not describe a CPU."
    if report.comparison is not None:
        yield f"Comparison of two sides: {OUTCOMES[report.comparison.outcome]}."
    step_s = report.info.clock_step_s or 0.0
    if abs(step_s) >= CLOCK_STEP_S:
        yield f"The wall clock was set by {step_s:+.0f} s during the run; no number rests on it."
