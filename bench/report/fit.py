"""Which profiles fit a machine, as text."""

from collections.abc import Iterator, Sequence

from bench.profiles.fit import Fit
from bench.records.machine import Machine
from bench.records.profile import Choice
from bench.report.machine import describe_choice, describe_machine
from bench.report.plan import layout_notes
from bench.report.printable import PrintableText, join_lines
from bench.report.reasons import describe_reason


def render_fits(machine: Machine, choice: Choice | None, fits: Sequence[Fit]) -> PrintableText:
    """Return the machine, the layouts of each profile that fits, and why each other one does not.

    Args:
        machine: The machine.
        choice: What `--profile auto` chooses; None if no profile fits.
        fits: Of all profiles.
    """
    lines = [describe_machine(machine)]
    if choice is not None:
        lines.append(f"auto: {describe_choice(choice)}")
    for fit in fits:
        if fit.why_not is None:
            lines += ["", f"profile {fit.profile}", *_render_layouts(fit)]
    misfits = [f"not {fit.profile}: {describe_reason(fit.why_not)}" for fit in fits if fit.why_not is not None]
    return join_lines([*lines, "", *misfits] if misfits else lines)


def _render_layouts(fit: Fit) -> Iterator[str]:
    for layout in fit.layouts:
        yield f"  {layout.name}: openmp {layout.runtime.openmp}, allocator {layout.runtime.allocator}"
        for number, binding in enumerate(layout.instances):
            nodes = f"memory nodes {binding.memory_nodes or 'any'}"
            yield f"    instance {number}: CPUs {binding.cpus}, {nodes}, {binding.threads} threads"
        yield from (f"    {note}" for note in layout_notes(layout))
