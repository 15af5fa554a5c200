"""Alter bundles at random, and verify each: `python -m tests.fuzz.alterations [COUNT] [BUNDLE...]`.

Every alteration must be refused as one line with status 6. Prints how many were refused at each step of verification,
and ends with status 1 if one was taken for intact, or was refused in another way.
"""

import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.errors import BenchError, BundleError
from bench.verification.verify import verify_bundle

KEPT = Path(__file__).parents[1] / "data" / "bundles" / "2"
SEED = 20261128


def flip_bit(data: bytearray, chance: random.Random) -> None:
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def overwrite(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    data[start : start + chance.randrange(1, 64)] = chance.randbytes(chance.randrange(1, 64))


def cut(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    del data[start : start + chance.randrange(1, 2048)]


def repeat(data: bytearray, chance: random.Random) -> None:
    start, length = chance.randrange(len(data)), chance.randrange(1, 2048)
    data[start:start] = data[start : start + length]


def swap_blocks(data: bytearray, chance: random.Random) -> None:
    blocks = len(data) // 512
    a, b = (512 * chance.randrange(blocks) for _ in range(2))
    data[a : a + 512], data[b : b + 512] = data[b : b + 512], data[a : a + 512]


def change_digit(data: bytearray, chance: random.Random) -> None:
    digits = [
        position for position in (chance.randrange(len(data)) for _ in range(4096)) if chr(data[position]).isdigit()
    ]
    if digits:
        data[digits[0]] = ord(str((int(chr(data[digits[0]])) + chance.randrange(1, 10)) % 10))


ALTERATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (flip_bit, overwrite, cut, repeat, swap_blocks, change_digit)  # fmt: skip


def main(count: int, bundles: Sequence[Path]) -> int:
    chance = random.Random(SEED)  # noqa: S311 - a test, no secret
    originals = [path.read_bytes() for path in bundles]
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.bench.tar"
        while outcomes.total() < count:
            original = chance.choice(originals)
            data = bytearray(original)
            chance.choice(ALTERATIONS)(data, chance)
            if data != original:
                path.write_bytes(data)
                outcomes[attempt(path)] += 1
    for outcome, number in sorted(outcomes.items()):
        print(f"{number:6} {outcome}")
    return int(any(not outcome.startswith("refused") for outcome in outcomes))


def attempt(path: Path) -> str:
    """Return how an altered bundle is received."""
    try:
        verify_bundle(path)
    except BundleError as error:
        message = str(error)
        step = message.partition("not verified, ")[2].partition(":")[0]
        return f"refused: {step or 'before the first step'}"
    except BenchError as error:
        return f"another error: {type(error).__name__}"
    return "taken for intact"


if __name__ == "__main__":
    arguments = sys.argv[1:]
    chosen = [Path(name) for name in arguments[1:]] or sorted(KEPT.glob("*.bench.tar"))
    sys.exit(main(int(arguments[0]) if arguments else 10_000, chosen))
