"""Inputs of a user's model: our generator's values, within bounds that are stated or found."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.errors import UsageError
from bench.records.stated_input import StatedInput
from tests.unit.workloads.sources.located import build, locate, make_case, write_models

pytestmark = pytest.mark.torch

TOKENS = """
class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.large, self.small = nn.Embedding(1000, 4), nn.EmbeddingBag(50, 4)

    def forward(self, ids):
        return self.large(ids.long()).mean(1) + self.small(ids.long())

def tokens(batch_size):
    return Tokens(), torch.zeros(batch_size, 500, dtype=torch.int32)
"""
COUNTS = """
class Counts(nn.Module):
    def forward(self, n):
        return n.float().sqrt()

def counts(batch_size):
    return Counts(), torch.zeros(batch_size, 500, dtype=torch.int16)
"""


def inputs_of(path: str, **stated: StatedInput) -> dict[str, torch.Tensor]:
    located = locate(path, stated)
    return dict(build(located, make_case(located)).inputs)


def test_integers_that_embeddings_read_are_below_the_rows_of_the_smallest(tmp_path: Path) -> None:
    ids = inputs_of(write_models(tmp_path, TOKENS))["ids"]
    assert (ids.dtype, ids.shape) == (torch.int32, (2, 500))
    assert (int(ids.min()), int(ids.max())) == (0, 49)


def test_integers_that_none_reads_need_bounds(tmp_path: Path) -> None:
    path = write_models(tmp_path, COUNTS)
    with pytest.raises(UsageError, match=r"no embedding reads them: state their range with --input n=0\.\.N"):
        inputs_of(path)
    values = inputs_of(path, n=StatedInput(least=-3, greatest=3))["n"]
    assert (values.dtype, int(values.min()), int(values.max())) == (torch.int16, -3, 3)


def test_the_same_file_gives_the_same_values_in_each_process(tmp_path: Path) -> None:
    path = write_models(tmp_path, TOKENS)
    assert torch.equal(inputs_of(path)["ids"], inputs_of(path)["ids"])


@pytest.mark.parametrize(
    ("stated", "problem"),
    [
        ({"m": StatedInput(least=0, greatest=1)}, "file.counts has no such input; it has n"),
        ({"n": StatedInput(shape=(3,), dtype="int16")}, r"stated as \[3\], the model has \[2, 500\]"),
        ({"n": StatedInput(shape=(2, 500), dtype="int64")}, "stated as int64, the model has int16"),
        ({"n": StatedInput(least=0, greatest=40_000)}, "torch.int16 cannot hold it"),
    ],
)
def test_what_is_stated_must_fit_the_model(stated: dict[str, StatedInput], problem: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=problem):
        inputs_of(write_models(tmp_path, COUNTS), **stated)


def read_file(tmp_path: Path, values: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]") -> torch.Tensor:
    file = tmp_path / "n.npy"
    np.save(file, values)
    stated = StatedInput(digest=f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}")
    located = locate(write_models(tmp_path, COUNTS), {"n": stated}, {"n": str(file)})
    return build(located, make_case(located)).inputs["n"]


def test_values_of_a_file_are_used_as_they_are(tmp_path: Path) -> None:
    values = np.arange(1000, dtype=np.int64).reshape(2, 500)
    assert torch.equal(read_file(tmp_path, values), torch.from_numpy(values).to(torch.int16))


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (np.zeros((2, 499), dtype=np.int16), r"has the shape \[2, 499\], wanted \[2, 500\]"),
        (np.zeros((2, 500)), "holds torch.float64, wanted torch.int16"),
        (np.array([[{}]], dtype=object), "Object arrays cannot be loaded"),
    ],
    ids=["another shape", "another kind of numbers", "a pickle"],
)
def test_a_file_that_does_not_fit_is_refused(values: object, problem: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=problem):
        read_file(tmp_path, values)  # type: ignore[arg-type]
