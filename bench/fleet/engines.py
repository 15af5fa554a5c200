"""The engines by name; one is loaded when it is used."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from bench.errors import UsageError
from bench.fleet.engine import Engine
from bench.records.fleet import EngineName, FleetOptions

_ENGINES: Mapping[EngineName, str] = MappingProxyType(
    {
        "kubernetes": "bench.fleet.kubernetes:KubernetesEngine",
        "slurm": "bench.fleet.slurm:SlurmEngine",
        "ssh": "bench.fleet.ssh:SshEngine",
    }
)


def open_engine(options: FleetOptions, output: Path) -> Engine:
    """Return the engine of a run.

    Args:
        options: Of the run.
        output: The folder where its bundles are collected.

    Raises:
        UsageError: the folder's path is not one line of text, as scripts need it.
    """
    path = str(output.resolve())
    if not path.isprintable():
        raise UsageError(f"folder {path!r}: its name is not one line of printable text; choose another with --output")
    module, _, name = _ENGINES[options.engine].partition(":")
    engine: Engine = getattr(importlib.import_module(module), name)(options, output)
    return engine
