"""Settings of the whole process that decide what is computed and how it is timed, which code of a model may change.

They are read before a model is built, and again after its timed part. A number of a model that changed one says something
else than its case: products of float32 that are taken in bfloat16 are no fp32, and another clock tells another time. What
is bound (CPUs, threads, memory), and denormal numbers, `bench.launch.binding` looks at.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from operator import attrgetter
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import nn

from bench.launch.environment import INFLUENTIAL
from bench.records.reason import Reason

_FUNCTIONS: Mapping[str, Callable[[], object]] = MappingProxyType(
    {
        "torch.nn.Module.__call__": lambda: nn.Module.__call__,
        "torch.nn.Module._call_impl": lambda: nn.Module._call_impl,  # noqa: SLF001 - what `__call__` calls
        "time.perf_counter_ns": lambda: time.perf_counter_ns,
        "time.clock_gettime_ns": lambda: time.clock_gettime_ns,
        "sys.settrace": sys.gettrace,
        "sys.setprofile": sys.getprofile,
    }
)
"""Name → returns the function that is there now, or that was set by it."""

_NOT_SET = "not set"

_PRODUCTS = (
    "backends.fp32_precision",
    "backends.mkldnn.fp32_precision",
    "backends.mkldnn.conv.fp32_precision",
    "backends.mkldnn.matmul.fp32_precision",
    "backends.mkldnn.rnn.fp32_precision",
)
"""Attributes of torch that say in which precision products of float32 are taken."""


class Settings(NamedTuple):
    """Settings of this process at one time.

    Attributes:
        values: Name → value, as text.
        functions: Name → function; another one may have the same name.
    """

    values: Mapping[str, str]
    functions: Mapping[str, object]


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read them; to be called outside of any context that sets one for a while.

    Args:
        environment: Variables of the process. Libraries read some of them as late as in their first call.
    """
    of_torch = {
        "get_default_dtype": str(torch.get_default_dtype()),
        "get_default_device": str(torch.get_default_device()),
        "backends.mkldnn.enabled": str(torch._C._get_mkldnn_enabled()),  # noqa: SLF001 - what its flag reads
        "use_deterministic_algorithms": str(torch.are_deterministic_algorithms_enabled()),
        "autocast": str(torch.get_autocast_dtype("cpu")) if torch.is_autocast_enabled("cpu") else "off",
        "is_grad_enabled": str(torch.is_grad_enabled()),
        **_read_product_precisions(),
    }
    variables = {f"the variable {name}": value for name, value in environment.items() if name.startswith(INFLUENTIAL)}
    values = variables | {f"torch.{name}": value for name, value in of_torch.items()}
    return Settings(values, {name: read() for name, read in _FUNCTIONS.items()})


def _read_product_precisions() -> dict[str, str]:
    """Return in which precision products of float32 are taken.

    `none` is that of the part above, which is read as well; of the uppermost it is IEEE's. `set_float32_matmul_precision`
    sets that of `mkldnn.matmul`, and is all that releases of torch before 2.9 have.
    """
    found: dict[str, str] = {}
    for name in _PRODUCTS:
        with suppress(AttributeError):
            found[name] = attrgetter(name)(torch).replace("none", "ieee")
    return found or {"get_float32_matmul_precision": torch.get_float32_matmul_precision()}


def find_changed_setting(before: Settings, after: Settings) -> Reason | None:
    """Return the first setting that differs; None if there is none."""
    for name in sorted({*before.values, *after.values}):
        was, found = (settings.values.get(name, _NOT_SET) for settings in (before, after))
        if was != found:
            return Reason(code="setting_changed", values={"setting": name, "before": was, "after": found})
    for name, function in before.functions.items():
        if after.functions[name] is not function:
            return Reason(code="function_replaced", values={"function": name})
    return None
