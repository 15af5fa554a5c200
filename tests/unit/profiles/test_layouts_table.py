"""The table of layouts that a reviewer reads: what shipped profiles become on machines made by hand."""

from collections.abc import Callable

from bench.profiles.load import load_profiles
from bench.profiles.match import choose_profile
from bench.profiles.overrides import Overrides, format_options
from bench.profiles.resolve import resolve_layouts
from bench.records.machine import Machine
from bench.records.profile import LAYOUTS, Layout
from bench.report.machine import describe_choice
from bench.report.reasons import describe_reason

SPR = "2 x 56 cores of Sapphire Rapids, SMT, SNC4"
GENOA = "1 x 96 cores of Genoa, SMT, 12 L3 groups"

OVERRIDDEN: tuple[tuple[str, Overrides], ...] = (
    (SPR, Overrides(instances=16)),
    (SPR, Overrides(instances=3)),
    (SPR, Overrides(instances=4, threads=4)),
    (SPR, Overrides(cpus=frozenset({0, 1, 112, 113, 14}))),
    (SPR, Overrides(memory_nodes=frozenset({1}))),
    (GENOA, Overrides(threads=4)),
    ("the same, quota of 10 CPUs", Overrides(threads=4)),
)


def describe(layout: Layout) -> list[str]:
    lines = [f"  {layout.name}"]
    lines += [f"    option {option}" for option in layout.overridden]
    lines += [
        f"    cpus {binding.cpus:<12} memory {binding.memory_nodes or 'unbound':<8} threads {binding.threads}"
        for binding in layout.instances
    ]
    return lines + [f"    note {describe_reason(note)}" for note in layout.notes]


def test_layouts_of_the_shipped_profiles_are_as_reviewed(
    machines: dict[str, Machine], check_golden: Callable[[str, str], None]
) -> None:
    profiles = load_profiles()
    lines: list[str] = []
    for title, overrides in [*((name, Overrides()) for name in machines), *OVERRIDDEN]:
        machine = machines[title]
        choice = choose_profile(profiles, machine)
        lines += [" ".join((title, *format_options(overrides))), f"  {describe_choice(choice)}"]
        for layout in resolve_layouts(profiles[choice.name], machine, LAYOUTS, overrides):
            lines += describe(layout)
        lines.append("")
    check_golden("profiles/layouts.txt", "\n".join(lines))
