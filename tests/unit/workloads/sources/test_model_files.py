"""Programs in files: what they say of themselves, what is refused, and that they run as they are."""

import json
import pickle  # noqa: TID251 - to make what is refused
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bench.errors import UsageError
from bench.records.case import Case
from bench.records.source import LocatedSource
from bench.records.stated_input import StatedInput
from bench.variants.prepare import prepare
from bench.worker.prove import prove
from bench.workloads.registry import load_builder
from bench.workloads.sources.locate import digest_file
from bench.workloads.sources.registry import parse_word

if TYPE_CHECKING:
    import onnx

pytestmark = pytest.mark.torch

Stated = Mapping[str, StatedInput]


class Scaled(nn.Module):
    """Two inputs, one of them given by name; results in a mapping."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(16, 4)
        self.register_buffer("offset", torch.ones(4))

    def forward(self, samples: Tensor, scale: Tensor) -> dict[str, Tensor]:
        return {"scaled": torch.relu(self.linear(samples)) * scale + self.offset, "total": samples.sum()}


class Lookup(nn.Module):
    """Integers that index an embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(50, 8)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.embedding(tokens).sum(1)


class RoundTrip(nn.Module):
    """Quantizes and dequantizes, in a branch."""

    def forward(self, samples: Tensor) -> Tensor:
        if samples.ndim > 0:
            return torch.dequantize(torch.quantize_per_tensor(samples, 0.1, 0, torch.qint8))
        return samples


SCALE = StatedInput(shape=(4,), dtype="float32")
SAMPLES = StatedInput(shape=(6, 16), dtype="float32")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    torch.manual_seed(1)
    model, example = Scaled().eval(), (torch.randn(6, 16), torch.ones(4))
    rows = torch.export.Dim("rows")
    torch.export.save(torch.export.export(model, example[:1], {"scale": example[1]}), folder / "fixed.pt2")
    varied = torch.export.export(model, example, dynamic_shapes=({0: rows}, None))
    torch.export.save(varied, folder / "varied.pt2")
    torch.export.save(torch.export.export(model.bfloat16(), tuple(t.bfloat16() for t in example)), folder / "half.pt2")
    torch.export.save(torch.export.export(Lookup(), (torch.zeros(3, 5, dtype=torch.int64),)), folder / "lookup.pt2")
    model.float()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.trace(model, example, strict=False), folder / "traced.ts")  # type: ignore[no-untyped-call]
    torch.save(model.state_dict(), folder / "pickled.pt")
    return folder


@pytest.fixture(scope="module")
def onnx_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    folder = tmp_path_factory.mktemp("onnx")
    example, rows = (torch.randn(6, 16), torch.ones(4)), torch.export.Dim("rows")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, shapes in (("fixed", None), ("varied", ({0: rows}, None))):
            program = torch.onnx.export(Scaled().eval(), example, dynamo=True, verbose=False, dynamic_shapes=shapes)
            assert program is not None
            program.save(folder / f"{name}.onnx", external_data=False)
    return folder


def locate(path: Path, inputs: Stated | None = None, files: Mapping[str, Path] | None = None) -> LocatedSource:
    stated = {name: StatedInput(digest=digest_file(file)[0]) for name, file in (files or {}).items()}
    word = parse_word(str(path))
    assert word is not None
    located = word.kind.load_locate()(word)
    source = msgspec.structs.replace(located.source, inputs={**(inputs or {}), **stated})
    named = {name: str(file) for name, file in (files or {}).items()}
    located = msgspec.structs.replace(located, source=source, input_files=named)
    rows = word.kind.load_survey()(located)
    return msgspec.structs.replace(located, source=msgspec.structs.replace(source, workloads=rows))


def make_case(located: LocatedSource, backend: str = "eager", **changes: object) -> Case:
    (facts,) = located.source.workloads
    fields = {
        "workload": facts.name,
        "mode": "inference",
        "phase": None,
        "precision": facts.precisions[0],
        "memory_format": "contiguous",
        "backend": backend,
        "batch_size": facts.batch_size["inference"],
        "shape": {},
        "source": located.source.digest,
        "inputs": located.source.inputs,
    }
    return msgspec.convert(msgspec.to_builtins(fields | changes), Case)


def check(located: LocatedSource, backend: str) -> Mapping[str, str]:
    """Prove a case, and return its evidence."""
    (facts,) = located.source.workloads
    case = make_case(located, backend)
    workload = load_builder(facts, located)(case)
    proof = prove(workload, prepare(workload, case), case, located)
    assert proof.correctness.passed
    return proof.evidence


@pytest.mark.parametrize(
    ("name", "precision", "batch_size", "stated"),
    [
        ("fixed.pt2", "fp32", 1, {}),
        ("half.pt2", "bf16", 1, {}),
        ("lookup.pt2", "fp32", 3, {}),
        ("varied.pt2", "fp32", 1, {"samples": SAMPLES}),
        ("traced.ts", "fp32", 1, {"samples": SAMPLES, "scale": SCALE}),
    ],
)
def test_a_file_says_its_precision_and_its_batch_size(
    folder: Path, name: str, precision: str, batch_size: int, stated: Stated
) -> None:
    (facts,) = locate(folder / name, stated).source.workloads
    assert facts.precisions == (precision,)
    assert facts.batch_size == {"inference": batch_size}
    assert facts.fixed_batch_size
    assert facts.parameters > 0


@pytest.mark.parametrize("backend", ["eager", "torchscript", "inductor"])
@pytest.mark.parametrize("name", ["fixed.pt2", "lookup.pt2"])
def test_a_program_of_torch_export_runs_under_backends(folder: Path, name: str, backend: str) -> None:
    check(locate(folder / name), backend)


@pytest.mark.parametrize("backend", ["eager", "torchscript"])
def test_a_torchscript_program_runs_as_it_is_and_frozen(folder: Path, backend: str) -> None:
    check(locate(folder / "traced.ts", {"samples": SAMPLES, "scale": SCALE}), backend)


@pytest.mark.parametrize("name", ["fixed", "varied"])
@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_engines_read_an_onnx_file_and_are_compared_with_an_unoptimised_session(
    onnx_folder: Path, name: str, backend: str
) -> None:
    pytest.importorskip(backend)
    located = locate(onnx_folder / f"{name}.onnx", {"samples": SAMPLES} if name == "varied" else {})
    evidence = check(located, backend)
    assert evidence["expected_by"] == "onnxruntime, graph optimizations off"
    (facts,) = located.source.workloads
    assert facts.backends == ("onnxruntime", "openvino")


def test_a_wrong_engine_would_be_found_out(onnx_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.variants.backends.onnxruntime import OnnxRuntime

    located = locate(onnx_folder / "fixed.onnx")
    (facts,) = located.source.workloads
    case = make_case(located, "onnxruntime")
    workload = load_builder(facts, located)(case)
    prepared = prepare(workload, case)
    infer = OnnxRuntime._infer

    def infer_wrongly(engine: OnnxRuntime) -> None:
        infer(engine)
        engine._results[0].mul_(1.01)

    monkeypatch.setattr(OnnxRuntime, "_infer", infer_wrongly)
    assert not prove(workload, prepared, case, located).correctness.passed


@pytest.mark.parametrize(
    ("name", "stated", "message"),
    [
        ("varied.pt2", {}, r"gives input samples the shape \[.*, 16\]; state it: --input samples=Nx16:float32"),
        ("traced.ts", {}, "gives input samples no shape; state it: --input samples=SHAPE:DTYPE"),
        (
            "fixed.pt2",
            {"samples": StatedInput(shape=(6, 17), dtype="float32")},
            r"is stated as \[6, 17\], the file has \[6, 16\]",
        ),
        ("fixed.pt2", {"samples": StatedInput(dtype="int64")}, "is stated as int64, the file has torch.float32"),
    ],
)
def test_shapes_that_a_file_does_not_say_have_to_be_stated(
    folder: Path, name: str, stated: Stated, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        locate(folder / name, stated)


def test_a_file_of_values_gives_the_shape_and_the_data_type(folder: Path, tmp_path: Path) -> None:
    values = np.linspace(0, 1, 6 * 16).reshape(6, 16)
    np.save(tmp_path / "samples.npy", values)
    np.save(tmp_path / "scale.npy", np.full(4, 2.0))
    files = {name: tmp_path / f"{name}.npy" for name in ("samples", "scale")}
    located = locate(folder / "traced.ts", files=files)
    (facts,) = located.source.workloads
    workload = load_builder(facts, located)(make_case(located))
    assert torch.equal(workload.inputs["samples"], torch.from_numpy(values).float())


def test_a_pickled_module_is_refused_with_the_way_to_convert_it(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"is a pickle, which may run code: save it by torch.export.save"):
        locate(folder / "pickled.pt")


def rewrite(path: Path, change: Callable[[str, bytes], bytes], added: Mapping[str, bytes]) -> Path:
    """Write an archive again with its members changed, and some more."""
    changed = path.with_name("changed.pt2")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
        root = old.namelist()[0].partition("/")[0]
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, content in added.items():
            new.writestr(f"{root}/{name}", content)
    return changed


class Runs:
    """A pickle that runs code."""

    def __reduce__(self) -> tuple[object, ...]:
        return (print, ("it ran",))


def as_pickle(name: str, content: bytes) -> bytes:
    if not name.endswith("model_weights_config.json"):
        return content
    config = json.loads(content)
    next(iter(config["config"].values()))["use_pickle"] = True
    return json.dumps(config).encode()


@pytest.mark.parametrize(
    ("change", "added", "message"),
    [
        pytest.param(as_pickle, {}, "is stored as a pickle", id="weights as a pickle"),
        pytest.param(
            lambda _, content: content,
            {"data/constants/opaque_obj_0": pickle.dumps(Runs())},
            "'data/constants/opaque_obj_0', which may be",
            id="a pickled constant",
        ),
        pytest.param(
            lambda _, content: content,
            {"data/weights/model.pt": pickle.dumps(Runs())},
            "'data/weights/model.pt', which may be",
            id="weights of an old form",
        ),
        pytest.param(
            lambda _, content: content,
            {"data/aotinductor/model/model.so": b""},
            "which may be a pickle or compiled code",
            id="a compiled library",
        ),
    ],
)
def test_a_program_with_what_may_be_code_is_refused_and_nothing_runs(
    folder: Path,
    change: Callable[[str, bytes], bytes],
    added: Mapping[str, bytes],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(UsageError, match=message):
        locate(rewrite(folder / "fixed.pt2", change, added))
    assert "it ran" not in capsys.readouterr().out


@pytest.mark.parametrize("suffix", ["pt2", "ts", "onnx"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04N.", b"\x08\xff" * 100])
def test_what_is_no_model_is_refused_in_one_line(tmp_path: Path, suffix: str, content: bytes) -> None:
    if suffix == "onnx":
        pytest.importorskip("onnx")
    path = tmp_path / f"model.{suffix}"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        locate(path)
    assert "\n" not in str(caught.value)


def test_a_file_that_changes_after_it_was_hashed_is_refused(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.pt2"
    path.write_bytes((folder / "fixed.pt2").read_bytes())
    located = locate(path)
    path.write_bytes((folder / "lookup.pt2").read_bytes())
    (facts,) = located.source.workloads
    with pytest.raises(UsageError, match=r"model.pt2 was changed: it is sha256:"):
        load_builder(facts, located)(make_case(located))


def test_weights_in_another_file_are_refused(onnx_folder: Path, tmp_path: Path) -> None:
    import onnx

    model = onnx.load(onnx_folder / "fixed.onnx")
    onnx.save_model(model, tmp_path / "split.onnx", save_as_external_data=True, size_threshold=0)
    with pytest.raises(UsageError, match=r"is in another file; save one: onnx\.save_model"):
        locate(tmp_path / "split.onnx")


def test_a_quantized_onnx_file_is_refused(onnx_folder: Path, tmp_path: Path) -> None:
    import onnx

    model = onnx.load(onnx_folder / "fixed.onnx")
    weight = next(weight for weight in model.graph.initializer if len(weight.dims) == 2)
    weight.data_type = onnx.TensorProto.INT8
    onnx.save_model(model, tmp_path / "int8.onnx")
    with pytest.raises(UsageError, match="is int8; bench measures files in float32 or float16"):
        locate(tmp_path / "int8.onnx")


def make_onnx(path: Path, *nodes: "onnx.NodeProto", initializers: "Sequence[onnx.TensorProto]" = ()) -> Path:
    """Write a model from `x` to `y`, both of four numbers."""
    from onnx import helper, save_model

    x, y = (helper.make_tensor_value_info(name, helper.TensorProto.FLOAT, [4]) for name in "xy")
    graph = helper.make_graph(nodes, "graph", [x], [y], initializers)
    save_model(helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 20)]), path)
    return path


def test_an_onnx_file_that_quantizes_is_refused(tmp_path: Path) -> None:
    helper = pytest.importorskip("onnx.helper")
    nodes = (
        helper.make_node("QuantizeLinear", ["x", "scale"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "scale"], ["y"]),
    )
    scale = helper.make_tensor("scale", helper.TensorProto.FLOAT, [], [0.1])
    with pytest.raises(UsageError, match=r"quantizes.onnx is quantized \(it calls DequantizeLinear\)"):
        locate(make_onnx(tmp_path / "quantizes.onnx", *nodes, initializers=[scale]))


def test_constants_of_an_onnx_file_are_weights_and_none_is_read_from_elsewhere(tmp_path: Path) -> None:
    helper = pytest.importorskip("onnx.helper")
    weight = helper.make_tensor("w", helper.TensorProto.FLOAT, [4], [1.0, 2.0, 3.0, 4.0])
    constant = helper.make_node("Constant", [], ["c"], value=weight)
    add = helper.make_node("Add", ["x", "c"], ["y"])
    (facts,) = locate(make_onnx(tmp_path / "constant.onnx", constant, add)).source.workloads
    assert facts.parameters == 4
    elsewhere = constant.attribute[0].t
    elsewhere.ClearField("float_data")
    elsewhere.data_location = helper.TensorProto.EXTERNAL
    elsewhere.external_data.add(key="location", value="../weights.bin")
    with pytest.raises(UsageError, match=r"weight w is in another file"):
        locate(make_onnx(tmp_path / "elsewhere.onnx", constant, add))


def test_a_quantized_program_of_torch_export_is_refused(tmp_path: Path) -> None:
    weight = torch.ones(4, 4, dtype=torch.int8)

    class Quantized(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("weight", weight)

        def forward(self, samples: Tensor) -> Tensor:
            return samples @ (self.weight * 0.1).float()

    torch.export.save(torch.export.export(Quantized(), (torch.ones(2, 4),)), tmp_path / "int8.pt2")
    with pytest.raises(UsageError, match="holds float32, int8; bench measures files in one of"):
        locate(tmp_path / "int8.pt2")


def test_a_quantized_torchscript_program_is_refused(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(RoundTrip()), tmp_path / "int8.ts")  # type: ignore[no-untyped-call]
    with pytest.raises(UsageError, match=r"int8.ts is quantized \(it calls aten::dequantize\)"):
        locate(tmp_path / "int8.ts", {"samples": SAMPLES})
