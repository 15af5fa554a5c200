"""The host along the run: noise of each cell, what was refused or failed, and the facts of machine and software."""

from collections.abc import Iterator

from bench.report.cases import describe_case
from bench.report.html.run import PageRun, link_cell
from bench.report.html.strips import name_code
from bench.report.html.tables import Heading, Table, Value
from bench.report.machine import list_facts
from bench.report.reasons import describe_reason
from bench.report.units import format_seconds, format_significant

_NOISE = (
    Heading("cell"),
    Heading("steal", "%", "number", "time that the hypervisor took away"),
    Heading("foreign", "%", "number", "time of the bound CPUs that others used"),
    Heading("throttled", "", "number", "stopped by a CPU quota"),
    Heading("CPU pressure", "", "number", "some task waited for a CPU"),
    Heading("involuntary switches", "", "number"),
    Heading("migrations", "", "number"),
    Heading("major faults", "", "number"),
    Heading("lowest frequency", "GHz", "number"),
    Heading("invalid repetitions"),
)


def tabulate_noise(run: PageRun) -> Table:
    """Return the noise of each cell. What the kernel does not show is said to be unavailable."""
    rows = []
    for row in run.noise:
        invalid = ", ".join(f"{count} × {name_code(code)}" for code, count in row.invalid.items())
        hertz = row.frequency_min_hz
        rows.append(
            [
                Value(run.names[row.cell], link=link_cell(run, row.cell)),
                _percent(row.steal_ratio),
                _percent(row.foreign_ratio),
                _seconds(row.throttled_s),
                _seconds(row.cpu_pressure_s),
                _count(row.involuntary_switches),
                _count(row.migrations),
                _count(row.major_faults),
                _UNAVAILABLE if hertz is None else Value(format_significant(hertz / 1e9), hertz),
                Value(invalid or "none", tone="bad" if invalid else "quiet"),
            ]
        )
    notes = [
        "The largest value of any valid repetition.",
        "Repetitions beyond the limits are invalid: they are kept in the bundle, and no number rests on them.",
    ]
    return Table(f"{run.prefix}-noise", "Noise while each cell was timed", _NOISE, rows, notes)


def tabulate_missing(run: PageRun) -> Table | None:
    """Return the cells without a number and the cases that were refused, with the reasons; None if there are none."""
    rows = list(_list_missing(run))
    if not rows:
        return None
    headings = [Heading("what"), Heading("case"), Heading("reason")]
    return Table(f"{run.prefix}-missing", "Failed and refused", headings, rows)


def tabulate_machine(run: PageRun) -> Table:
    """Return the facts of the machine."""
    rows = [[Value(label), Value(text)] for label, text in list_facts(run.report.machine)]
    return Table(f"{run.prefix}-machine", "Machine", [Heading("fact"), Heading("value")], rows)


def tabulate_origins(run: PageRun) -> Table:
    """Return which hardware fields the kernel measured, and which are merely stated."""
    origins = run.verification.origins
    rows = [
        [Value(origin), Value(", ".join(sorted(field for field in origins if origins[field] == origin)))]
        for origin in sorted(set(origins.values()))
    ]
    return Table(
        f"{run.prefix}-origins", "Where hardware facts come from", [Heading("origin"), Heading("fields")], rows
    )


def tabulate_profiles(run: PageRun) -> Table:
    """Return why each other profile was not chosen."""
    why_not = sorted(run.report.plan.profile.why_not.items())
    rows = [[Value(name), Value(describe_reason(reason))] for name, reason in why_not]
    return Table(
        f"{run.prefix}-profiles", "Profiles that were not chosen", [Heading("profile"), Heading("reason")], rows
    )


def tabulate_software(run: PageRun) -> Table:
    """Return the packages, and the variables of the environment that are recorded."""
    environment = run.verification.contents.environment
    rows = [
        [Value(package.name), Value(package.version)]
        for package in sorted(environment.distributions, key=lambda package: package.name.lower())
    ]
    variables = [f"{name}={value}" for name, value in sorted(environment.variables.items())]
    notes = [f"Variables: {' '.join(variables)}" if variables else "", f"Source of bench: {environment.source_digest}"]
    headings = [Heading("package"), Heading("version")]
    return Table(f"{run.prefix}-software", "Software", headings, rows, [note for note in notes if note], filter=True)


def describe_drift(run: PageRun) -> list[str]:
    """Return by how much the probes of each layout changed."""
    return [
        f"{drift.layout}: over {drift.probes} probes, compute changed by {drift.compute_ratio - 1:.0%} and memory "
        f"bandwidth by {drift.bandwidth_ratio - 1:.0%}."
        for drift in run.report.summary.drift
    ]


_UNAVAILABLE = Value("unavailable", tone="quiet")


def _list_missing(run: PageRun) -> Iterator[list[Value]]:
    for row in run.report.rows.failed:
        case = f"{describe_case(row.case)}, {row.layout}"
        yield [Value("no number", tone="bad"), Value(case), Value(describe_reason(row.reason))]
    for refusal in run.report.plan.refused:
        yield [Value("refused"), Value(describe_case(refusal.case)), Value(describe_reason(refusal.reason))]


def _percent(ratio: float | None) -> Value:
    return _UNAVAILABLE if ratio is None else Value(f"{ratio * 100:.2g}", ratio)


def _seconds(seconds: float | None) -> Value:
    if seconds is None:
        return _UNAVAILABLE
    return Value(format_seconds(seconds) if seconds else "0", seconds)


def _count(count: int | None) -> Value:
    return _UNAVAILABLE if count is None else Value(str(count), count)
