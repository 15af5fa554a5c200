"""Check that the evidence of a cell says what its case says.

`bench.variants` gathers the evidence, and fails a cell where precision, memory format or backend took no effect. So
evidence that contradicts its case was not gathered for it. What is not known here, as of a newer backend, is unchecked.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bench.errors import BundleError
from bench.records.case import BackendName, Case
from bench.records.precision import PRECISION_FACTS

_INDUCTOR: Final = frozenset({"inductor", "inductor_freezing", "inductor_max_autotune"})
_FREEZING: Final = _INDUCTOR - {"inductor"}

_BACKENDS: Final[Mapping[str, frozenset[BackendName]]] = MappingProxyType(
    {
        "compiled_graphs": _INDUCTOR | {"aot_inductor"},
        "frames_compiled": _INDUCTOR,
        "products_tuned": frozenset({"inductor_max_autotune"}),
        "package_bytes": frozenset({"aot_inductor"}),
        "operators_fused": frozenset({"torchscript"}),
        "providers": frozenset({"onnxruntime"}),
        "devices": frozenset({"openvino"}),
    }
)
"""What only some backends report → those."""

_KNOWN_BACKENDS: Final = frozenset({"eager"}).union(*_BACKENDS.values())

_COUNTED: Final[Mapping[BackendName, tuple[str, ...]]] = MappingProxyType(
    {
        **dict.fromkeys(_INDUCTOR, ("compiled_graphs",)),
        **dict.fromkeys(_FREEZING, ("compiled_graphs", "frozen_weights")),
        "aot_inductor": ("compiled_graphs", "package_bytes"),
    }
)
"""Backend → what is at least 1 where it took effect."""

_INT8_TYPES: Final = frozenset({"qint8", "quint8", "int8"})
_LOW_TYPES: Final = frozenset({"bfloat16", "float16"})

_TYPES: Final = re.compile(r"[a-z0-9]+:[0-9]+( [a-z0-9]+:[0-9]+)*", re.ASCII)
_SHARE: Final = re.compile(r"([0-9]{1,9})(?: of |/)([0-9]{1,9})", re.ASCII)


def is_known_evidence(case: Case, evidence: Mapping[str, str]) -> bool:
    """Return whether evidence is of a kind that can be checked: all that this bench records of such a case."""
    wanted = {"parameter_dtypes", "result_dtypes", *_COUNTED.get(case.backend, ())}
    if PRECISION_FACTS[case.precision].quantized:
        wanted.add("int8_operations")
    return case.backend in _KNOWN_BACKENDS and wanted <= evidence.keys()


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
    if case.backend not in _KNOWN_BACKENDS:
        return
    for name, backends in _BACKENDS.items():
        if name in evidence and case.backend not in backends:
            raise BundleError(f"{where}: its evidence has {name}, which {case.backend} does not report")
    for name in _COUNTED.get(case.backend, ()):
        if evidence.get(name) == "0":
            raise BundleError(f"{where}: its evidence has {name} 0, so {case.backend} took no effect")
    providers = evidence.get("providers", "")
    if case.backend == "onnxruntime" and providers and not re.fullmatch("CPUExecutionProvider:[0-9]+", providers):
        raise BundleError(f"{where}: its nodes ran in {providers!r:.80}, not in the CPU's provider alone")
    if case.backend == "openvino" and evidence.get("devices", "CPU") != "CPU":
        raise BundleError(f"{where}: it ran on {evidence['devices']!r:.80}, not on the CPU")


def _check_precision(case: Case, evidence: Mapping[str, str], where: str) -> None:
    facts = PRECISION_FACTS[case.precision]
    held, computed = _read_types(evidence, "parameter_dtypes"), _read_types(evidence, "result_dtypes")
    if facts.quantized:
        _check_int8(case, evidence, held, where)
        return
    if "int8_operations" in evidence:
        raise BundleError(f"{where}: its evidence has int8 operations, its case computes in {case.precision}")
    if held is not None and held != {facts.weights}:
        raise BundleError(
            f"{where}: its weights are {' '.join(sorted(held)):.200}; {case.precision} holds {facts.weights}"
        )
    low = facts.computes != "float32"
    if computed is not None and (facts.computes not in computed if low else computed & _LOW_TYPES):
        raise BundleError(
            f"{where}: its results are {' '.join(sorted(computed)) or 'none':.200}; {case.precision} computes in {facts.computes}"
        )


def _check_int8(case: Case, evidence: Mapping[str, str], held: frozenset[str] | None, where: str) -> None:
    if held is not None and not held & _INT8_TYPES:
        raise BundleError(
            f"{where}: its weights are {' '.join(sorted(held)):.200}; {case.precision} holds some in int8"
        )
    for name in ("int8_operations", "int8_kernels"):
        share = _SHARE.fullmatch(evidence.get(name, ""))
        if share is not None and not int(share[1]):
            raise BundleError(f"{where}: {share[0]} eligible operations are int8, so {case.precision} took no effect")


def _read_types(evidence: Mapping[str, str], name: str) -> frozenset[str] | None:
    """Return the data types in a list of counts; None if it is none."""
    text = evidence.get(name, "")
    if text == "none":
        return frozenset()
    if _TYPES.fullmatch(text) is None:
        return None
    return frozenset(part.partition(":")[0] for part in text.split(" "))
