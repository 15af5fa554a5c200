"""The commands that documents and helps show, as a reader would type them."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

from bench.cli.main import cli

REPO = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "images/README.md", "results/README.md", *sorted(
    str(path.relative_to(REPO)) for path in (REPO / "docs").glob("*.md")
))  # fmt: skip

_BLOCK = re.compile(r"^( *)```sh\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`(bench [^`]+)`")


class Script(NamedTuple):
    """Commands that are typed one after another in one folder.

    Attributes:
        source: Where they are shown.
        commands: One line each, without comments.
    """

    source: str
    commands: tuple[str, ...]


def read_scripts() -> Iterator[Script]:
    """Yield the commands of all documents and helps: blocks as one script each, and single commands in a text."""
    for name in DOCUMENTS:
        text = (REPO / name).read_text(encoding="utf-8")
        for block in _BLOCK.finditer(text):
            lines = block[2].replace("\\\n", " ").split("\n")
            if commands := tuple(filter(None, map(_strip_comment, lines))):
                yield Script(name, commands)
        if name.startswith("CONTRIBUTING"):
            continue  # its text has names of the reader's own files
        for span in dict.fromkeys(_SPAN.findall(_BLOCK.sub("", text))):
            yield Script(name, (span.replace(r"\|", "|"),))
    for path, command in list_commands(cli):
        for example in read_examples(command):
            yield Script(f"{path} --help", (example,))


def read_example() -> str:
    """Return the file of a model of one's own that README shows."""
    text = (REPO / "README.md").read_text(encoding="utf-8")
    found = re.search(r"^```python\n(# my_models\.py\n.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def read_examples(command: click.Command) -> list[str]:
    """Return the examples of a help; what stands two spaces after a command explains it."""
    paragraphs = (command.epilog or "").split("\b\n")
    lines = [line for paragraph in paragraphs if paragraph.startswith("Example") for line in paragraph.split("\n")[1:]]
    return [re.split(r"\s{2,}", line.strip())[0] for line in lines if line.strip()]


def list_commands(command: click.Command, path: str = "bench") -> Iterator[tuple[str, click.Command]]:
    """Yield a command and those below it, each with the words that call it."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, **command.context_settings)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from list_commands(child, f"{path} {name}")


def find_arguments(command: str) -> list[str] | None:
    """Return what a shell command passes to bench, also within a container; None if it does not call bench."""
    words = shlex.split(command, comments=True)
    starts = {"bench": 1} if words[:1] == ["bench"] else {}
    if words[:2] == ["docker", "run"] and "bench" in words:
        starts = {"bench": words.index("bench") + 1}
    return words[starts["bench"] :] if starts else None


def _strip_comment(line: str) -> str:
    return re.sub(r"(^|\s+)#.*$", "", line).strip()
