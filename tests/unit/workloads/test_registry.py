import subprocess
import sys

import pytest

from bench.backends.registry import BACKENDS
from bench.errors import UsageError
from bench.records.case import MODES, PRECISIONS
from bench.workloads.registry import WORKLOADS, find_workload, list_backends, load_builder


def test_listing_loads_neither_torch_nor_numpy() -> None:
    script = (
        "import sys; import bench.workloads.registry, bench.workloads.validity;"
        "print(sorted({'torch', 'numpy', 'torchvision', 'transformers', 'torch_geometric'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_workload_is_listed_under_its_own_name() -> None:
    assert all(name == facts.name for name, facts in WORKLOADS.items())


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_mode_is_offered_or_refused_with_a_reason(name: str) -> None:
    facts = WORKLOADS[name]
    assert set(facts.batch_size) | (set(facts.unsupported) & set(MODES)) == set(MODES)
    assert not set(facts.unsupported) & {*facts.batch_size, *facts.precisions, *list_backends(facts)}


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_row_names_only_modes_precisions_and_backends_that_exist(name: str) -> None:
    facts = WORKLOADS[name]
    assert set(facts.unsupported) <= {*MODES, *PRECISIONS, *BACKENDS}
    assert set(list_backends(facts)) <= set(BACKENDS)


def test_an_unknown_name_lists_the_known_and_the_close() -> None:
    with pytest.raises(UsageError, match=r"no workload 'resnet51'; did you mean resnet50\? known are .*basic_gnn_gcn"):
        find_workload("resnet51")


def test_a_name_that_is_close_to_none_gets_no_guess() -> None:
    with pytest.raises(UsageError, match=r"no workload 'zzz'; known are resnet50, "):
        find_workload("zzz")


@pytest.mark.torch
@pytest.mark.parametrize("name", WORKLOADS)
def test_every_target_is_there(name: str) -> None:
    assert callable(load_builder(find_workload(name)))
