"""What TorchBench states of its models, read from files that never run."""

from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.records.torchbench import NotImplementedTest
from bench.workloads.sources.torchbench.checkout import list_models, match_models
from bench.workloads.sources.torchbench.statement import list_statements, read_statement

STAND_IN = Path(__file__).parents[4] / "data/torchbench"


def make_model(folder: Path, *, code: str = "", metadata: str = "") -> Path:
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(code)
    (folder / "metadata.yaml").write_text(metadata)
    return folder


def test_batch_sizes_devices_and_tests_are_those_that_the_files_state() -> None:
    models = {model.name: model for model in list_statements(STAND_IN, None).models}
    mlp, named = models["tiny_mlp"], models["Tiny_dict"]
    assert (mlp.eval_batch_size, mlp.train_batch_size, mlp.fixed_batch_size) == (8, 4, False)
    assert mlp.devices == {"NVIDIA A100-SXM4-40GB": {"eval_batch_size": 512}, "cpu": {"eval_batch_size": 2}}
    assert (named.eval_batch_size, named.train_batch_size, named.fixed_batch_size) == (3, None, True)
    assert named.not_implemented == (NotImplementedTest(test="train", device="cpu"),)


def test_no_code_of_a_checkout_runs(tmp_path: Path) -> None:
    code = "raise SystemExit('it ran')\nclass Model:\n    DEFAULT_EVAL_BSIZE = 7\n"
    assert read_statement(make_model(tmp_path / "model", code=code)).eval_batch_size == 7


@pytest.mark.parametrize(
    ("code", "metadata"),
    [
        pytest.param("class Model(", "", id="no Python"),
        pytest.param("\0", "\0", id="no text"),
        pytest.param("(" * 100_000, "[" * 10_000, id="nested without end"),
        pytest.param(
            "class Model:\n  DEFAULT_EVAL_BSIZE = True", "devices: {cpu: {eval_batch_size: yes}}", id="no numbers"
        ),
        pytest.param("class Model:\n  DEFAULT_EVAL_BSIZE = -1", "- a list", id="no batch size"),
        pytest.param("#" * (1 << 21), "a: !!python/object/apply:os.getcwd []", id="too long, or objects of Python"),
    ],
)
def test_what_cannot_be_read_states_nothing(tmp_path: Path, code: str, metadata: str) -> None:
    model = read_statement(make_model(tmp_path / "model", code=code, metadata=metadata))
    assert model.eval_batch_size is None
    assert not any(model.devices.values())


def test_a_pattern_finds_models_whatever_their_case() -> None:
    assert match_models(STAND_IN, "tiny_*") == ("Tiny_dict", "tiny_mlp")
    with pytest.raises(UsageError, match=r"no model of .* matches 'resnet50'; there are Tiny_dict, draws"):
        match_models(STAND_IN, "resnet50")


def test_another_folder_is_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no checkout of pytorch/benchmark: torchbenchmark/models has no models"):
        list_models(tmp_path)
