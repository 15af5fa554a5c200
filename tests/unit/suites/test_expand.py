import msgspec
import pytest

from bench.errors import UsageError
from bench.records.case import Case, MemoryFormat, case_name
from bench.records.machine import Architecture
from bench.records.reason import Reason
from bench.records.suite import CaseFilter, CaseTable, Suite
from bench.suites.expand import expand_suite
from tests.builders import FACTS, POLICY

LLM = msgspec.structs.replace(
    FACTS,
    name="gpt2",
    family="llm",
    phases=("prefill", "decode"),
    batch_size={"inference": 1},
    shape={"tokens": 8},
    smoke_shape={"tokens": 2},
)
NO_SUCH_THING = Reason(code="no_such_thing")
WORKLOADS = {"resnet50": FACTS, "gpt2": LLM}


def make_suite(*tables: CaseTable) -> Suite:
    return Suite(name="mine", summary="a test", layouts=("latency",), policy=POLICY, cases=tables)


def names(
    suite: Suite,
    wanted: CaseFilter = CaseFilter(),  # noqa: B008 - a frozen record
    architecture: Architecture = "x86_64",
) -> list[str]:
    cases, _ = expand_suite(suite, wanted, workloads=WORKLOADS, architecture=architecture, why_not=lambda _: None)
    return [case_name(case) for case in cases]


def test_a_table_is_the_product_of_its_lists_in_order() -> None:
    table = CaseTable(workload=("resnet50",), precision=("fp32", "amp_bf16"), batch_size=(1, 8))
    assert names(make_suite(table)) == [
        "resnet50/inference/fp32/channels_last/eager/bs1/image_size=224",
        "resnet50/inference/fp32/channels_last/eager/bs8/image_size=224",
        "resnet50/inference/amp_bf16/channels_last/eager/bs1/image_size=224",
        "resnet50/inference/amp_bf16/channels_last/eager/bs8/image_size=224",
    ]


def test_a_language_model_gets_a_case_for_each_phase() -> None:
    assert names(make_suite(CaseTable(workload=("gpt2",)))) == [
        "gpt2.prefill/inference/fp32/channels_last/eager/bs1/tokens=8",
        "gpt2.decode/inference/fp32/channels_last/eager/bs1/tokens=8",
    ]


def test_a_case_that_two_tables_name_runs_once() -> None:
    table = CaseTable(workload=("resnet50",))
    assert len(names(make_suite(table, table))) == 1


def test_globs_and_the_workloads_own_batch_sizes() -> None:
    suite = make_suite(CaseTable(workload=("res*",), mode=("inference", "training")))
    assert [name.split("/")[5] for name in names(suite)] == ["bs32", "bs16"]


def test_shape_touches_only_workloads_that_have_the_dimension() -> None:
    suite = make_suite(CaseTable(workload=("*",), shape={"image_size": 64}))
    assert [name.split("/")[6] for name in names(suite)] == ["image_size=64", "tokens=8", "tokens=8"]


def test_the_users_shape_takes_the_place_of_the_suites() -> None:
    suite = make_suite(CaseTable(workload=("gpt2", "resnet50"), shape={"tokens": 4}))
    shapes = [name.split("/")[6] for name in names(suite, CaseFilter(shape={"tokens": 6}))]
    assert shapes == ["tokens=6", "tokens=6", "image_size=224"]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (CaseFilter(workload=("gpt*",)), 4),
        (CaseFilter(family=("cnn",)), 2),
        (CaseFilter(precision=("fp32",)), 3),
        (CaseFilter(workload=("resnet50",), precision=("fp32",), batch_size=(1, 2, 4)), 3),
    ],
    ids=["workload", "family", "precision", "batch sizes take the suite's place"],
)
def test_filters_cut(wanted: CaseFilter, count: int) -> None:
    suite = make_suite(CaseTable(workload=("*",), precision=("fp32", "amp_bf16")))
    assert len(names(suite, wanted)) == count


def test_named_workloads_are_run_as_the_options_say() -> None:
    suite = make_suite(CaseTable(workload=("*",)))
    wanted = CaseFilter(workload=("resnet50",), mode=("training",), precision=("bf16",), backend=("inductor",))
    assert names(suite, wanted) == ["resnet50/training/bf16/channels_last/inductor/bs16/image_size=224"]


def test_without_a_named_workload_options_cut_the_suite() -> None:
    suite = make_suite(CaseTable(workload=("resnet50",)), CaseTable(workload=("gpt2",), backend=("inductor",)))
    assert [name.split("/")[0] for name in names(suite, CaseFilter(backend=("inductor",)))] == [
        "gpt2.prefill",
        "gpt2.decode",
    ]


@pytest.mark.parametrize(
    ("table", "wanted", "formats"),
    [
        (None, (), ["channels_last"]),
        (None, ("contiguous", "channels_last"), ["contiguous", "channels_last"]),
        (("contiguous", "channels_last"), (), ["contiguous", "channels_last"]),
        (("contiguous", "channels_last"), ("contiguous",), ["contiguous"]),
        (("contiguous",), ("channels_last",), []),
    ],
    ids=["the preferred one", "the user's, where the table has none", "the table's", "the table's, cut", "none left"],
)
def test_the_memory_formats_of_a_case(
    table: tuple[MemoryFormat, ...] | None, wanted: tuple[MemoryFormat, ...], formats: list[str]
) -> None:
    suite = make_suite(CaseTable(workload=("resnet50",), memory_format=table), CaseTable(workload=("gpt2",)))
    found = names(suite, CaseFilter(memory_format=wanted))
    assert [name.split("/")[3] for name in found if name.startswith("resnet50")] == formats


def test_a_case_that_does_not_support_the_preferred_format_takes_the_next() -> None:
    def why_not(case: Case) -> Reason | None:
        return "lays out by itself" if case.memory_format == "channels_last" else None

    suite = make_suite(CaseTable(workload=("resnet50",), backend=("onnxruntime",)))
    cases, refused = expand_suite(suite, CaseFilter(), workloads=WORKLOADS, architecture="x86_64", why_not=why_not)
    assert [case.memory_format for case in cases] == ["contiguous"]
    assert refused == ()


def test_an_unsupported_case_is_refused_with_its_reason() -> None:
    def why_not(case: Case) -> Reason | None:
        return NO_SUCH_THING if case.precision == "amp_bf16" else None

    suite = make_suite(CaseTable(workload=("resnet50",), precision=("fp32", "amp_bf16")))
    cases, refused = expand_suite(suite, CaseFilter(), workloads=WORKLOADS, architecture="x86_64", why_not=why_not)
    assert [case.precision for case in cases] == ["fp32"]
    assert [(refusal.case.precision, refusal.reason) for refusal in refused] == [("amp_bf16", NO_SUCH_THING)]


def test_a_glob_of_backends_takes_those_that_match_in_their_order() -> None:
    suite = make_suite(CaseTable(workload=("resnet50",), backend=("inductor*", "eager")))
    taken = [name.split("/")[4] for name in names(suite)]
    assert taken == ["inductor", "inductor_freezing", "inductor_max_autotune", "eager"]


def test_an_unknown_backend_in_a_suite_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no backend matches 'tensorrt'; there are aot_inductor, eager"):
        names(make_suite(CaseTable(workload=("resnet50",), backend=("tensorrt",))))


def test_an_unknown_backend_option_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no backend 'tensorrt'; .*known are eager"):
        names(make_suite(CaseTable(workload=("*",))), CaseFilter(backend=("tensorrt",)))


def test_an_unknown_workload_lists_the_known_ones() -> None:
    with pytest.raises(
        UsageError, match=r"no workload matches 'resnet51'; did you mean resnet50\? there are gpt2, resnet50"
    ):
        names(make_suite(CaseTable(workload=("*",))), CaseFilter(workload=("resnet51",)))


def test_filters_that_leave_nothing_say_so() -> None:
    with pytest.raises(UsageError, match="nothing of suite 'mine' is left after the filters"):
        names(make_suite(CaseTable(workload=("*",))), CaseFilter(mode=("training",)))


def test_int4_takes_the_group_sizes_of_the_filter_else_of_the_table_else_128() -> None:
    table = CaseTable(workload=("gpt2",), phase=("decode",), precision=("int4_weight_only", "int8_weight_only"))
    sized = msgspec.structs.replace(table, group_size=(32, 64))

    def sizes(table: CaseTable, wanted: CaseFilter = CaseFilter()) -> list[str]:  # noqa: B008 - a constant
        return [name.split("/")[2] for name in names(make_suite(table), wanted)]

    assert sizes(table) == ["int4_weight_only:g128", "int8_weight_only"]
    assert sizes(sized) == ["int4_weight_only:g32", "int4_weight_only:g64", "int8_weight_only"]
    assert sizes(sized, CaseFilter(group_size=(128,))) == ["int4_weight_only:g128", "int8_weight_only"]


@pytest.mark.parametrize(("architecture", "engine"), [("x86_64", "x86"), ("aarch64", "onednn")])
def test_fx_int8_takes_the_engine_of_the_architecture(architecture: Architecture, engine: str) -> None:
    table = CaseTable(workload=("resnet50",), precision=("fp32", "fx_int8"))
    assert names(make_suite(table), architecture=architecture) == [
        "resnet50/inference/fp32/channels_last/eager/bs32/image_size=224",
        f"resnet50/inference/fx_int8:{engine}/channels_last/eager/bs32/image_size=224",
    ]


def test_engines_that_the_user_names_take_the_place_of_the_suites() -> None:
    table = CaseTable(workload=("resnet50",), precision=("fx_int8",), quant_engine=("x86",))
    assert [
        name.split("/")[2] for name in names(make_suite(table), CaseFilter(quant_engine=("onednn", "qnnpack")))
    ] == [
        "fx_int8:onednn",
        "fx_int8:qnnpack",
    ]


def test_a_table_of_smoke_size_begins_with_the_workloads_smallest_shape() -> None:
    table = CaseTable(workload=("*",), size="smoke", shape={"tokens": 4})
    assert [name.split("/")[-1] for name in names(make_suite(table))] == ["image_size=64", "tokens=4", "tokens=4"]


def test_a_table_of_valid_cases_leaves_unsupported_ones_out() -> None:
    def why_not(case: Case) -> Reason | None:
        return "no" if case.precision == "amp_bf16" else None

    table = CaseTable(workload=("resnet50",), precision=("fp32", "amp_bf16"), valid_only=True)
    cases, refused = expand_suite(
        make_suite(table), CaseFilter(), workloads=WORKLOADS, architecture="x86_64", why_not=why_not
    )
    assert [case.precision for case in cases] == ["fp32"]
    assert refused == ()
