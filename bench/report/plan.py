"""The plan as text: what `--dry-run` prints."""

from collections.abc import Iterator

from bench.launch.environment import thread_environment
from bench.records.case import case_name
from bench.records.plan import Cell, Plan
from bench.records.profile import Layout
from bench.records.variant import describe_variant
from bench.report.case_columns import make_case_columns
from bench.report.machine import describe_choice
from bench.report.printable import PrintableText, join_lines
from bench.report.reasons import describe_reason
from bench.report.table import render_table
from bench.report.units import format_duration


def render_plan(plan: Plan, width: int | None = None) -> PrintableText:
    """Return number and time of the cells, a line for each, how each layout is bound, and what is refused.

    Args:
        plan: Of a run.
        width: That the table fits into, in characters; None for the whole table.
    """
    repetitions = f"{plan.policy.repetitions_min} to {plan.policy.repetitions_max} repetitions each"
    order = f"in rounds shuffled by seed {plan.order_seed}"
    lines = [
        f"{_count_cells(plan)}, {repetitions}, {order}: {_describe_time(plan)}",
        f"suite {plan.suite}, {describe_choice(plan.profile)}",
    ]
    if plan.cells:
        cases = make_case_columns([(cell.case, cell.layout, cell.variant) for cell in plan.cells])
        lines += [*filter(None, (cases.common,)), "", render_table(cases.columns, cases.rows, width)]
    lines += [*_describe_bindings(plan), "", f"command {' '.join(plan.argv)}"]
    lines += [
        f"side {variant.name}: {describe_variant(variant)}, command {' '.join(variant.argv)}"
        for variant in plan.variants
    ]
    lines += [f"layout {layout.name}: {note}" for layout in plan.layouts for note in layout_notes(layout)]
    lines += [f"refused {case_name(refusal.case)}: {describe_reason(refusal.reason)}" for refusal in plan.refused]
    return join_lines(lines)


def render_announcement(plan: Plan, output: str) -> PrintableText:
    """Return in two lines what a run is going to do, before it begins.

    Args:
        plan: Of the run.
        output: Folder for the bundle.
    """
    return join_lines(
        [
            f"measuring suite {plan.suite}, {_count_cells(plan)}, with profile {plan.profile.name}: {_describe_time(plan)}",
            f"the bundle goes to {output}; Ctrl-C keeps what was measured",
        ]
    )


def _count_cells(plan: Plan) -> str:
    return f"{len(plan.cells)} cell{'' if len(plan.cells) == 1 else 's'}"


def _describe_bindings(plan: Plan) -> Iterator[str]:
    """Yield how workers are bound and what is in their environment: once for all cells of which it is the same."""
    cells_by_text: dict[tuple[str, ...], list[Cell]] = {}
    for cell in plan.cells:
        cells_by_text.setdefault(tuple(_describe_binding(cell)), []).append(cell)
    for text, cells in cells_by_text.items():
        layouts = dict.fromkeys(cell.layout for cell in cells)
        name = f"layout {' and '.join(layouts)}"
        everywhere = [cell for cell in plan.cells if cell.layout in layouts] == cells
        yield ""
        yield name if everywhere else f"{name}, cells {', '.join(cell.id for cell in cells)}"
        yield from text


def _describe_binding(cell: Cell) -> Iterator[str]:
    for number, binding in enumerate(cell.instances):
        yield (
            f"  instance {number}: CPUs {binding.cpus}, memory nodes {binding.memory_nodes or 'any'}, "
            f"{binding.threads} threads, {_assignments(thread_environment(binding))}"
        )
    yield f"  openmp {cell.runtime.openmp}, allocator {cell.runtime.allocator}"
    yield f"  environment: {_assignments(cell.environment)}"


def _describe_time(plan: Plan) -> str:
    """Return the time for the minimum of repetitions, until when more may follow, and for how long void ones may."""
    policy, until_s = plan.policy, plan.policy.more_until_s
    told_s, words = plan.estimate_s, f"about {format_duration(plan.estimate_s)}"
    if until_s is not None and policy.repetitions_min < policy.repetitions_max and until_s > told_s:
        told_s, words = until_s, f"{words} for the minimum, more until {format_duration(until_s)}"
    longest_s = plan.estimate_s * policy.attempts_max / policy.repetitions_min
    if policy.budget_s is None and longest_s > told_s:
        words += f"; up to {format_duration(longest_s)} where noise voids repetitions"
    return words


def layout_notes(layout: Layout) -> tuple[str, ...]:
    """Return what a reader must know about a layout before it runs."""
    return (*map(describe_reason, layout.notes), *(f"overridden by {option}" for option in layout.overridden))


def _assignments(variables: dict[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in variables.items())
