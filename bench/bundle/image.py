"""The container image that a run is in, as far as it can be told from inside."""

from pathlib import Path

from bench.bundle.files import read_file
from bench.bundle.strict_json import decode_handwritten_json
from bench.errors import BenchError, EnvironmentUnfitError
from bench.records.bundle import Image

LABELS_PATH = Path("opt/bench/image.json")
"""Written by the image's build: a flat JSON object of strings."""

_MAX_LABELS_BYTES = 65_536


def describe_image(root: Path = Path("/")) -> Image:
    """Describe the image.

    Args:
        root: Of the file system.

    Raises:
        EnvironmentUnfitError: the image's description is damaged.
    """
    path = root / LABELS_PATH
    if not path.exists():
        return Image(inside=False, labels={})
    try:
        data = read_file(path, limit=_MAX_LABELS_BYTES)
        return Image(inside=True, labels=decode_handwritten_json(data, dict[str, str], source=str(path)))
    except BenchError as error:
        raise EnvironmentUnfitError(f"{error}; build the image again") from error
