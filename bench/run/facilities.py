"""What this environment has for a case besides packages: a compiler, a place to load its programs from, memory.

What is missing is found before anything is measured. It refuses the cases that need it, and no others.
"""

import sysconfig
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from bench.backends.registry import find_backend
from bench.hardware.memory_limits import MemoryLimit
from bench.launch.compiler import compile_library, find_compiler
from bench.launch.scratch import find_execution_problem
from bench.records.case import Case
from bench.records.reason import Reason
from bench.records.source import Source
from bench.workloads.memory import count_least_bytes


class _Trial(NamedTuple):
    """A program that a compiler must accept.

    Attributes:
        code: Of the reason if it does not.
        source: C++.
        flags: Beside those of any library.
        packages_too: Backends that package a model need it, and not only those that are called from Python.
    """

    code: str
    source: str
    flags: tuple[str, ...] = ()
    packages_too: bool = True


_TRIALS = (
    _Trial("compiler_unfit", "int one() { return 1; }\n"),
    _Trial(
        "compiler_without_openmp", "#include <omp.h>\nint threads() { return omp_get_max_threads(); }\n", ("-fopenmp",)
    ),
    _Trial(
        "compiler_without_python",
        "#include <Python.h>\nlong version() { return PY_VERSION_HEX; }\n",
        (f"-I{sysconfig.get_path('include')}",),
        packages_too=False,
    ),
)
"""What Inductor's programs need (torch/_inductor/cpp_builder.py), the simplest first."""


class Facilities:
    """Answers for the cases of one run. Each check runs once, when the first case needs it."""

    def __init__(
        self,
        output: Path,
        memory: tuple[MemoryLimit, ...],
        *,
        parent: Mapping[str, str],
        native: bool = True,
    ) -> None:
        """Check nothing yet.

        Args:
            output: The folder for results, below which workers keep their scratch folders.
            memory: Limits on the memory of a worker.
            parent: The environment that workers inherit from.
            native: Workers run in this environment; those of an image have another compiler and other limits.
        """
        self._output = output
        self._memory = memory
        self._parent = parent
        self._native = native

    def of_image(self) -> "Facilities":
        """Return those of workers in an image."""
        return Facilities(self._output, (), parent=self._parent, native=False)

    def why_not(self, case: Case, sources: Iterable[Source] = ()) -> Reason | None:
        """Return why a case cannot be measured here; None if nothing speaks against it.

        Args:
            case: Supported by its workload and its backend.
            sources: Where its workload may come from besides the catalogue.
        """
        facts = find_backend(case.backend)
        values = {"workload": case.workload, "backend": case.backend}
        if facts.compiles:
            if self._execution_problem is not None:
                return Reason(code="scratch_not_executable", values=values | {"error": self._execution_problem})
            for trial, reason in self._compiler_problems:
                if trial.packages_too or not facts.packages_model:
                    return Reason(code=reason.code, values=values | reason.values)
        return self._why_not_memory(case, sources)

    def _why_not_memory(self, case: Case, sources: Iterable[Source]) -> Reason | None:
        least_bytes = count_least_bytes(case, sources)
        for limit in self._memory:
            if limit.value_bytes < least_bytes:
                return Reason(
                    code="memory_below_need",
                    values={
                        "workload": case.workload,
                        "least_mib": str(least_bytes >> 20),
                        "limit": limit.name,
                        "limit_mib": str(limit.value_bytes >> 20),
                    },
                )
        return None

    @cached_property
    def _execution_problem(self) -> str | None:
        return find_execution_problem(self._output)

    @cached_property
    def _compiler_problems(self) -> tuple[tuple[_Trial, Reason], ...]:
        """The trials that failed; after one that every backend needs, no other is made."""
        if not self._native:
            return ()
        try:
            with tempfile.TemporaryDirectory() as folder:
                return tuple(self._try_compiler(Path(folder)))
        except OSError:
            return ()  # there is no room to try it in; workers have their own

    def _try_compiler(self, folder: Path) -> Iterator[tuple[_Trial, Reason]]:
        compiler = Path(find_compiler(self._parent)[0]).name
        source = folder / "trial.cpp"
        for trial in _TRIALS:
            source.write_text(trial.source, encoding="ascii")
            problem = compile_library(source, folder / "trial.so", trial.flags, parent=self._parent)
            if problem is None:
                continue
            code = "compiler_missing" if problem.code == "compiler_not_found" else trial.code
            yield trial, Reason(code=code, values={"compiler": compiler})
            if trial.packages_too:
                return
