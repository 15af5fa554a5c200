"""A digest, as every record writes it."""

from typing import Annotated

from msgspec import Meta

Digest = Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}\Z")]
