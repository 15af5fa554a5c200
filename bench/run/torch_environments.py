"""Sides of `bench ab` that ask for a release of torch: each gets an environment, which is then its interpreter."""

from collections.abc import Callable, Mapping

import msgspec

from bench.errors import UsageError
from bench.launch.torch_environment import find_cache, find_environment, is_complete, make_environment
from bench.planning.pairs import VariantOptions

Announce = Callable[[str], None]
"""Tells the user in a line what is about to take minutes."""


def bring_torch(side: VariantOptions, *, parent: Mapping[str, str], announce: Announce) -> VariantOptions:
    """Return a side with the environment of its release of torch, made if it is not there; unchanged if it names none.

    Args:
        side: As the user gave it.
        parent: The environment that pip inherits.
        announce: Called before an environment is made.

    Raises:
        UsageError: the side has an interpreter or an image, too.
        EnvironmentUnfitError: the release cannot be installed.
    """
    if side.torch is None:
        return side
    for option, value in (("--python", side.python), ("--image", side.image)):
        if value is not None:
            raise UsageError(f"a side has --torch {side.torch} and {option} {value}; keep one")
    environment = find_environment(side.torch, find_cache(parent))
    if not is_complete(environment):
        announce(f"torch {side.torch}: pip installs it into {environment}, which may take minutes, once")
        make_environment(side.torch, environment, parent=parent)
    return msgspec.structs.replace(side, python=str(environment))
