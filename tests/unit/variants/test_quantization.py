"""Small models in int8, and the evidence of it."""

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn

from bench.interface.workload import Workload
from bench.measure.accuracy import compare
from bench.records.case import QUANT_ENGINES, Case
from bench.variants.errors import NoEffectError
from bench.variants.observation import Observation
from bench.variants.prepare import prepare
from bench.variants.quantization.engine import effective_engine
from bench.variants.quantization.fx import quantize_by_fx
from bench.variants.quantization.pt2e import quantize_by_export
from bench.variants.quantization.quantize import quantize
from bench.variants.quantization.share import Share, count_operations
from bench.workloads.inputs import uniform_tensor
from bench.workloads.weights import fill_weights

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:Currently, qnnpack incorrectly ignores reduce_range"),
    pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor, torch.quantize_per_channel"),
]

MakeCase = Callable[..., Case]
Build = Callable[[Case], Workload]

ENGINES = [engine for engine in QUANT_ENGINES if engine in torch.backends.quantized.supported_engines]
IMAGES = (2, 3, 12, 12)


class Attention(nn.Module):
    """Linear layers that torch.fx cannot trace past, and a product of two activations."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(16)
        self.query, self.out = nn.Linear(16, 16), nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        if x.sum() > 1e9:
            return x
        query = self.query(self.norm(x))
        output: Tensor = self.out((query @ x.transpose(1, 2)) @ x)
        return output


class Patches(nn.Module):
    """A convolution whose neighbour asks for its attributes, and layers with a norm of channels after it."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, 16, 4, stride=4)
        self.attention = Attention()

    def forward(self, x: Tensor) -> Tensor:
        patches = self.embed(x.to(self.embed.weight.dtype)).flatten(2).transpose(1, 2)
        output: Tensor = self.attention(patches)
        return output


class Read(nn.Module):
    """A linear layer that is called, and one whose weight is read, as in Swin's attention."""

    def __init__(self) -> None:
        super().__init__()
        self.called, self.read = nn.Linear(16, 16), nn.Linear(16, 16)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.linear(self.called(x), self.read.weight, self.read.bias)


class Clamped(nn.Module):
    """ReLU6 between convolutions, as MobileNet has it."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU6(inplace=True), nn.Conv2d(8, 4, 3))

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.layers(x)
        return output


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, make_case: MakeCase) -> Iterator[str]:
    with effective_engine(make_case(precision="fx_int8", quant_engine=request.param)):
        yield request.param


def int8_of(model: nn.Module, inputs: Tensor, engine: str) -> tuple[nn.Module, Tensor]:
    """The int8 model, and what the model put out before."""
    fill_weights(model.eval())
    with torch.no_grad():
        expected = model(inputs).clone()
        return quantize_by_fx(model, engine, lambda observed: observed(inputs)), expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("model", "shape", "share"),
    [
        (Clamped, IMAGES, Share(int8=2, eligible=2)),
        (Patches, (2, 3, 16, 16), Share(int8=3, eligible=3)),
        (Attention, (2, 5, 16), Share(int8=2, eligible=2)),
        (Read, (2, 5, 16), Share(int8=1, eligible=2)),
    ],
    ids=["convolutions in one graph", "a convolution alone", "linear layers only", "weights that are read"],
)
def test_called_products_by_weights_become_int8_and_stay_accurate(
    model: Callable[[], nn.Module], shape: tuple[int, ...], share: Share, engine: str
) -> None:
    inputs = uniform_tensor("x", shape)
    int8, expected = int8_of(model(), inputs, engine)
    with torch.inference_mode():
        assert count_operations(lambda: int8(inputs)).share == share
        output = int8(inputs)
    assert compare([output], [expected], precision="fx_int8", family="cnn", mode="inference").passed
    assert not torch.equal(output, expected)


def test_attention_of_torch_stays_floating_and_is_counted(make_case: MakeCase) -> None:
    layer = nn.TransformerEncoderLayer(16, 2, dim_feedforward=32, dropout=0.0, batch_first=True)
    inputs = uniform_tensor("x", (2, 5, 16))
    with effective_engine(make_case(precision="fx_int8", quant_engine=ENGINES[0])):
        attention = layer.self_attn.eval()
        with torch.inference_mode():
            operations = count_operations(lambda: attention(inputs, inputs, inputs, need_weights=False))
    assert operations.share == Share(int8=0, eligible=2)


@pytest.mark.parametrize("grad", [True, False], ids=["decomposed", "whole"])
def test_floating_operations_are_eligible_whichever_way_torch_dispatches_them(grad: bool) -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4, 2), nn.Linear(2, 2, bias=False))
    with torch.inference_mode(mode=not grad):
        assert count_operations(lambda: model(torch.ones(1, 3, 3, 3))).share == Share(int8=0, eligible=3)


def test_no_int8_operation_is_no_effect() -> None:
    with pytest.raises(NoEffectError, match="fx_int8 took no effect: 0 of 54 eligible operations are int8"):
        Share(int8=0, eligible=54).evidence("fx_int8")
    assert Share(int8=53, eligible=54).evidence("fx_int8") == {"int8_operations": "53 of 54"}


@pytest.mark.parametrize("memory_format", ["contiguous", "channels_last"])
def test_a_case_in_fx_int8_shows_that_it_took_effect(memory_format: str, make_case: MakeCase, build: Build) -> None:
    case = make_case(precision="fx_int8", quant_engine=ENGINES[0], memory_format=memory_format)
    evidence = prepare(build(case), case).evidence()
    assert evidence["int8_operations"] == "3 of 3"
    assert evidence["parameter_dtypes"] == "qint8:3"
    assert "quint8" in evidence["result_dtypes"]


def test_a_quantization_that_does_nothing_is_caught(
    make_case: MakeCase, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.variants.quantization.fx.quantize_by_fx", lambda model, *_: model)
    case = make_case(precision="fx_int8", quant_engine=ENGINES[0])
    with pytest.raises(NoEffectError, match="0 of 3 eligible operations are int8"):
        prepare(build(case), case).evidence()


def test_the_engine_is_put_back(make_case: MakeCase) -> None:
    before = torch.backends.quantized.engine
    for engine in ENGINES:
        with effective_engine(make_case(precision="fx_int8", quant_engine=engine)):
            assert torch.backends.quantized.engine == engine
    assert torch.backends.quantized.engine == before


def test_an_engine_that_torch_lacks_is_reported(make_case: MakeCase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.variants.quantization.engine.offered_engines", lambda: ["qnnpack"])
    with (
        pytest.raises(NoEffectError, match="engine fbgemm is not in this torch, which has qnnpack"),
        effective_engine(make_case(precision="fx_int8", quant_engine="fbgemm")),
    ):
        pass


def test_other_precisions_are_not_quantized(make_case: MakeCase, build: Build) -> None:
    case = make_case()
    assert quantize(build(case), case, {}) is None


def test_an_exported_graph_shows_how_much_of_it_is_int8(make_case: MakeCase, build: Build) -> None:
    case = make_case(precision="pt2e_int8", backend="inductor_freezing")
    workload = build(case)
    quantized = quantize(workload, case, workload.inputs)
    assert quantized is not None
    with pytest.raises(NoEffectError, match="0 of 3 eligible operations are int8"):
        quantized.evidence(lambda: None, Observation())  # Inductor has lowered nothing


def test_a_model_that_export_refuses_has_its_message() -> None:
    with pytest.raises(NoEffectError, match=r"torch\.export refuses the model: "):
        quantize_by_export(Attention(), ((uniform_tensor("x", (2, 5, 16)),), {}))


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_compiler")
def test_inductor_makes_int8_kernels_of_an_exported_graph(make_case: MakeCase, build: Build) -> None:
    case = make_case(precision="pt2e_int8", backend="inductor_freezing")
    reference = make_case()
    prepared = prepare(build(case), case)
    with prepared.context():
        prepared.call()
    evidence = prepared.evidence()
    assert evidence["int8_operations"] == "3 of 3"
    assert evidence["int8_kernels"] == "3 of 3"
    assert "int8:3" in evidence["parameter_dtypes"]
    expected = prepare(build(reference), reference).expected()
    assert compare(prepared.outputs(), expected, precision="pt2e_int8", family="cnn", mode="inference").passed


@pytest.mark.parametrize(
    "damage", ["bias", "layer", "scale"], ids=["a bias is lost", "a layer is another", "a layer is twice as large"]
)
def test_limits_of_int8_catch_a_damaged_model(damage: str, make_case: MakeCase, build: Build) -> None:
    case, reference = make_case(precision="fx_int8", quant_engine=ENGINES[0]), make_case()
    workload, expected_of = build(case), build(reference)
    for built in (workload, expected_of):
        fill_weights(built.model, constants={"linear.bias": 0.5})  # as norms have it in the suite's own models
    linear = workload.model.get_submodule("linear")
    assert isinstance(linear, nn.Linear)
    with torch.no_grad():
        if damage == "bias":
            assert linear.bias is not None
            linear.bias.zero_()
        elif damage == "layer":
            linear.weight.copy_(linear.weight.flip(0))
        else:
            linear.weight.mul_(2)
    expected = prepare(expected_of, reference).expected()
    outputs = prepare(workload, case).outputs()
    assert not compare(outputs, expected, precision="fx_int8", family="cnn", mode="inference").passed
