"""The table that a reviewer reads: every profile on every machine that it fits, recorded, composed or made by hand."""

import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.hardware.detect import detect
from bench.profiles.load import load_profiles
from bench.profiles.match import why_not
from bench.profiles.overrides import Overrides
from bench.profiles.resolve import resolve_layouts
from bench.records.machine import Machine
from bench.records.profile import LAYOUTS, Layout
from bench.report.reasons import describe_reason
from tests.unit.hardware.servers import SERVERS

RECORDED = Path(__file__).parents[2] / "data" / "machines"


@pytest.fixture(scope="session")
def every_machine(machines: dict[str, Machine], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Machine]:
    """All machines of the tests, by what they are."""
    found = {f"made by hand: {name}": machine for name, machine in machines.items() if "the same" not in name}
    for archive in sorted(RECORDED.glob("*.tar.gz")):
        folder = tmp_path_factory.mktemp("recorded")
        with tarfile.open(archive) as file:
            file.extractall(folder, filter="data")
        found[f"recorded: {archive.name.removesuffix('.tar.gz')}"] = detect(folder / "root")
    for name, server in SERVERS.items():
        folder = tmp_path_factory.mktemp("composed")
        for path, text in server.files().items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        found[f"composed: {name}"] = detect(folder)
    return found


def describe(layout: Layout) -> Iterator[str]:
    """One line for what all instances share, then where they are: `0-7@0` is CPUs 0 to 7 with memory of node 0."""
    threads = sorted({binding.threads for binding in layout.instances})
    places = " ".join(f"{binding.cpus}@{binding.memory_nodes or 'any'}" for binding in layout.instances)
    yield (
        f"    {layout.name:<11} {len(layout.instances):>3} x {'/'.join(map(str, threads))} threads, "
        f"{layout.runtime.openmp}, {layout.runtime.allocator}: {places}"
    )
    yield from (f"      note {describe_reason(note)}" for note in layout.notes)


def test_every_profile_on_every_machine_that_it_fits_is_as_reviewed(
    every_machine: dict[str, Machine], check_golden: Callable[[str, str], None]
) -> None:
    lines: list[str] = []
    for name, profile in load_profiles().items():
        fitting = [title for title, machine in every_machine.items() if why_not(profile, machine) is None]
        assert fitting, f"no machine of the tests fits profile {name}"
        lines.append(name)
        for title in fitting:
            lines.append(f"  {title}")
            for layout in resolve_layouts(profile, every_machine[title], LAYOUTS, Overrides()):
                lines += describe(layout)
        lines.append("")
    check_golden("profiles/fitting.txt", "\n".join(lines))
