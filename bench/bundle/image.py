"""Describe the container image of a run: what can be read inside it, and what the host states of it."""

import os
from collections.abc import Mapping
from pathlib import Path

from bench.bundle.files import read_file
from bench.bundle.strict_json import decode_handwritten_json
from bench.errors import BenchError, EnvironmentUnfitError
from bench.records.image import Image, StatedImage

LABELS_PATH = Path("opt/bench/image.json")
"""Written by the image's build: a flat JSON object of strings."""

STATED_IMAGE = "BENCH_IMAGE"
"""The variable by which `bench container run` says what the engine knows of the image."""

ANNOUNCEMENT = "BENCH_ANNOUNCEMENT"
"""The variable by which `bench container run` names a file that the run writes its bundle's name to."""

_MAX_LABELS_BYTES = 65_536


def describe_image(root: Path = Path("/"), variables: Mapping[str, str] | None = None) -> Image:
    """Return what is known of the image.

    Args:
        root: Of the file system.
        variables: Of this process by default.

    Raises:
        EnvironmentUnfitError: the image's description is damaged, or the host states an image where there is none.
    """
    stated = (os.environ if variables is None else variables).get(STATED_IMAGE)
    path = root / LABELS_PATH
    if not path.exists():
        if stated is not None:
            raise EnvironmentUnfitError(f"{STATED_IMAGE} is set, but this is not a bench image; unset it")
        return Image(inside=False, labels={})
    try:
        data = read_file(path, limit=_MAX_LABELS_BYTES)
        labels = decode_handwritten_json(data, dict[str, str], source=str(path))
    except BenchError as error:
        raise EnvironmentUnfitError(f"{error}; build the image again") from error
    return Image(inside=True, labels=labels, stated=None if stated is None else _parse_stated(stated))


def _parse_stated(text: str) -> StatedImage:
    try:
        return decode_handwritten_json(text.encode("utf-8", "surrogateescape"), StatedImage, source=STATED_IMAGE)
    except BenchError as error:
        raise EnvironmentUnfitError(f"{error}; only `bench container run` may set it") from error
