"""Text targets: functions that a table names, loaded only where they are used."""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def load_target(target: str) -> Callable[..., Any]:
    """Return the function that `module:function` names."""
    module, _, function = target.partition(":")
    loaded: Callable[..., Any] = getattr(import_module(module), function)
    return loaded
