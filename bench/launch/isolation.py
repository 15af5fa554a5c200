"""Isolation: what is imported is what is installed, wherever somebody stands and whatever their shell exports.

Python puts the current folder or the script's folder, `PYTHONPATH` and the user's own site-packages in front of, or
beside, the installed packages. A `statistics.py` in the current folder then replaces the standard library's.

This module is imported by an interpreter that is not isolated yet. So it imports only what every interpreter has
loaded before its first line.
"""

import os
import site
import sys

START = os.path.join(os.path.dirname(os.path.realpath(__file__)), "start.py")  # noqa: PTH118, PTH120 - no pathlib yet
"""The script that runs a module of this bench, whichever bench an interpreter has installed."""

SWITCHES = ("-P", "-s")
"""Of workers. Their environment is made by bench, and has variables that `-I` would ignore, such as PYTHONHASHSEED."""

UNFIT = 7
"""`bench.errors.EnvironmentUnfitError.exit_code`; that module imports others."""


def isolate() -> None:
    """Replace this interpreter by an isolated one that runs the same command; return if it is isolated already.

    Exits if code from elsewhere was loaded into this interpreter by now: what it did cannot be undone.
    """
    if sys.flags.isolated:
        return
    intruder = find_intruder(dict(sys.modules), _find_suspects(), _own_folders())
    if intruder is not None:
        sys.stderr.write(f"bench: {''.join(c if c.isprintable() else ascii(c)[1:-1] for c in intruder)}\n")
        raise SystemExit(UNFIT)
    argv = [sys.executable, "-I", START, "bench", *sys.argv[1:]]
    os.execv(sys.executable, argv)  # noqa: S606 - this interpreter again, no shell


def find_intruder(modules: dict[str, object], suspects: dict[str, str], own: tuple[str, ...]) -> str | None:
    """Return which module an isolated interpreter would not have loaded, and the way out; None if there is none.

    Args:
        modules: Those that are loaded.
        suspects: Folder that an isolated interpreter does not import from → why this one does.
        own: Folders that it does import from, even where they are suspects too.
    """
    for name, module in sorted(modules.items()):
        file = getattr(module, "__file__", None)
        if name == "__main__" or not isinstance(file, str) or _is_below(file, own):
            continue
        cause = suspects.get(_folder_of(file))
        if cause is not None:
            way_out = "unset it" if cause == "PYTHONPATH" else "start bench from another folder"
            return f"{cause} made Python load {name} from {file} before bench began; {way_out}"
    return None


def module_argv(python: str, module: str, *arguments: str) -> tuple[str, ...]:
    """Return the command that runs a module of this bench in an interpreter, isolated.

    Args:
        python: The interpreter.
        module: Such as `bench.worker`.
        arguments: Of the module.
    """
    return (python, *SWITCHES, START, module, *arguments)


def _find_suspects() -> dict[str, str]:
    """Return the folders that only an interpreter that is not isolated imports from, with the cause of each."""
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    suspects = {os.path.abspath(entry): "PYTHONPATH" for entry in entries if entry}  # noqa: PTH100 - no pathlib yet
    if not sys.flags.safe_path:
        first = os.path.abspath(sys.path[0])  # noqa: PTH100 - the same
        suspects.setdefault(first, "the current folder" if first == os.path.abspath("") else "the script's folder")  # noqa: PTH100 - the same
    return suspects


def _own_folders() -> tuple[str, ...]:
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - the same
    return (package, os.path.dirname(os.__file__), *site.getsitepackages())  # noqa: PTH120 - the same


def _folder_of(file: str) -> str:
    """Return the folder that a top-level module was found in; of a module inside a package, the package."""
    folder, name = os.path.split(file)
    return os.path.dirname(folder) if name.startswith("__init__.") else folder  # noqa: PTH120 - no pathlib yet


def _is_below(file: str, folders: tuple[str, ...]) -> bool:
    return any(file.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)
