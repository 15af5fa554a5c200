"""What the probes of a run measure: how large their arrays are, and which instruction loops there are to load."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.launch.compiler import compile_library
from bench.measure.instruction_loops import SOURCE, InstructionLoop, find_loops
from bench.records.machine import Machine
from bench.records.peak import ProbeRequest
from bench.records.profile import Binding
from bench.records.reason import Reason
from bench.stats.caches import choose_array_bytes, count_cache_bytes

Compile = Callable[[InstructionLoop, Path], Reason | None]


class CompiledLoops(NamedTuple):
    """Loop → its library, of those that could be compiled; and why others could not."""

    libraries: Mapping[str, str]
    missing: tuple[Reason, ...]


class ProbePlanner:
    """Plans the probes of one session. The loops are compiled when the first peaks are asked for, once."""

    def __init__(self, machine: Machine, folder: Path, *, parent: Mapping[str, str]) -> None:
        """Get ready; nothing is compiled yet.

        Args:
            machine: That the run is on.
            folder: Of probes alone, which workers can read.
            parent: The environment, for the compiler.
        """
        self._machine = machine
        self._folder = folder
        self._parent = parent
        self._compiled: CompiledLoops | None = None

    def plan(self, binding: Binding, instances: int, *, peaks: bool) -> ProbeRequest:
        """Return what a probe of one instance measures.

        Args:
            binding: Of the instance.
            instances: Of its layout, which are probed together.
            peaks: All peaks, and not only the rates that show drift.
        """
        topology, limits = self._machine.topology, self._machine.limits
        if peaks and self._compiled is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._compiled = compile_loops(find_loops(self._machine.cpu), self._folder, self._compile)
        loops = self._compiled if peaks and self._compiled is not None else CompiledLoops({}, ())
        return ProbeRequest(
            array_bytes=choose_array_bytes(topology, limits, binding, instances),
            cache_bytes=count_cache_bytes(topology, binding.cpus),
            peaks=peaks,
            loops=dict(loops.libraries),
            missing=loops.missing,
        )

    def _compile(self, loop: InstructionLoop, library: Path) -> Reason | None:
        macro = f"-DLOOP_{loop.name.upper()}"
        return compile_library(SOURCE, library, [*loop.flags, macro], parent=self._parent)


def compile_loops(loops: Sequence[InstructionLoop], folder: Path, compile_loop: Compile) -> CompiledLoops:
    """Compile each loop into a library of its own: an instruction unknown to the compiler then costs one loop only.

    Args:
        loops: Those that the machine can execute.
        folder: Where the libraries are put.
        compile_loop: Compiles one.
    """
    libraries: dict[str, str] = {}
    missing: list[Reason] = [] if loops else [Reason(code="no_instruction_loop")]
    for loop in loops:
        library = folder / f"{loop.name}.so"
        reason = compile_loop(loop, library)
        if reason is None:
            libraries[loop.name] = str(library)
        else:
            missing.append(Reason(code=reason.code, values={**reason.values, "loop": loop.name}))
    return CompiledLoops(libraries, tuple(missing))
