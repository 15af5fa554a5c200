"""An attack: a bundle that must not verify, and what the refusal says."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One fault.

    Attributes:
        name: What was done, a phrase.
        data: The file.
        words: The message has them.
        options: Of `bench verify`; files are named as in `files`.
        files: Beside the bundle: name → bytes.
    """

    name: str
    data: bytes
    words: str
    options: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
