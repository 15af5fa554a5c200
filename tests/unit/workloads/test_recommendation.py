from collections.abc import Callable
from contextlib import nullcontext

import pytest
import torch

from bench.records.case import Case
from bench.workloads.recommendation import TABLES, WIDTH, Dlrm, build_dlrm

pytestmark = pytest.mark.torch

MakeCase = Callable[..., Case]


def test_it_has_torchbenchs_sizes(make_case: MakeCase) -> None:
    workload = build_dlrm(make_case("dlrm", batch_size=4))
    bottom = 512 * 512 + 512 + 512 * 64 + 64
    top = 100 * 1024 + 1024 + 2 * (1024 * 1024 + 1024) + 1024 + 1
    assert sum(parameter.numel() for parameter in workload.model.parameters()) == bottom + top + 8 * 1000 * 64
    assert workload.inputs["dense"].shape == (4, 512)
    assert workload.inputs["lookups"].shape == (8, 4, 4)
    assert workload.items_per_iteration == 4


def test_the_top_network_is_given_the_dense_vector_and_every_product_of_two_vectors() -> None:
    model = Dlrm(10, sparse=False)
    dense, lookups = torch.rand(1, 512), torch.arange(TABLES * 2).view(TABLES, 1, 2) % 10
    given: list[torch.Tensor] = []
    model.top.register_forward_pre_hook(lambda _module, inputs: given.append(inputs[0][0]))
    logits = model(dense, lookups)
    features = model.bottom(dense)[0]
    vectors = [features, *(table.weight[rows[0]].sum(0) for table, rows in zip(model.tables, lookups, strict=True))]  # type: ignore[index]
    products = [vectors[i] @ vectors[j] for i in range(TABLES + 1) for j in range(i)]
    torch.testing.assert_close(given[0], torch.cat([features, torch.stack(products)]))
    assert logits.shape == (1,)


def test_both_kinds_of_features_are_heard_at_full_size_of_a_lookup(make_case: MakeCase) -> None:
    workload = build_dlrm(make_case("dlrm", batch_size=64, shape={"rows": 1000, "lookups": 100}))
    dense, lookups = workload.inputs["dense"], workload.inputs["lookups"]
    with torch.inference_mode():
        output = workload.model(dense, lookups)
        other_dense = workload.model(dense.flip(0), lookups)
        other_lookups = workload.model(dense, lookups.flip(1))
    assert output.std() > 0.1
    for changed in (other_dense, other_lookups):
        assert (output - changed).std() > 0.1 * output.std()


def test_state_is_the_rows_that_are_looked_up(make_case: MakeCase) -> None:
    workload = build_dlrm(make_case("dlrm", batch_size=4))
    rows = sum(len(set(rows.flatten().tolist())) for rows in workload.inputs["lookups"])
    assert workload.iterate(workload.model, workload.inputs, nullcontext).state_bytes == rows * WIDTH * 4


def test_training_gives_loss_and_gradients_and_of_tables_those_of_the_rows_looked_up(make_case: MakeCase) -> None:
    workload = build_dlrm(make_case("dlrm", mode="training", batch_size=4))
    iteration = workload.iterate(workload.model, workload.inputs, nullcontext)
    loss, *gradients = iteration.outputs()
    assert 0.3 < loss < 1.5
    assert len(gradients) == len(list(workload.model.parameters()))
    rows = [len(set(rows.flatten().tolist())) for rows in workload.inputs["lookups"]]
    assert [tensor.shape[0] for tensor in gradients if tensor.shape[1:] == (WIDTH,)] == rows


def test_a_step_changes_the_weights_and_reset_writes_them_again(make_case: MakeCase) -> None:
    workload = build_dlrm(make_case("dlrm", mode="training", batch_size=4))
    iteration = workload.iterate(workload.model, workload.inputs, nullcontext)
    before = [parameter.clone() for parameter in workload.model.parameters()]
    iteration.call()
    assert not any(map(torch.equal, before, workload.model.parameters()))
    iteration.reset()
    assert all(map(torch.equal, before, workload.model.parameters()))
