"""`bench detect`."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from bench.cli.console import print_report, print_text, wide_option
from bench.cli.root_option import root_option
from bench.cli.types import FilePath

if TYPE_CHECKING:
    from bench.records.machine import Machine

EPILOG = """\b
Examples:
  bench detect
  bench detect --json
  bench detect --record machine.tar.gz
  bench detect --root recorded/machine
"""


@click.command(epilog=EPILOG)
@root_option
@click.option("--record", type=FilePath(), metavar="FILE", help="Also pack the files that detection reads into a new .tar.gz, for a bug report. Serial numbers and host names are left out.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@wide_option
def detect(root: Path, record: Path | None, as_json: bool, wide: bool) -> None:
    """Show this machine and the profile that fits it.

    For each other profile, the first condition that does not hold is shown.
    """
    from bench.bundle.files import require_writable
    from bench.cli.console import print_json
    from bench.errors import ProfileError
    from bench.hardware.detect import detect as detect_machine
    from bench.hardware.readings import read_process_limits
    from bench.hardware.tree import Tree
    from bench.profiles.load import load_profiles
    from bench.profiles.match import choose_profile
    from bench.report.machine import render_machine

    if record is not None:
        require_writable(record, replace=False)
    machine = detect_machine(root) if record is None else _record_machine(root, record)
    limits = read_process_limits(Tree(root))
    choice, problem = None, None
    try:
        choice = choose_profile(load_profiles(), machine)
    except ProfileError as error:
        problem = str(error)
    if as_json:
        profile: object = {"name": None, "problem": problem} if choice is None else choice
        print_json({**msgspec.structs.asdict(machine), "profile": profile, "process_limits": limits})
    else:
        print_report(lambda _: render_machine(machine, choice, problem, limits), wide=wide)


def _record_machine(root: Path, file: Path) -> "Machine":
    """Detect a machine and record it. A machine that cannot be detected is recorded too: it is the best bug report."""
    from bench.bundle.files import write_file
    from bench.hardware.cpuinfo import read_cpuinfo
    from bench.hardware.detect import detect as detect_machine
    from bench.hardware.process import read_process
    from bench.hardware.readings import read_readings
    from bench.hardware.recording import RecordingTree, pack_recording
    from bench.hardware.recording_scrub import LEFT_OUT, scrub_recording

    tree = RecordingTree(root)
    process = read_process(tree, read_cpuinfo(tree))
    read_readings(tree)  # for `bench doctor --root`
    try:
        return detect_machine(tree, process=process)
    finally:
        members = scrub_recording(tree.recording, process)
        write_file(file, pack_recording(members), replace=False)
        contents = [data for data in members.values() if data is not None]
        print_text(f"{file}: {len(contents)} files, {sum(map(len, contents))} bytes. Left out:", err=True)
        for kind in LEFT_OUT:
            print_text(f"  - {kind}", err=True)
        print_text(f"Check it before you send it: tar tf {shlex.quote(str(file))}", err=True)
