"""Every command that a document or a help shows is run as it stands, or its options are parsed."""

import re
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from bench.cli.main import COMMANDS, cli
from bench.errors import UsageError
from tests.documents.commands import DOCUMENTS, REPO, Script, find_arguments, list_commands, read_examples, read_scripts
from tests.documents.conftest import run_shell


class Parsed(NamedTuple):
    """Commands that are parsed and not run.

    Attributes:
        pattern: Of the command.
        needs: What it needs that a test here does not have.
    """

    pattern: str
    needs: str


PARSED = (
    Parsed(r"^docker |^bench container run|--image-", "docker: tests/container runs containers"),
    Parsed(r"^bench calibrate", "slow: five runs, and no dry run"),
    Parsed(r"^bench bisect|--python-b|--torch-b|/bin/pip |^python3.11 -m venv", "another machine: PyTorch's index"),
    Parsed(r"--profile (xeon-spr|epyc-genoa)", "another machine: this CPU"),
    Parsed(r"--instances 2", "another machine: CPUs 0-7, or two cores"),
    Parsed(r"--source \./my_models", "slow: a bundle of that file"),
    Parsed(r"hf:my-bert --precision", "slow: README has a command for the same folder"),
    Parsed(r"--probe 60", "slow: a minute"),
    Parsed(r"^bench fleet run(?!.* --dry-run )", "another machine: nodes of a cluster"),
    Parsed(r"--torchbench benchmark --workload", "another checkout: that of pytorch/benchmark has these models"),
    Parsed(r"--workload model\.", "slow: torch has to write the file"),
    Parsed(r"--resume", "slow: an interrupted run"),
    Parsed(r"tuned.toml", "slow: a search, which writes this profile"),
    Parsed(r"--key (agent|~/\.ssh)", "another machine: a key in ssh-agent"),
    Parsed(r"^bench keygen", "another machine: a terminal, to type a passphrase"),
)
"""Commands that are not run, each with the reason. The options of bench in them are parsed all the same."""

QUICK = {"run": "--dry-run", "ab": "--dry-run", "tune": "--dry-run", "reproduce": "--dry-run", "doctor": "--probe 0"}
"""Verb → options that keep it from measuring."""

BEFORE = {
    "^bench trust sign": "bench trust add root.pem.pub --owner root --role root",
    "results/X.* --require operator,vendor": "bench sign results/X.bench.tar --key vendor.pem",
}
"""Pattern of a command → what must come before it."""

VERDICTS = {"compare", "history", "qualify", "reproduce", "triage"}
"""A negative verdict on the made-up bundles is no fault of the command: status 1, 3 or 4."""

SCRIPTS = list({script.commands: script for script in read_scripts()}.values())
"""Each once, wherever it is shown."""


def find_verb(arguments: list[str]) -> str:
    return arguments[0] if arguments and not arguments[0].startswith("-") else "run"


def is_name_only(script: Script) -> bool:
    """Return whether a text only names a verb, as in "see `bench qualify`"."""
    return (
        len(script.commands) == 1
        and script.source.endswith(".md")
        and len(script.commands[0].split()) == 2
        and script.commands[0].split()[1] in COMMANDS
        and script.commands[0].split()[1] not in {"detect", "doctor", "workloads", "profiles", "suites"}
    )


def parse(arguments: list[str]) -> None:
    """Parse a command line of bench by the rules of click, and run nothing."""
    command: click.Command = cli
    # Commands keep the help option that they are first parsed with.
    context = click.Context(cli, info_name="bench", **cli.context_settings)
    if not arguments or arguments[0].startswith("-"):
        arguments = ["run", *arguments]
    while isinstance(command, click.Group) and arguments:
        name, child, arguments = command.resolve_command(context, arguments)
        assert child is not None
        command, context = child, click.Context(child, info_name=name, parent=context)
    parsed = command.make_context(context.info_name, list(arguments), parent=context.parent)
    if parsed.args:  # `container run` passes on what is not its own
        parse(parsed.args)


def prepare(command: str) -> str | None:
    """Return what is run of a command: with options of `QUICK` if it measures. None if it is only parsed."""
    if any(re.search(parsed.pattern, command) for parsed in PARSED):
        return None
    if command.startswith("make "):
        return f"make --dry-run --directory {REPO} {command.removeprefix('make ')}"
    arguments = find_arguments(command)
    if arguments is None:
        return command
    verb = find_verb(arguments)
    before = "".join(f"{first}\n" for pattern, first in BEFORE.items() if re.search(pattern, command))
    if verb in QUICK and not set(QUICK[verb].split()) & set(arguments):
        command += f" {QUICK[verb]}"
    if verb in VERDICTS:
        command = f"{{ {command}; }} || case $? in 1|3|4) ;; *) exit 9; esac"
    return before + command


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: f"{script.source}: {script.commands[0]}")
def test_a_command_in_a_document_or_a_help_works(script: Script, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    if is_name_only(script):
        assert script.commands[0].split()[1] in COMMANDS
        return
    for command in script.commands:
        if prepare(command) is None and (arguments := find_arguments(command)) is not None:
            parse(arguments)
    done = run_shell(folder, "\n".join(filter(None, map(prepare, script.commands))))
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_verb_that_takes_a_file_or_measures_has_examples() -> None:
    silent = {path for path, command in list_commands(cli) if not read_examples(command)}
    lists = {"bench profiles", "bench suites", "bench workloads", "bench trust", "bench container", "bench fleet"}
    parts = {path for path in silent if path.rpartition(" ")[0] in lists}
    assert silent == lists | parts


@pytest.mark.parametrize("parsed", PARSED, ids=lambda parsed: parsed.needs)
def test_nothing_is_excused_that_no_document_shows(parsed: Parsed) -> None:
    assert any(re.search(parsed.pattern, command) for script in SCRIPTS for command in script.commands)


@pytest.mark.parametrize("arguments", [["run", "--nope"], ["nosuch"], ["show"]], ids=" ".join)
def test_an_option_that_does_not_exist_is_found(arguments: list[str]) -> None:
    with pytest.raises((click.UsageError, UsageError), match=r"No such option|no command|Missing parameter"):
        parse(arguments)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_to_files(name: str) -> None:
    text = (REPO / name).read_text(encoding="utf-8")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert [link for link in links if link and not (REPO / name).parent.joinpath(link).exists()] == []


def test_the_readme_is_short_and_shows_the_published_run_as_it_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (REPO / "README.md").read_text(encoding="utf-8")
    published = next((REPO / "results/reference").glob("*.bench.tar")).relative_to(REPO)
    monkeypatch.chdir(REPO)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    cli.main(["show", str(published)], prog_name="bench", standalone_mode=False)
    assert f"```\n{capsys.readouterr().out}```\n" in readme
    assert readme.count("\n") < 300
