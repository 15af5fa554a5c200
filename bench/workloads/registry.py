"""The table of workloads. Reading it loads neither torch nor numpy; a target is loaded when it is built."""

import importlib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from bench.backends.registry import BACKENDS
from bench.records.case import BackendName, Case, WorkloadFacts
from bench.records.lookup import find_row
from bench.records.source import LocatedSource, Source, rows_of
from bench.workloads.sources.registry import find_kind

if TYPE_CHECKING:
    from bench.interface.workload import Workload

CATALOGUE = (
    "bench.workloads.catalogue.cnn",
    "bench.workloads.catalogue.vision_transformer",
    "bench.workloads.catalogue.detection",
    "bench.workloads.catalogue.segmentation",
    "bench.workloads.catalogue.transformer",
    "bench.workloads.catalogue.llm",
    "bench.workloads.catalogue.gnn",
    "bench.workloads.catalogue.recommendation",
)
"""Modules with a tuple `WORKLOADS`. A new workload is a file, with its row and its builder, and a line here."""


def read_catalogue(modules: tuple[str, ...]) -> Mapping[str, WorkloadFacts]:
    """Return the rows of these modules, by name."""
    rows = (facts for module in modules for facts in importlib.import_module(module).WORKLOADS)
    return MappingProxyType({facts.name: facts for facts in rows})


WORKLOADS: Mapping[str, WorkloadFacts] = read_catalogue(CATALOGUE)


def known_workloads(sources: Iterable[Source] = ()) -> Mapping[str, WorkloadFacts]:
    """Return the rows of the catalogue and of these sources, by name; no name is in both, as those of sources have a dot."""
    return {**WORKLOADS, **rows_of(sources)}


def find_workload(name: str, sources: Iterable[Source] = ()) -> WorkloadFacts:
    """Return the facts of a workload.

    Args:
        name: As the user or a case gives it.
        sources: Where it may come from besides the catalogue.

    Raises:
        UsageError: there is none of this name; lists the known ones, and a close one.
    """
    return find_row(known_workloads(sources), name, noun="workload")


def list_backends(facts: WorkloadFacts) -> tuple[BackendName, ...]:
    """Return the backends that a workload supports, in the order of `BACKENDS`."""
    if facts.backends is not None:
        return facts.backends
    return tuple(name for name in BACKENDS if name not in facts.unsupported)


def load_builder(facts: WorkloadFacts, located: LocatedSource | None = None) -> "Callable[[Case], Workload]":
    """Import the function that builds a workload; this loads torch and the workload's library.

    Args:
        facts: Of the workload.
        located: Where it comes from; None for the catalogue. Code of a source runs when the function is called.
    """
    if located is not None:
        return partial(find_kind(located.source.kind).load_build(), located, facts)
    module, _, function = facts.target.partition(":")
    builder: Callable[[Case], Workload] = getattr(importlib.import_module(module), function)
    return builder
