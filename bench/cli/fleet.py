"""`bench fleet run`."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from bench.cli.combinations import is_typed
from bench.cli.console import print_text, wide_option
from bench.cli.container import container_run, parse_run
from bench.cli.list_option import list_option
from bench.cli.sign_options import load_signer, signing_options
from bench.cli.types import Bytes, Duration, FilePath, Name, OneOf
from bench.errors import UsageError
from bench.launch.isolation import START
from bench.records.fleet import ENGINES, EngineName, Fleet, FleetNode, FleetOptions, PodOptions

if TYPE_CHECKING:
    from bench.fleet.engine import Engine

EPILOG = """\b
Examples:
  bench fleet run --engine slurm --nodes 'n[01-16]' -- run --suite quick
  bench fleet run --engine slurm --nodes n01,n02 --engine-option=--partition=cpu --dry-run -- run --suite smoke
  bench fleet run --engine ssh --nodes lab1,lab2 --bench /opt/bench/.venv/bin/bench --key operator.pem -- run
  bench fleet run --engine kubernetes --nodes n01 --image bench:1 --cpus 16 --memory 64g --dry-run -- run
  bench fleet run --retry results/fleet-20261122T101500Z
\b
Exit status: 0 each node measured all cells; 3 some were too noisy; 5 some nodes failed, timed out or were drained;
6 a bundle does not verify; 7 no node has a bundle; 130 interrupted.
"""

_WITH_RETRY = frozenset({"retry", "key", "passphrase_file", "dry_run", "as_json", "wide"})
"""Options beside `--retry`; all others were decided when the run began."""

_OURS = {
    "output": "bundles come back to the folder of bench fleet run --output",
    "resume": "a node measures anew; use bench fleet run --retry",
    "dry_run": "give it before --, to see what is submitted",
    "root": "nodes measure themselves",
    "as_json": "give it before --, for a record of all nodes",
}
"""Options of `bench run` that a node cannot take → what to do instead."""

_ENGINES_OF = {
    "parallel": ("ssh",),
    "engine_options": ("slurm", "ssh"),
    "image": ("kubernetes",),
    "cpus": ("kubernetes",),
    "memory_bytes": ("kubernetes",),
    "namespace": ("kubernetes",),
}
"""Options that only some engines have → which."""


@click.group()
def fleet() -> None:
    """Measure many machines, by Slurm, Kubernetes or ssh."""


@fleet.command("run", epilog=EPILOG, options_metavar="[OPTIONS]")
@click.option("--engine", type=OneOf(ENGINES), help="What starts the runs.")
@list_option("--nodes", type=Name(), metavar="LIST", help="Nodes, such as n[01-16],login1; each measures once.")
@click.option("--bench", "program", type=Name(), metavar="COMMAND", help="How nodes start bench; without it, by the path that it has here, and in an image by that of the image.")  # fmt: skip
@click.option("--timeout", "timeout_s", type=Duration(), default="2h", show_default=True, metavar="2h", help="Longest time of a node, from the start of its run.")  # fmt: skip
@click.option("--parallel", type=click.IntRange(1), metavar="N", help="ssh: nodes at a time; without it, 16.")
@click.option("--engine-option", "engine_options", multiple=True, metavar="OPTION", help="slurm, ssh: passed to sbatch or ssh, as in --engine-option=--partition=cpu; may be repeated.")  # fmt: skip
@click.option("--image", type=Name(), metavar="NAME", help="kubernetes: image of bench that nodes can pull.")
@click.option("--cpus", type=click.IntRange(1), metavar="N", help="kubernetes: whole CPUs of a pod.")
@click.option("--memory", "memory_bytes", type=Bytes(), metavar="64g", help="kubernetes: memory of a pod.")
@click.option("--namespace", type=Name(), metavar="NAME", help="kubernetes: of the jobs; without it, the current context's.")  # fmt: skip
@click.option("--output", type=FilePath(), metavar="DIR", help="New folder for bundles, logs and record; for slurm, shared by all nodes. Without it, results/fleet-<time>.")  # fmt: skip
@click.option("--retry", type=FilePath(), metavar="DIR", help="Go on with a run: submit again only nodes that have not measured.")  # fmt: skip
@signing_options
@click.option(
    "--dry-run", is_flag=True, help="Print the script or the YAML that submits the nodes, and submit nothing."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@wide_option
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="-- run [OPTIONS OF bench run]")
def fleet_run(  # noqa: PLR0917 - click passes options by keyword
    output: Path | None,
    retry: Path | None,
    key: Path | None,
    passphrase_file: Path | None,
    dry_run: bool,
    as_json: bool,
    wide: bool,
    **given: object,
) -> int:
    """Run bench on many machines, and collect their bundles.

    Each node runs what stands after --, `run` or `container run`, chooses its own profile, and has nothing else to do:
    slurm gives it an exclusive job, kubernetes a pod with CPUs of its own, ssh a connection. Paths there are paths of
    the node. Bundles come back to one folder and are verified there; with --key, they are signed there too. No daemon
    runs, and no node needs root.

    The command ends when all nodes have ended. Ctrl-C cancels those that have not. The folder's fleet.json says what
    became of each node, and --retry goes on.
    """
    from bench.cli.console import print_json, print_report
    from bench.fleet.engines import open_engine
    from bench.fleet.outcome import exit_status, is_to_retry
    from bench.fleet.run import run_fleet
    from bench.fleet.store import read_fleet
    from bench.report.fleet import render_change, render_fleet
    from bench.report.printable import spell_out_bytes

    now = datetime.now(UTC)
    if retry is not None:
        _refuse_beside_retry(retry)
        folder, asked = retry, read_fleet(retry)
    else:
        folder, asked = output or Path(f"results/fleet-{now:%Y%m%dT%H%M%SZ}"), _make_fleet(now, given)
    engine = open_engine(asked.options, folder)
    if dry_run:
        if as_json:
            raise UsageError("--dry-run and --json: the script is no JSON; leave out one of them")
        print_script(engine, [node for node in asked.nodes if is_to_retry(node)])
        return 0
    signer = None if key is None else load_signer(key, passphrase_file)
    done = run_fleet(
        asked,
        folder,
        engine,
        signer,
        report=lambda node, ended, total: print_text(render_change(node, ended, total), err=True),
        warn=lambda message: print_text(message, err=True),
        retry=retry is not None,
    )
    if as_json:
        print_json(done)
    else:
        print_report(lambda width: render_fleet(done, spell_out_bytes(str(folder)), width), wide=wide)
    return exit_status(done.nodes)


def print_script(engine: "Engine", nodes: Sequence[FleetNode]) -> None:
    """Print on standard output what would be submitted."""
    from msgspec.structs import replace

    from bench.report.printable import join_lines

    script = engine.render([replace(node, attempts=node.attempts + 1) for node in nodes])
    print_text(join_lines(script.split("\n")))


def _refuse_beside_retry(folder: Path) -> None:
    """Refuse what was decided when the run began.

    Raises:
        UsageError: such an option was typed.
    """
    for parameter in click.get_current_context().command.params:
        if str(parameter.name) not in _WITH_RETRY and is_typed(str(parameter.name)):
            name = "the command after --" if isinstance(parameter, click.Argument) else parameter.opts[0]
            raise UsageError(f"{name} and --retry {folder}: the run keeps what it began with; leave it out")


def _make_fleet(now: datetime, given: Mapping[str, Any]) -> Fleet:
    """Return a run that is not submitted yet, from the values from click.

    Raises:
        UsageError: something is missing, wrong, or not for this engine.
    """
    from bench.fleet.nodes import expand_nodes

    engine = given["engine"]
    if engine is None or given["nodes"] is None:
        raise UsageError("--engine and --nodes are needed; or go on with --retry DIR")
    for name, engines in _ENGINES_OF.items():
        if given[name] and engine not in engines:
            raise UsageError(f"{_option(name)} is for {' and '.join(engines)}, not for {engine}; leave it out")
    check_command(given["command"], in_pod=engine == "kubernetes")
    options = {name: given[name] for name in ("engine", "command", "timeout_s", "parallel", "engine_options")}
    if engine == "kubernetes":
        options["pod"] = _read_pod(given)
    try:
        made = msgspec.convert(options | {"program": _choose_program(given["program"], engine)}, FleetOptions)
    except msgspec.ValidationError as error:
        raise UsageError(f"a word for the nodes is empty, too long, or not one line of text: {error}") from error
    return Fleet(
        submitted_at=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        options=made,
        nodes=tuple(FleetNode(node=node, state="waiting", attempts=0) for node in expand_nodes(given["nodes"])),
    )


def _read_pod(given: Mapping[str, Any]) -> PodOptions:
    missing = [name for name in ("image", "cpus", "memory_bytes") if given[name] is None]
    if missing:
        raise UsageError(f"--engine kubernetes needs {', '.join(map(_option, missing))}")
    try:
        return msgspec.convert({name: given[name] for name in PodOptions.__struct_fields__}, PodOptions)
    except msgspec.ValidationError as error:
        raise UsageError(f"Kubernetes has no such name: {error}") from error


def _option(name: str) -> str:
    """Return the option of this command that has a name."""
    return next(option.opts[0] for option in fleet_run.params if option.name == name)


def _choose_program(program: str | None, engine: EngineName) -> tuple[str, ...]:
    if program is not None:
        return tuple(_split(program))
    if engine == "kubernetes":
        from bench.fleet.manifest import IMAGE_PROGRAM

        return IMAGE_PROGRAM
    return (sys.executable, "-I", START, "bench")


def _split(program: str) -> list[str]:
    try:
        return shlex.split(program)
    except ValueError as error:
        raise UsageError(f"--bench {program!r:.80}: {error}") from error


def check_command(command: Sequence[str], *, in_pod: bool) -> None:
    """Refuse a command that nodes cannot run, here and not on each of them.

    Args:
        command: What stands after `--`.
        in_pod: It runs in a container already.

    Raises:
        click.UsageError: it has an unknown or wrong option.
        UsageError: it is another verb, or has an option that is not the node's to take.
    """
    typed = list(command)
    if typed[:2] == ["container", "run"] and not in_pod:
        typed = container_run.make_context("bench fleet run -- container run", typed[2:]).args
    elif typed[:1] == ["run"]:
        del typed[0]
    else:
        raise UsageError(
            f"after -- stands {shlex.join(command)!r:.80}; give run{'' if in_pod else ' or container run'}, and its options"
        )
    parsed = parse_run(typed, "bench fleet run -- run")
    for name, instead in _OURS.items():
        if is_typed(name, parsed):
            raise UsageError(f"--{name.removeprefix('as_').replace('_', '-')} after --: {instead}")
