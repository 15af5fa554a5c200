"""Where a workload comes from that is not in bench's catalogue: a file or a folder of the user."""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from bench.records.case import Case, WorkloadFacts
from bench.records.digest import Digest
from bench.records.reason import Reason
from bench.records.record import Record
from bench.records.stated_input import InputName, StatedInput

SourceKindName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9]{0,14}\Z")]
"""A row of `bench.workloads.sources.registry`; a bundle may hold others. Names of its workloads begin with it and a dot."""

SourceName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._ +-]{0,99}\Z")]
"""Of the file or folder, without the folders above it; other characters are replaced."""

SEALED_BYTES = 256 << 10
"""Of a source file that a bundle holds, at most."""

MAX_ROWS = 1000
"""Of all sources of a plan. More are no list of models to measure, and take long to compare with cases."""


class Source(Record, frozen=True, kw_only=True):
    """A file or folder that workloads come from, as the plan states it.

    Attributes:
        name: Of the file or folder. Where it lies says who measured, and nothing of what.
        digest: SHA-256 of a file; of a folder that of its listing (`bench.workloads.sources.locate`).
        size_bytes: Of all of its files.
        workloads: The rows that it gave when it was read.
        inputs: What the user states of inputs.
        sealed: The bundle holds the file: it is code, at most `SEALED_BYTES`.
        problem: Why it could not be read; its only row is then a placeholder that names it.
        details: What else is known of it, such as the commit of a checkout or the class of a model: name → value.
    """

    kind: SourceKindName
    name: SourceName
    digest: Digest
    size_bytes: Annotated[int, Meta(ge=0)]
    workloads: tuple[WorkloadFacts, ...]
    inputs: dict[InputName, StatedInput] = {}
    sealed: bool = False
    problem: Reason | None = None
    details: dict[Annotated[str, Meta(max_length=40)], Annotated[str, Meta(max_length=400)]] = {}


class LocatedSource(Record, frozen=True, kw_only=True):
    """A source, and where it lies here; never sealed.

    Attributes:
        path: Of the file or folder, absolute.
        select: Which of its workloads is meant, as the user typed it; empty for all.
        content: Of a small file of code: what is run, and sealed where the source says so.
        input_files: Input → its `.npy` file, absolute.
    """

    source: Source
    path: str
    select: str = ""
    content: bytes | None = None
    input_files: dict[InputName, str] = {}


class SurveyTask(Record, frozen=True, kw_only=True):
    """What the process that reads a source's rows has to do.

    Attributes:
        scratch: A folder for temporary files.
    """

    source: LocatedSource
    scratch: str


def list_files(located: LocatedSource) -> tuple[str, ...]:
    """Return the files and the folder that a source is read from where it lies; none of them is its content."""
    own = () if located.content is not None else (located.path,)
    return (*own, *located.input_files.values())


def rows_of(sources: Iterable[Source]) -> dict[str, WorkloadFacts]:
    """Return the rows of sources, by name."""
    return {facts.name: facts for source in sources for facts in source.workloads}


def find_source(case: Case, sources: Iterable[Source]) -> Source | None:
    """Return the source that a case's workload comes from; None for one of the catalogue, or one that is missing."""
    if case.source is None:
        return None
    named = (source for source in sources if source.digest == case.source)
    return next((source for source in named if any(row.name == case.workload for row in source.workloads)), None)


def find_problem(case: Case, sources: Iterable[Source]) -> Reason | None:
    """Return why a case's source could not be read; None if it could, or if it has none."""
    source = find_source(case, sources)
    return None if source is None else source.problem
