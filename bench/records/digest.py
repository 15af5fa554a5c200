"""A SHA-256 digest, as all records write it."""

from typing import Annotated

from msgspec import Meta

Digest = Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}\Z")]
