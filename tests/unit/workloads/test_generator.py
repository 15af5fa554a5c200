import numpy as np
import pytest

from bench.workloads.generator import (
    derive_key,
    fill_uniform,
    generate_integers,
    generate_words,
    uniform_scale,
)

# Published values: a change of any of them makes every earlier result incomparable.
GOLDEN_WORDS = [0xE6EED24A, 0x5D7D3552, 0x8C01C30A, 0x80516379, 0x90A6126C, 0x87A796B6]
GOLDEN_VALUES = ["-0x1.5b57060000000p-2", "0x1.43db120000000p+0", "-0x1.91cfda0000000p+0", "-0x1.ba4dbe0000000p+0"]
GOLDEN_BFLOAT16 = [0xBEAE, 0x3FA2, 0xBFC9, 0xBFDD]
GOLDEN_INTEGERS = [902, 365, 546, 501, 565, 529, 869, 898]


def test_words_are_the_published_ones() -> None:
    assert generate_words(derive_key("golden"), 0, 6).tolist() == GOLDEN_WORDS


def test_values_are_the_published_ones_in_float32_and_bfloat16() -> None:
    single, half = np.empty(4, dtype=np.float32), np.empty(4, dtype=np.uint16)
    fill_uniform([("golden", 1.0, single), ("golden", 1.0, half)])
    assert [value.hex() for value in single.tolist()] == GOLDEN_VALUES
    assert half.tolist() == GOLDEN_BFLOAT16


def test_integers_are_the_published_ones() -> None:
    assert generate_integers("golden", 8, below=1000).tolist() == GOLDEN_INTEGERS


def test_a_value_depends_on_its_index_and_not_on_where_generation_began() -> None:
    key = derive_key("anything")
    assert generate_words(key, 1000, 1100).tolist() == generate_words(key, 0, 1100)[1000:].tolist()


def test_parts_made_by_threads_equal_the_sequence_made_at_once() -> None:
    count = (1 << 22) + (1 << 16) + 7  # more than one part, and a part that ends within a chunk
    values = np.empty(count, dtype=np.float32)
    fill_uniform([("long", 1.0, values)])
    integers = (generate_words(derive_key("long"), 0, count).view(np.int32) >> 7) | 1
    assert np.array_equal(values, integers.astype(np.float32) * uniform_scale(1.0))


@pytest.mark.parametrize("deviation", [1.0, 0.02, 0.0221])
def test_values_have_the_deviation_asked_for_and_mean_zero(deviation: float) -> None:
    values = np.empty(1 << 18, dtype=np.float32)
    fill_uniform([("moments", deviation, values)])
    assert values.std() == pytest.approx(deviation, rel=0.01)
    assert abs(values.mean()) < deviation / 100


@pytest.mark.parametrize(("name", "seed"), [("other", 1337), ("first", 1)], ids=["another name", "another seed"])
def test_sequences_are_unlike(name: str, seed: int) -> None:
    first, second = np.empty(1 << 16, dtype=np.float32), np.empty(1 << 16, dtype=np.float32)
    fill_uniform([("first", 1.0, first)])
    fill_uniform([(name, 1.0, second)], seed=seed)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.02


@pytest.mark.parametrize("below", [1, 2, 1000, 50_257, 1 << 32])
def test_integers_stay_within_their_range(below: int) -> None:
    integers = generate_integers("range", 10_000, below=below)
    assert integers.min() >= 0
    assert integers.max() < below


def test_integers_are_uniform() -> None:
    counts = np.bincount(generate_integers("uniform", 100_000, below=10), minlength=10)
    assert counts.min() > 9_500
    assert counts.max() < 10_500
