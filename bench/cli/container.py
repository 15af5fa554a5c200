"""`bench container run`."""

import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from bench.cli.combinations import refuse_with_resume
from bench.cli.console import print_text
from bench.cli.plan_options import parse_options
from bench.cli.run import run
from bench.cli.sign_options import load_signer
from bench.cli.types import Bytes, Name
from bench.errors import BenchError, EnvironmentUnfitError
from bench.records.suite import CaseFilter
from bench.run.options import RunOptions
from bench.workloads.sources.torchbench.checkout import expand_models

if TYPE_CHECKING:
    from bench.bundle.seal import SigningKey
    from bench.containers.plan import Boundary, ContainerPlan, Limits
    from bench.records.image import StatedImage
    from bench.records.profile import Layout
    from bench.records.source import LocatedSource
    from bench.run.input_options import InputOption

EPILOG = """\b
Examples:
  bench container run --suite smoke
  bench container run --image bench@sha256:... --profile xeon-spr --key operator.pem
  bench container run --memory 64g --suite standard --layout throughput
\b
List containers that remained after a power failure: docker ps --all --filter label=bench.container
"""

_OUTSIDE = frozenset(
    {"key", "passphrase_file", "output", "profile", "suite", "resume", "workload", "inputs", "torchbench"}
)
"""Options that are not passed on as typed: paths are rewritten, and keys stay outside the container."""

_HELP = ["-h", "--help"]
"""As for all commands; `bench run` is parsed here without the group that sets them."""


@click.group()
def container() -> None:
    """Measure in a container, through the Docker engine."""


@container.command(
    "run",
    epilog=EPILOG,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    options_metavar="[OPTIONS] [OPTIONS OF bench run]",
)
@click.option(
    "--image",
    type=Name(),
    metavar="TEXT",
    default="bench:latest",
    show_default=True,
    help="Name or digest of an image in the engine.",
)
@click.option(
    "--memory", "memory_bytes", type=Bytes(), metavar="64g", help="Memory limit; without it, all memory of the host."
)
@click.option(
    "--pids", type=click.IntRange(64), default=8192, show_default=True, help="Limit of processes and threads."
)
@click.pass_context
def container_run(ctx: click.Context, image: str, memory_bytes: int | None, pids: int) -> int:
    """Run bench in a container that is restricted to its layouts.

    Takes all options of bench run. The profile is chosen on this host. The container gets the CPUs and memory nodes
    of the layouts, no network, a read-only root, and no capability but SYS_NICE, for memory policies. It can write
    to the results folder and to a temporary folder only. Paths are the same inside and outside. A key given by
    --key stays outside: the bundle is signed after the container ended.
    """
    from bench.containers.engine import identify_image, open_engine
    from bench.containers.plan import Limits, draw_boundary
    from bench.containers.run import run_container
    from bench.launch.attendance import end_when_unattended
    from bench.run.announcement import read_announcement

    end_when_unattended(os.environ)
    inner = parse_run(ctx.args, ctx.command_path)
    refuse_with_resume(inner)
    signer = None if inner.params["key"] is None else load_signer(inner.params["key"], inner.params["passphrase_file"])
    boundary = draw_boundary([binding for layout in _decide_layouts(inner) for binding in layout.instances])
    limits = Limits(memory_bytes=memory_bytes, pids=pids)
    failures: list[BenchError] = []

    def forward(chunk: bytes) -> None:
        try:
            _print_output(chunk)
        except BenchError as error:  # the run goes on, its bundle is sealed, and signed below
            failures.append(error)

    with open_engine() as client:
        plan = plan_container(
            ctx.args,
            inner.params,
            image=identify_image(client, image),
            boundary=boundary,
            limits=limits,
            resumed=_find_resumed(inner),
        )
        _make_folder(plan.writable)
        try:
            status = run_container(client, plan, out=forward, err=_print_progress)
            bundle = read_announcement(plan.announcement)
        finally:
            plan.announcement.unlink(missing_ok=True)
    if signer is not None:
        _sign(bundle, signer)
    if failures:
        raise failures[0]
    return status


def parse_run(typed: Sequence[str], name: str = "run") -> click.Context:
    """Return options of `bench run`, parsed as that command parses them.

    Args:
        typed: The options.
        name: The command's name in an error message.

    Raises:
        click.UsageError: an option is unknown or wrong.
    """
    return run.make_context(name, list(typed), help_option_names=_HELP)


def _decide_layouts(inner: click.Context) -> "tuple[Layout, ...]":
    """Return the layouts of the run; of a resumed run, the layouts that it began with."""
    from bench.run.journal import read_session
    from bench.run.prepare import prepare_layouts

    if inner.params["resume"] is not None:
        return read_session(inner.params["resume"]).decision.plan.layouts
    decisive = {*RunOptions.__struct_fields__, *CaseFilter.__struct_fields__, "torchbench"}
    return prepare_layouts(parse_options({name: value for name, value in inner.params.items() if name in decisive}))


def _find_resumed(inner: click.Context) -> "tuple[LocatedSource, ...]":
    """Return the models of the user's own that a resumed run began with."""
    from bench.run.journal import read_session

    folder = inner.params["resume"]
    return () if folder is None else read_session(folder).decision.sources


def plan_container(
    typed: Sequence[str],
    given: Mapping[str, Any],
    *,
    image: "StatedImage",
    boundary: "Boundary",
    limits: "Limits",
    resumed: "Sequence[LocatedSource]" = (),
) -> "ContainerPlan":
    """Return the container that runs `bench run` with these options.

    Args:
        typed: The options, as typed.
        given: The same, parsed.
        image: To run.
        boundary: Of the run's layouts.
        limits: Of the container.
        resumed: Models of the user's own that a resumed run began with.

    Raises:
        UsageError: the results folder would hide files that the container needs.
    """
    from bench.containers.plan import ContainerPlan, choose_user, require_plain_folder
    from bench.records.source import list_files

    argv = ["run", *rebuild_options(typed)]
    readable = []
    for name in ("profile", "suite") if given["resume"] is None else ():
        value = given[name]
        if "/" in value or value.endswith(".toml"):
            value = str(Path(value).resolve())
            readable.append(Path(value))
        argv.append(f"--{name}={value}")
    if given["resume"] is None:
        own, files = _mount_sources(expand_models(given["workload"] or (), given["torchbench"]), dict(given["inputs"]))
        argv += own
        readable += files
        writable = given["output"].resolve()
        argv.append(f"--output={writable}")
    else:
        readable += [Path(path) for located in resumed for path in list_files(located)]
        folder = given["resume"].resolve()
        writable = folder.parent
        argv.append(f"--resume={folder}")
    require_plain_folder(writable)
    return ContainerPlan(
        image=image.id,
        argv=tuple(argv),
        user=choose_user(os.getuid(), os.getgid()),
        boundary=boundary,
        limits=limits,
        writable=writable,
        announcement=writable / f".bundle-{secrets.token_hex(4)}",
        readable=tuple(readable),
        stated=image,
    )


def _mount_sources(words: Sequence[str], inputs: "Mapping[str, InputOption]") -> tuple[list[str], list[Path]]:
    """Return the options that name models of the user's own by paths that hold inside, and the files and folders to mount."""
    from bench.run.input_options import format_input
    from bench.workloads.sources.registry import parse_word

    named: list[str] = []
    readable: list[Path] = []
    for word in words:
        found = parse_word(word)
        if found is not None:
            readable.append(found.path.resolve())
        named.append(word if found is None else found.at(found.path.resolve()))
    options = [f"--workload={','.join(named)}"] if named else []
    for name, option in inputs.items():
        file = str(Path(option.file).resolve()) if option.file else ""
        if file:
            readable.append(Path(file))
        options.append(f"--input={format_input(name, msgspec.structs.replace(option, file=file))}")
    return options, list(dict.fromkeys(readable))


def rebuild_options(typed: Sequence[str]) -> list[str]:
    """Return the options of `bench run` as they were typed, without those about paths and keys."""
    given, _, _ = run.make_parser(click.Context(run, help_option_names=_HELP)).parse_args(list(typed))
    options = []
    for parameter in run.params:
        name, option = str(parameter.name), parameter.opts[0]
        if name in given and name not in _OUTSIDE:
            flag = isinstance(parameter, click.Option) and parameter.is_flag
            values = given[name] if parameter.multiple else [given[name]]
            options += [option] if flag else [f"{option}={value}" for value in values]
    return options


def _print_output(chunk: bytes) -> None:
    sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def _print_progress(chunk: bytes) -> None:
    sys.stderr.buffer.write(chunk)
    sys.stderr.buffer.flush()


def _make_folder(folder: Path) -> None:
    """Create the results folder. If root creates it, the user of the image may write to it."""
    if folder.is_dir():
        return
    try:
        folder.mkdir(parents=True)
        if os.getuid() == 0:
            folder.chmod(0o1777)
    except OSError as error:
        raise EnvironmentUnfitError(
            f"results folder {folder} cannot be created: {error.strerror}; choose another folder with --output"
        ) from error


def _sign(bundle: Path | None, signer: "SigningKey") -> None:
    """Add the user's signature to the run's bundle, if it wrote one."""
    from bench.bundle.write import sign_bundle

    if bundle is not None:
        sign_bundle(bundle, signer)
        print_text(f"{bundle}: signed by {signer.fingerprint}", err=True)
