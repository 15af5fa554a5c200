import pytest
import torch

from bench.workloads.digests import inputs_digest, outputs_digest
from bench.workloads.inputs import integer_tensor, uniform_tensor

pytestmark = pytest.mark.torch

# Published: the same on every architecture.
GOLDEN = "sha256:1aba93f2d6e1295624e5cac998efaa1df23f9a30b69871da56b26787baea7cb1"


def test_the_digest_of_known_tensors_is_the_published_one() -> None:
    assert inputs_digest({"b": uniform_tensor("b", (3, 5)), "a": integer_tensor("a", (4,), below=10)}) == GOLDEN


def test_order_and_memory_format_change_nothing() -> None:
    image = uniform_tensor("image", (2, 3, 4, 4))
    other = uniform_tensor("other", (3,))
    converted = image.contiguous(memory_format=torch.channels_last)
    assert inputs_digest({"image": image, "other": other}) == inputs_digest({"other": other, "image": converted})


@pytest.mark.parametrize(
    "changed",
    [
        {"name": torch.zeros(3, 2)},
        {"name": torch.zeros(2, 3, dtype=torch.bfloat16)},
        {"other": torch.zeros(2, 3)},
        {"name": torch.tensor([[0.0, 0, 0], [0, 0, 1e-45]])},
        {"name": torch.zeros(2, 3), "more": torch.zeros(1)},
    ],
    ids=["shape", "data type", "name", "one bit", "one tensor more"],
)
def test_any_difference_shows(changed: dict[str, torch.Tensor]) -> None:
    assert inputs_digest(changed) != inputs_digest({"name": torch.zeros(2, 3)})


def test_outputs_have_a_digest_by_their_place_to_the_last_bit() -> None:
    first, second = torch.zeros(3), torch.ones(3)
    assert outputs_digest([first, second]) == outputs_digest([first.clone(), second.clone()])
    assert outputs_digest([first, second]) != outputs_digest([second, first])
    assert outputs_digest([first]) != outputs_digest([torch.nextafter(first, second)])
