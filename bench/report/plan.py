"""The plan as text: what `--dry-run` prints."""

from bench.launch.environment import thread_environment
from bench.records.case import case_name
from bench.records.plan import Plan
from bench.records.profile import Layout
from bench.records.variant import describe_variant
from bench.report.machine import describe_choice
from bench.report.reasons import describe_reason
from bench.report.units import format_duration


def render_plan(plan: Plan) -> str:
    """Return each cell with CPUs, memory nodes, threads and environment, the command, and the expected time."""
    lines = [
        f"suite {plan.suite}, {describe_choice(plan.profile)}",
        f"command {' '.join(plan.argv)}",
        *(
            f"side {variant.name}: {describe_variant(variant)}, command {' '.join(variant.argv)}"
            for variant in plan.variants
        ),
    ]
    for layout in plan.layouts:
        lines += [f"layout {layout.name}: {note}" for note in layout_notes(layout)]
    for cell in plan.cells:
        side = "" if cell.variant is None else f", side {cell.variant}"
        lines += ["", f"{cell.id}  {case_name(cell.case)}{side}"]
        for number, binding in enumerate(cell.instances):
            lines.append(
                f"  instance {number}: CPUs {binding.cpus}, memory nodes {binding.memory_nodes or 'any'}, "
                f"{binding.threads} threads, {_assignments(thread_environment(binding))}"
            )
        lines.append(f"  openmp {cell.runtime.openmp}, allocator {cell.runtime.allocator}")
        lines.append(f"  environment: {_assignments(cell.environment)}")
    if plan.refused:
        lines.append("")
    lines += [f"refused {case_name(refusal.case)}: {describe_reason(refusal.reason)}" for refusal in plan.refused]
    repetitions = f"{plan.policy.repetitions_min} to {plan.policy.repetitions_max} repetitions each"
    order = f"in rounds shuffled by seed {plan.order_seed}"
    lines += ["", f"{len(plan.cells)} cells, {repetitions}, {order}: {_describe_time(plan)}"]
    return "\n".join(lines)


def _describe_time(plan: Plan) -> str:
    """Return the time for the minimum of repetitions, and until when more may follow."""
    minimum = f"about {format_duration(plan.estimate_s)}"
    until_s = plan.policy.more_until_s
    if until_s is None or plan.policy.repetitions_min == plan.policy.repetitions_max or until_s <= plan.estimate_s:
        return minimum
    return f"{minimum} for the minimum, more until {format_duration(until_s)}"


def layout_notes(layout: Layout) -> tuple[str, ...]:
    """Return what a reader must know about a layout before it runs."""
    return (*map(describe_reason, layout.notes), *(f"overridden by {option}" for option in layout.overridden))


def _assignments(variables: dict[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in variables.items())
