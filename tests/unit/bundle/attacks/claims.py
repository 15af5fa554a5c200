"""Claims that other records contradict: evidence, packages, calibrations, dates, and what a case computes."""

import json
from collections.abc import Callable

from msgspec.structs import replace

from bench.bundle.calibration import digest_host
from bench.bundle.source import digest_source
from bench.records.bundle import Contents
from bench.records.calibration import Calibration
from bench.records.record import encode_json
from bench.records.summary import Interval
from tests.builders import CASE
from tests.unit.bundle.attacks.attack import Attack
from tests.unit.bundle.attacks.hosts import both
from tests.unit.bundle.attacks.records import Change, cell, every, info, proof, summarized
from tests.unit.bundle.builder import CELL_CALIBRATION, CONTENTS, seal_contents


def case(**fields: object) -> Change:
    return lambda contents: summarized(cell(case=replace(CASE, **fields))(contents))


def evidence(**texts: str) -> Change:
    return proof(evidence=texts)


def int8(**texts: str) -> Change:
    return both(case(precision="fx_int8", quant_engine="x86"), evidence(**texts))


def linear_only(**texts: str) -> Change:
    return both(case(precision="int8_weight_only"), evidence(**texts))


EVIDENCE: list[tuple[str, Change, str]] = [
    ("an fp32 cell called int8", int8(parameter_dtypes="float32:161", result_dtypes="float32:158"), "its weights are float32; fx_int8 holds some in int8"),
    ("int8 without an int8 operation", int8(parameter_dtypes="qint8:54", int8_operations="0 of 54"), "0 of 54 eligible operations are int8"),
    ("int8 operations in fp32", evidence(int8_operations="54 of 54"), "has int8 operations, its case computes in fp32"),
    ("quantized layers in fp32", evidence(quantized_layers="8 of 8"), "has quantized layers, its case computes in fp32"),
    ("int8 weights of 16 bits", linear_only(parameter_dtypes="bfloat16:8"), "its weights are bfloat16; int8_weight_only holds some in int8"),
    ("int8 weights without a layer", linear_only(quantized_layers="0 of 8"), "0 of 8 linear layers are quantized"),
    ("more quantized layers than there are", linear_only(quantized_layers="9 of 8"), "9 of 8 linear layers are quantized, which is more than there are"),
    ("weights folded back", linear_only(weight_bytes_before="100", weight_bytes_after="200"), "take 200 bytes, and took 100 before, so int8_weight_only took no effect"),
    ("int8 operations of weights only", linear_only(int8_operations="8 of 8"), "has int8 operations, its case computes in int8_weight_only"),
    ("a replaced operator in eager", evidence(zentorch_operators="3"), "has zentorch_operators, which eager does not report"),
    ("zentorch without its operators", both(case(backend="zentorch"), evidence(zentorch_operators="0")), "has zentorch_operators '0', which zentorch does not report"),
    ("a bf16 model called fp32", evidence(parameter_dtypes="bfloat16:161"), "its weights are bfloat16; fp32 holds float32"),
    ("bf16 results called fp32", evidence(parameter_dtypes="float32:161", result_dtypes="bfloat16:3 float32:155"), "its results are bfloat16 float32; fp32 computes in float32"),
    ("autocast without a cast", both(case(precision="amp_bf16"), evidence(parameter_dtypes="float32:161", result_dtypes="float32:158")), "its results are float32; amp_bf16 computes in bfloat16"),
    ("a compiled cell called eager", evidence(compiled_graphs="1", frames_compiled="1/1"), "its evidence has compiled_graphs, which eager does not report"),
    ("Inductor without a compiled graph", both(case(backend="inductor"), evidence(compiled_graphs="0")), "has compiled_graphs '0', which inductor does not report where it runs"),
    ("freezing without a frozen weight", both(case(backend="inductor_freezing"), evidence(compiled_graphs="1", frozen_weights="0")), "has frozen_weights '0', which inductor_freezing does not report where it runs"),
    ("Inductor called a package", both(case(backend="aot_inductor"), evidence(compiled_graphs="1", frames_compiled="1/1")), "has frames_compiled, which aot_inductor does not report"),
    ("nodes on another device", both(case(backend="onnxruntime"), evidence(providers="CPUExecutionProvider:3 CUDAExecutionProvider:50")), "which onnxruntime does not report where it runs the model on the CPU"),
    ("a model on another device", both(case(backend="openvino"), evidence(devices="GPU")), "has devices 'GPU', which openvino does not report where it runs the model on the CPU"),
    ("results of another memory format", evidence(channels_last_results="53/106"), "53/106 results are channels_last"),
]  # fmt: skip


def sbom(change: Callable[[list[dict[str, object]]], object]) -> Change:
    """Change the components of the bill of materials."""

    def apply(contents: Contents) -> Contents:
        document = json.loads(contents.sbom)
        change(document["components"])
        return replace(contents, sbom=encode_json(document))

    return apply


SBOMS: list[tuple[str, Change, str]] = [
    ("a package that the bill of materials leaves out", sbom(lambda listed: listed.pop()), "sbom.cdx.json has package 'torch' as absent"),
    ("a package that is not installed", sbom(lambda listed: listed.append({"name": "evil", "purl": "pkg:pypi/evil@1", "version": "1"})), "package 'evil' as '1' without a digest, environment.json as absent"),
    ("a package of another version", sbom(lambda listed: listed[1].update(version="2.13.0")), "package 'torch' as '2.13.0' without a digest, environment.json as '2.14.1'"),
    ("a package of another digest", sbom(lambda listed: listed[0].update(properties=[])), "package 'numpy' as '2.3.0' without a digest"),
    ("a package twice", sbom(lambda listed: listed.append(listed[0])), "has package 'numpy', or its digest, twice"),
    ("a bill of materials of nothing", lambda contents: replace(contents, sbom=encode_json({"bomFormat": "CycloneDX"})), "sbom.cdx.json has package 'numpy' as absent"),
    ("components that are none", lambda contents: replace(contents, sbom=encode_json({"components": 3})), "sbom.cdx.json: Expected `array`"),
]  # fmt: skip


def calibrated(*, on_cell: dict[str, object] | None = None, **fields: object) -> Change:
    calibration = Calibration(
        host_digest=digest_host(CONTENTS.machine),
        measured_at="2026-01-02T03:04:05Z",
        runs=("20260102T030405Z-00000001", "20260102T030405Z-00000002"),
        run_scatter_ratio=0.004,
        degrees_of_freedom=1.0,
        cells=(replace(CELL_CALIBRATION, **(on_cell or {})),),
    )
    return lambda contents: replace(contents, calibration=replace(calibration, **fields))


CALIBRATIONS: list[tuple[str, Change, str]] = [
    ("a calibration newer than its run", calibrated(measured_at="2026-01-02T03:04:06Z"), "measured until 2026-01-02T03:04:06Z, after the run began at 2026-01-02T03:04:05Z"),
    ("a calibration at no time", calibrated(measured_at="tomorrow"), "is not a time"),
    ("a calibration made from its own run", calibrated(runs=("20260102T030405Z-00000001", CONTENTS.info.run_id)), "was made from this run"),
    ("a calibration from one run twice", calibrated(runs=("20260102T030405Z-00000001",) * 2), "a run is named twice"),
    ("runs that scatter by ten", calibrated(run_scatter_ratio=10.0), "runs scatter by 10; at most 1 is plausible"),
    ("repetitions that scatter by ten", calibrated(on_cell={"repetition_scatter_ratio": 10.0}), "cell 0: repetitions scatter by 10"),
    ("more false alarms than comparisons", calibrated(on_cell={"false_alarms": 501}), "501 false alarms of 500 are called a share of 0.004"),
    ("a share outside of its interval", calibrated(on_cell={"false_alarm_ratio": Interval(point=0.004, low=0.1, high=0.2)}), "a share of 0.004 is put between 0.1 and 0.2"),
]  # fmt: skip


def of_this_bench(contents: Contents) -> Contents:
    return replace(contents, environment=replace(contents.environment, source_digest=digest_source()))


SMOKE = both(of_this_bench, case(batch_size=2), every(lambda result: replace(result, items_per_iteration=2)))
"""Of a case that the table of this bench holds."""

FACTS: list[tuple[str, Change, str]] = [
    ("weights that this bench does not make", SMOKE, "this bench's case has sha256:"),
    ("a run from the future", info(finished_at="2999-01-02T03:05:05Z"), "the run finished at 2999-01-02T03:05:05Z, which is in the future"),
]  # fmt: skip


ATTACKS = [
    Attack(name=name, data=seal_contents(change(CONTENTS)), words=words)
    for name, change, words in EVIDENCE + SBOMS + CALIBRATIONS + FACTS
]
