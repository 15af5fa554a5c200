"""Sentences for why a precision has no peak of its instructions."""

from collections.abc import Mapping
from types import MappingProxyType

SENTENCES_PROBES: Mapping[str, str] = MappingProxyType(
    {
        "compiler_not_found": "{loop}: the C++ compiler {compiler} cannot be started; set CXX, or install g++",
        "compiler_failed": "{loop}: the C++ compiler {compiler} does not know the instruction, or failed (status {status})",
        "compiler_timeout": "{loop}: the C++ compiler {compiler} did not finish within {timeout_s} s",
        "instruction_loop_not_loaded": "{loop}: the compiled loop cannot be loaded; is the output folder mounted noexec?",
        "instruction_loop_refused": "{loop}: the CPU has no such instruction, or the kernel refuses it",
        "no_instruction_loop": "there is no instruction loop for this CPU",
    }
)
"""Code → sentence."""
