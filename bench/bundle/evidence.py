"""Check that the evidence of a cell says what its case says.

`bench.variants` gathers the evidence, and fails a cell where precision, memory format or backend took no effect. So
evidence that contradicts its case was not gathered for it. What is not known here, as of a newer backend, is unchecked.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bench.backends.registry import BACKENDS
from bench.errors import BundleError
from bench.records.case import Case
from bench.records.precision import PRECISION_FACTS

_PACKED_TYPES: Final[Mapping[int, frozenset[str]]] = MappingProxyType(
    {8: frozenset({"qint8", "quint8", "int8"}), 4: frozenset({"uint8", "uint4"})}
)
"""Bits of a weight → types that hold such weights; torch has two of 4 bits in a byte."""
_LINEAR_ONLY: Final = frozenset({"quantized_layers", "weight_bytes_before", "weight_bytes_after"})
"""The evidence of precisions that quantize linear layers and nothing else."""
_LOW_TYPES: Final = frozenset({"bfloat16", "float16"})

_TYPES: Final = re.compile(r"[a-z0-9]+:[0-9]+( [a-z0-9]+:[0-9]+)*", re.ASCII)
_BYTES: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_SHARE: Final = re.compile(r"([0-9]{1,9})(?: of |/)([0-9]{1,9})", re.ASCII)


def is_known_evidence(case: Case, evidence: Mapping[str, str]) -> bool:
    """Return whether evidence is of a kind that can be checked: all that this bench records of such a case."""
    backend = BACKENDS.get(case.backend)
    if backend is None:
        return False
    wanted = {"parameter_dtypes", "result_dtypes", *backend.evidence}
    facts = PRECISION_FACTS[case.precision]
    if facts.quantized:
        wanted |= _LINEAR_ONLY if facts.linear_only else {"int8_operations"}
    return wanted <= evidence.keys()


def check_evidence(case: Case, evidence: Mapping[str, str], where: str) -> None:
    """Refuse evidence that contradicts its case.

    Raises:
        BundleError: says what is contradicted.
    """
    _check_backend(case, evidence, where)
    _check_precision(case, evidence, where)
    share = _SHARE.fullmatch(evidence.get("channels_last_results", ""))
    if share is not None and case.memory_format == "channels_last" and not 0 < int(share[1]) == int(share[2]):
        raise BundleError(f"{where}: {share[0]} results are channels_last, which its case asks for")


def _check_backend(case: Case, evidence: Mapping[str, str], where: str) -> None:
    """Refuse what another backend reports, and a value that says that this one took no effect."""
    backend = BACKENDS.get(case.backend)
    if backend is None:
        return
    reported = {name for row in BACKENDS.values() for name in row.evidence}
    for name in sorted(reported & evidence.keys()):
        pattern = (backend.evidence | backend.added_evidence).get(name)
        if pattern is None:
            raise BundleError(f"{where}: its evidence has {name}, which {case.backend} does not report")
        if re.fullmatch(pattern, evidence[name], re.ASCII) is None:
            raise BundleError(
                f"{where}: its evidence has {name} {evidence[name]!r:.80}, which {case.backend} does not report where it "
                "runs the model on the CPU"
            )


def _check_precision(case: Case, evidence: Mapping[str, str], where: str) -> None:
    facts = PRECISION_FACTS[case.precision]
    held, computed = _read_types(evidence, "parameter_dtypes"), _read_types(evidence, "result_dtypes")
    if "int8_operations" in evidence and (facts.linear_only or not facts.quantized):
        raise BundleError(f"{where}: its evidence has int8 operations, its case computes in {case.precision}")
    if evidence.keys() & _LINEAR_ONLY and not facts.linear_only:
        raise BundleError(f"{where}: its evidence has quantized layers, its case computes in {case.precision}")
    if facts.weight_bits is not None:
        _check_quantized(case, evidence, held, where)
        return
    weightless = case.source is not None and not held  # what a user brings may compute without weights
    if held is not None and held != {facts.weights} and not weightless:
        raise BundleError(
            f"{where}: its weights are {' '.join(sorted(held)):.200}; {case.precision} holds {facts.weights}"
        )
    low = facts.computes != "float32"
    if computed is not None and (facts.computes not in computed if low else computed & _LOW_TYPES):
        raise BundleError(
            f"{where}: its results are {' '.join(sorted(computed)) or 'none':.200}; {case.precision} computes in {facts.computes}"
        )


def _check_quantized(case: Case, evidence: Mapping[str, str], held: frozenset[str] | None, where: str) -> None:
    bits = PRECISION_FACTS[case.precision].weight_bits or 8
    if held is not None and not held & _PACKED_TYPES[bits]:
        raise BundleError(
            f"{where}: its weights are {' '.join(sorted(held)):.200}; {case.precision} holds some in int{bits}"
        )
    before, after = (evidence.get(name, "") for name in ("weight_bytes_before", "weight_bytes_after"))
    if _BYTES.fullmatch(before) and _BYTES.fullmatch(after) and int(after) >= int(before):
        raise BundleError(
            f"{where}: its weights take {after} bytes, and took {before} before, so {case.precision} took no effect"
        )
    for name in ("int8_operations", "int8_kernels", "quantized_layers"):
        share = _SHARE.fullmatch(evidence.get(name, ""))
        if share is None:
            continue
        noun = "linear layers are quantized" if name == "quantized_layers" else "eligible operations are int8"
        if not int(share[1]):
            raise BundleError(f"{where}: {share[0]} {noun}, so {case.precision} took no effect")
        if name == "quantized_layers" and int(share[1]) > int(share[2]):
            raise BundleError(f"{where}: {share[0]} {noun}, which is more than there are")


def _read_types(evidence: Mapping[str, str], name: str) -> frozenset[str] | None:
    """Return the data types in a list of counts; None if it is none."""
    text = evidence.get(name, "")
    if text == "none":
        return frozenset()
    if _TYPES.fullmatch(text) is None:
        return None
    return frozenset(part.partition(":")[0] for part in text.split(" "))
