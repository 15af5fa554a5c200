"""What the rows of several families cite."""

from typing import Final

TORCHBENCH: Final = "pytorch/benchmark 0e83c440"
