"""The entry point: find the command, run it, and turn how it went into one line and an exit status."""

import importlib
import os
import signal
import sys
import traceback
from types import FrameType, MappingProxyType
from typing import NoReturn

import click
from typing_extensions import override

from bench import __version__
from bench.errors import BenchError, InterruptedRunError, UsageError

COMMANDS = MappingProxyType(
    {
        "ab": "bench.cli.ab:ab",
        "calibrate": "bench.cli.calibrate:calibrate",
        "compare": "bench.cli.compare:compare",
        "container": "bench.cli.container:container",
        "detect": "bench.cli.detect:detect",
        "keygen": "bench.cli.keys:keygen",
        "profiles": "bench.cli.lists:profiles",
        "qualify": "bench.cli.qualify:qualify",
        "redact": "bench.cli.redact:redact",
        "reproduce": "bench.cli.reproduce:reproduce",
        "run": "bench.cli.run:run",
        "show": "bench.cli.show:show",
        "sign": "bench.cli.keys:sign",
        "suites": "bench.cli.lists:suites",
        "trust": "bench.cli.trust:trust",
        "verify": "bench.cli.verify:verify",
        "workloads": "bench.cli.lists:workloads",
    }
)
"""Verb to `module:command`; a command's module is loaded when it is used or its help is shown."""

DEFAULT = "run"

MAX_MESSAGE = 2000
"""Characters of a message that are shown."""

EPILOG = """\b
Examples:
  bench                                 run the suite quick with the profile that fits
  bench --profile xeon-spr --suite standard
  bench --workload resnet50 --precision fp32,amp_bf16
  bench --dry-run                       show the plan, measure nothing
  bench ab --env-b NAME=VALUE --workload resnet50
  bench reproduce X.bench.tar           the same numbers here?
  bench detect                          show the machine and its profile
  bench verify results/X.bench.tar      intact? signed by whom?
  bench compare A.bench.tar B.bench.tar faster, slower, equivalent, or not to be said
\b
Exit status: 0 done, 1 negative verdict, 2 wrong usage, 3 too noisy, 4 not comparable,
5 some cells failed, 6 not verified, 7 this machine or environment cannot, 130 interrupted.
"""


class Commands(click.Group):
    """The verbs, loaded one at a time; without a verb, or with an option first, the verb is `run`."""

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
            raise UsageError(f"no command {args[0]!r}; there are {', '.join(sorted(COMMANDS))}")
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bench", message="%(prog)s %(version)s")
def cli() -> None:
    """How fast does PyTorch run on this CPU, and can you prove it?

    Detects the machine, picks a hardware profile, runs a suite of models with threads, cores and memory
    bound to it, and seals every raw sample into a signed bundle that anyone can verify.
    """


def main() -> NoReturn:
    """Run the command line and exit with the status that `EPILOG` lists."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        status = cli.main(prog_name="bench", standalone_mode=False)
        sys.stdout.flush()
    except Exception as error:  # noqa: BLE001 - the border: a traceback shown to a user is a bug of its own
        status = _explain(error)
    except KeyboardInterrupt:
        status = _say("interrupted", InterruptedRunError.exit_code)
    sys.exit(status if isinstance(status, int) else 0)


def _explain(error: Exception) -> int:
    """Say in one line what stopped the command; the exit status belongs to the error."""
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.Abort():
            return _say("interrupted", InterruptedRunError.exit_code)
        case click.ClickException():
            return _say(_explain_usage(error), UsageError.exit_code)
        case BenchError():
            from bench.report.reasons import describe_error

            return _say(describe_error(error), error.exit_code)
        case BrokenPipeError():
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        case _:
            return _say(_explain_bug(error), BenchError.exit_code)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    """`docker stop` and process managers end a run as Ctrl-C does: what was measured is kept."""
    raise KeyboardInterrupt


def _say(message: str, status: int) -> int:
    """One line, whatever the message quotes: what came from outside may hold a terminal's commands, or a megabyte."""
    from bench.cli.console import print_text

    line = " ".join(message.split())
    print_text(f"bench: {line if len(line) <= MAX_MESSAGE else line[:MAX_MESSAGE] + '...'}", err=True)
    return status


def _explain_usage(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    where = context.command_path if isinstance(context, click.Context) else "bench"
    return f"{error.format_message()} ({where} --help lists what there is)"


def _explain_bug(error: Exception) -> str:
    if os.environ.get("BENCH_DEBUG"):
        traceback.print_exc()
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"unexpected {type(error).__name__} at {frame.filename}:{frame.lineno}: {error}; "
        "this is a fault of bench: please report it (BENCH_DEBUG=1 shows the whole way)"
    )
