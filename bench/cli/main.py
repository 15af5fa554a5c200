"""The entry point: find the command, run it, and turn its outcome into an exit status and one line of error."""

import importlib
import os
import sys
import traceback
from contextlib import suppress
from types import MappingProxyType
from typing import NoReturn

import click
from typing_extensions import override

from bench import __version__
from bench.cli.interruption import handle_interrupts
from bench.cli.streams import ReaderGoneError, open_standard_streams
from bench.cli.system_errors import explain_system_error
from bench.errors import BenchError, EnvironmentUnfitError, InterruptedRunError, UsageError
from bench.records.lookup import suggest

COMMANDS = MappingProxyType(
    {
        "ab": "bench.cli.ab:ab",
        "bisect": "bench.cli.bisect:bisect",
        "calibrate": "bench.cli.calibrate:calibrate",
        "compare": "bench.cli.compare:compare",
        "container": "bench.cli.container:container",
        "detect": "bench.cli.detect:detect",
        "doctor": "bench.cli.doctor:doctor",
        "export": "bench.cli.export:export",
        "fleet": "bench.cli.fleet:fleet",
        "history": "bench.cli.history:history",
        "keygen": "bench.cli.keys:keygen",
        "profiles": "bench.cli.lists:profiles",
        "qualify": "bench.cli.qualify:qualify",
        "redact": "bench.cli.redact:redact",
        "report": "bench.cli.report:report",
        "reproduce": "bench.cli.reproduce:reproduce",
        "run": "bench.cli.run:run",
        "show": "bench.cli.show:show",
        "sign": "bench.cli.keys:sign",
        "suites": "bench.cli.lists:suites",
        "triage": "bench.cli.triage:triage",
        "trust": "bench.cli.trust:trust",
        "tune": "bench.cli.tune:tune",
        "verify": "bench.cli.verify:verify",
        "workloads": "bench.cli.lists:workloads",
    }
)
"""Verb → `module:command`; a module is loaded only when its command runs or its help is shown."""

DEFAULT = "run"

MAX_MESSAGE = 2000
"""Longest message that is shown, in characters."""

EPILOG = """\b
Examples:
  bench                                   run the suite quick
  bench --profile xeon-spr --suite standard
  bench --workload resnet50 --precision fp32,amp_bf16
  bench --dry-run                         print the plan, measure nothing
  bench ab --env-b NAME=VALUE --workload resnet50
  bench reproduce X.bench.tar             repeat a run on this machine
  bench detect                            show the machine and its profile
  bench doctor                            show what makes numbers scatter
  bench verify results/X.bench.tar        check integrity and signatures
  bench compare A.bench.tar B.bench.tar   find cells that are faster or slower
  bench report X.bench.tar -o X.html      write one HTML file to hand on
  bench export results/ --format csv      write tables for other programs
\b
Exit status: 0 done, 1 negative verdict, 2 wrong usage, 3 too noisy, 4 not comparable,
5 some cells failed, 6 not verified, 7 not possible on this machine, or output cannot be written,
130 interrupted, 141 standard output was closed by its reader.
"""


class Commands(click.Group):
    """The commands, each loaded when it is used; without a command, or with an option first, it is `run`."""

    @override
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in {"--help", "-h", "--version"}):
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), name)
        return command if isinstance(command, click.Command) else None

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            hint = suggest(args[0], COMMANDS)
            raise UsageError(f"no command {args[0]!r}; {hint}use one of {', '.join(sorted(COMMANDS))}")
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bench", message="%(prog)s %(version)s")
def cli() -> None:
    """How fast does PyTorch run on this CPU, and can you prove it?

    Detects the machine, chooses a hardware profile, and runs a suite of models with threads, cores and memory
    bound as the profile says. Writes all raw samples into a signed bundle that anyone can verify.

    Without a command, it measures the suite quick with the profile that fits, in about five minutes on two cores. It
    first says what it is going to measure, how long that takes, and where the bundle goes. Ctrl-C keeps what was
    measured.
    """


def main() -> NoReturn:
    """Run the command line and exit with the status that `EPILOG` lists."""
    handle_interrupts()
    open_standard_streams()
    try:
        status = cli.main(prog_name="bench", standalone_mode=False)
        sys.stdout.flush()
    except Exception as error:  # noqa: BLE001 - the border: users get one line, never a traceback
        status = _explain(error)
    except KeyboardInterrupt:
        status = _print_error("interrupted", InterruptedRunError.exit_code)
    sys.exit(status if isinstance(status, int) else 0)


def _explain(error: Exception) -> int:
    """Print in one line what stopped the command, and return the exit status of the error."""
    if isinstance(error, click.exceptions.Exit | ReaderGoneError):
        return error.exit_code
    match error:
        case click.Abort():
            message, status = "interrupted", InterruptedRunError.exit_code
        case click.ClickException():
            message, status = _explain_usage(error), UsageError.exit_code
        case BenchError():
            from bench.report.reasons import describe_error

            message, status = describe_error(error), error.exit_code
        case UnicodeEncodeError():
            message, status = f"{error.object!r} is not UTF-8, as all that is recorded must be", UsageError.exit_code
        case _:
            refusal = explain_system_error(error)
            if refusal is None:
                message, status = _explain_bug(error), BenchError.exit_code
            else:
                _print_traceback()
                message, status = refusal, EnvironmentUnfitError.exit_code
    return _print_error(message, status)


def _print_error(message: str, status: int) -> int:
    """Print one line, and return the status. A message may quote text from outside: line ends, or a megabyte."""
    from bench.cli.console import print_text

    line = " ".join(message.split())
    with suppress(OSError):  # standard error may be a terminal that has gone; the status is still the answer
        print_text(f"bench: {line if len(line) <= MAX_MESSAGE else line[:MAX_MESSAGE] + '...'}", err=True)
    return status


def _explain_usage(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    where = context.command_path if isinstance(context, click.Context) else "bench"
    return f"{error.format_message()} ({where} --help lists the options)"


def _print_traceback() -> None:
    if os.environ.get("BENCH_DEBUG"):
        traceback.print_exc()


def _explain_bug(error: Exception) -> str:
    _print_traceback()
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"unexpected {type(error).__name__} at {frame.filename}:{frame.lineno}: {error}; "
        "this is a bug in bench: please report it (BENCH_DEBUG=1 prints the traceback)"
    )
