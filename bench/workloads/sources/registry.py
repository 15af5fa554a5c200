"""The kinds of sources that workloads come from besides the catalogue. Reading the table loads no torch and no user's code.

A source is located by the parent, which reads its bytes and never runs it; read by a short-lived child, which may run its
code and returns its rows; and built by workers.
"""

import importlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.backends.registry import BACKENDS
from bench.errors import UsageError
from bench.records.case import PRECISIONS, Case, WorkloadFacts
from bench.records.source import LocatedSource

if TYPE_CHECKING:
    from bench.interface.workload import Workload

Locate = Callable[["SourceWord"], LocatedSource]
Survey = Callable[[LocatedSource], tuple[WorkloadFacts, ...]]
Build = Callable[[LocatedSource, WorkloadFacts, Case], "Workload"]


class SourceKind(NamedTuple):
    """A kind of source.

    Attributes:
        name: Of the kind; names of its workloads begin with it and a dot.
        form: How a user names one with `--workload`.
        typed: The same as a template, with the name of the file or folder and of one workload.
        words: Matches such a word, with the groups `path` and, for one workload of several, `select`.
        locate: `module:function` from a word to the source without rows. Loads no torch, runs no code of the user, and
            raises UsageError for what is not such a source.
        survey: `module:function` from the located source to its rows, at least one. Called in a child.
        build: `module:function` that builds a workload of such a row. Called in workers.
        list_code: `module:function` from the located source to the files that a worker may import; None: it imports none.
        unsupported: A mode, precision or backend that rows of this kind may leave out → why not, and what to do.
        is_checkout: The path is a checkout of git, whose commit is stated.
    """

    name: str
    form: str
    typed: str
    words: re.Pattern[str]
    locate: str
    survey: str
    build: str
    list_code: str | None = None
    unsupported: Mapping[str, str] = MappingProxyType({})
    is_checkout: bool = False

    def load_locate(self) -> Locate:
        """Import the function that locates; it loads no torch."""
        locate: Locate = _load(self.locate)
        return locate

    def find_code(self, located: LocatedSource) -> tuple[Path, ...]:
        """Return the files of a source that a worker may import."""
        return () if self.list_code is None else tuple(_load(self.list_code)(located))

    def load_survey(self) -> Survey:
        """Import the function that reads the rows; it may load torch."""
        survey: Survey = _load(self.survey)
        return survey

    def load_build(self) -> Build:
        """Import the function that builds; it loads torch and libraries, and no code of the user yet."""
        build: Build = _load(self.build)
        return build


class SourceWord(NamedTuple):
    """A source as the user names it.

    Attributes:
        kind: Of the source.
        written: The whole word.
        path: Of the file or folder.
        select: Which of its workloads; empty for all.
    """

    kind: SourceKind
    written: str
    path: Path
    select: str = ""

    def at(self, path: Path) -> str:
        """Return the word for the same source at another path, such as in a container."""
        match = self.kind.words.fullmatch(self.written)
        start, end = (0, 0) if match is None else match.span("path")
        return f"{self.written[:start]}{path}{self.written[end:]}"


_AS_SAVED = "a model file is measured as it was saved; save it in another precision, or give the model itself"
_FILE = MappingProxyType(
    {"training": "a model file has neither a loss nor an optimizer; train the model itself"}
    | dict.fromkeys(PRECISIONS, _AS_SAVED)
)
_SCRIPT = MappingProxyType(
    dict(_FILE)
    | dict.fromkeys(
        BACKENDS,
        "torch.compile and torch.export do not see into TorchScript programs; give a .pt2 file, or the model itself",
    )
)
_ONNX = MappingProxyType(
    dict(_FILE) | dict.fromkeys(BACKENDS, "torch does not run ONNX files; use onnxruntime or openvino")
)

KINDS: Mapping[str, SourceKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            SourceKind(
                name="file",
                form="./FILE.py[:NAME]",
                typed="./{file}:{workload}",
                words=re.compile(r"(?P<path>[^:]+\.py)(?::(?P<select>[A-Za-z_][A-Za-z0-9_]*))?"),
                locate="bench.workloads.sources.locate:locate_code",
                survey="bench.workloads.sources.python_file:survey_file",
                build="bench.workloads.sources.python_file:build_from_file",
                list_code="bench.workloads.sources.locate:list_file",
            ),
            SourceKind(
                name="hf",
                form="hf:FOLDER",
                typed="hf:{file}",
                words=re.compile(r"hf:(?P<path>.+)"),
                locate="bench.workloads.sources.locate:locate_folder",
                survey="bench.workloads.sources.transformers_folder:survey_folder",
                build="bench.workloads.sources.transformers_folder:build_from_folder",
            ),
            SourceKind(
                name="pt2",
                form="FILE.pt2",
                typed="./{file}",
                words=re.compile(r"(?P<path>.+\.pt2)"),
                locate="bench.workloads.sources.locate:locate_file",
                survey="bench.workloads.sources.exported_program:survey_program",
                build="bench.workloads.sources.exported_program:build_program",
                unsupported=_FILE,
            ),
            SourceKind(
                name="ts",
                form="FILE.ts",
                typed="./{file}",
                words=re.compile(r"(?P<path>.+\.(?:ts|pt|pth))"),  # what torch.save wrote is refused by what it holds
                locate="bench.workloads.sources.locate:locate_file",
                survey="bench.workloads.sources.torchscript_file:survey_script",
                build="bench.workloads.sources.torchscript_file:build_script",
                unsupported=_SCRIPT,
            ),
            SourceKind(
                name="onnx",
                form="FILE.onnx",
                typed="./{file}",
                words=re.compile(r"(?P<path>.+\.onnx)"),
                locate="bench.workloads.sources.locate:locate_onnx",
                survey="bench.workloads.sources.onnx_model:survey_onnx",
                build="bench.workloads.sources.onnx_model:build_onnx",
                unsupported=_ONNX,
            ),
            SourceKind(
                name="torchbench",
                form="DIR/torchbenchmark/models/NAME",
                typed="DIR/torchbenchmark/models/{file}",
                words=re.compile(r"(?P<path>.+)/torchbenchmark/models/(?P<select>[A-Za-z0-9_]+)/?"),
                locate="bench.workloads.sources.torchbench.checkout:locate_model",
                survey="bench.workloads.sources.torchbench.model:survey_model",
                build="bench.workloads.sources.torchbench.model:build_from_checkout",
                list_code="bench.workloads.sources.torchbench.checkout:list_code",
                unsupported=MappingProxyType(
                    {
                        "training": "the model has no stages `forward`, `backward` and `optimizer_step` that could be timed"
                    }
                ),
                is_checkout=True,
            ),
        )
    }
)
"""Name → kind. A new kind is a row here, and the module with its functions."""


def find_kind(name: str) -> SourceKind:
    """Return the kind of a name, as a plan states it.

    Raises:
        UsageError: this bench has none of this name.
    """
    if name not in KINDS:
        raise UsageError(f"no kind of source {name!r}; known are {', '.join(KINDS)}; a newer bench may have it")
    return KINDS[name]


def parse_word(word: str) -> SourceWord | None:
    """Return the source that a word of `--workload` names; None for a name or a pattern of the catalogue.

    Raises:
        UsageError: it can only be meant as a path, and no kind has this form.
    """
    for kind in KINDS.values():
        match = kind.words.fullmatch(word)
        if match is not None:
            groups = match.groupdict()
            return SourceWord(kind, word, Path(groups["path"]), groups.get("select") or "")
    if "/" in word or ":" in word:
        forms = ", ".join(kind.form for kind in KINDS.values())
        raise UsageError(f"--workload {word}: neither a name nor a source of workloads; sources are {forms}")
    return None


def _load(target: str) -> Any:  # noqa: ANN401 - each caller names its type
    module, _, function = target.partition(":")
    return getattr(importlib.import_module(module), function)
