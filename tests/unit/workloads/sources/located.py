"""Sources made for a test: a file of some code, a folder, and cases of their rows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from bench.interface.workload import Workload
from bench.records.case import Case, WorkloadFacts
from bench.records.source import LocatedSource
from bench.records.stated_input import StatedInput
from bench.workloads.registry import load_builder
from bench.workloads.sources.registry import parse_word


def locate(
    word: str, inputs: Mapping[str, StatedInput] | None = None, files: Mapping[str, str] | None = None
) -> LocatedSource:
    """Locate and read what a word names, in this process."""
    found = parse_word(word)
    assert found is not None
    located = found.kind.load_locate()(found)
    source = replace(located.source, inputs=dict(inputs or {}))
    located = replace(located, source=source, input_files=dict(files or {}))
    return replace(located, source=replace(source, workloads=found.kind.load_survey()(located)))


def write_models(folder: Path, code: str) -> str:
    """Write a file of models, and return its path."""
    path = folder / "my_models.py"
    path.write_text(f"import torch\nfrom torch import nn\n{code}", encoding="utf-8")
    return str(path)


def make_case(located: LocatedSource, row: WorkloadFacts | None = None, **changes: Any) -> Case:
    """Return an eager fp32 case of a row, at its smoke shape."""
    row = row or located.source.workloads[0]
    case = Case(
        workload=row.name,
        mode="inference",
        phase=row.phases[0] if row.phases else None,
        precision="fp32",
        memory_format="contiguous",
        backend="eager",
        batch_size=2,
        shape=row.smoke_shape,
        source=located.source.digest,
        inputs=located.source.inputs,
    )
    return replace(case, **changes)


def build(located: LocatedSource, case: Case) -> Workload:
    """Build a case as a worker does."""
    row = next(row for row in located.source.workloads if row.name == case.workload)
    return load_builder(row, located)(case)
