"""A page shows what the bundle holds, loads nothing, is the same for the same bundles, and takes no text for markup."""

import base64
import hashlib
import re
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from bench.bundle.origin import hardware_origins
from bench.cli.pages import make_page
from bench.cli.results import compare_sides
from bench.records.bundle import Contents
from bench.records.measurement import OPERATORS_MAX, OperatorProfile, OperatorTime
from bench.report.html.page import render_page
from bench.report.html.run import make_page_run
from bench.report.units import scale_quantity
from bench.verification.verification import Verification
from bench.verification.verify import TRUST_NOBODY, verify_bundle
from tests.unit.cli.test_hostile_text import BUILTINS, IN_RECORDS, Place, replace_text
from tests.unit.compare.qualification.units import make_contents
from tests.unit.report.html.page_reader import Page
from tests.unit.report.test_decode import decoding

REPO = Path(__file__).parents[4]
KEPT = REPO / "tests/data/bundles/2"
REFERENCE = REPO / "results/reference/20261129T173631Z-02ada243.bench.tar"
MARKUP = """<script>alert({0})</script>"'><img src="https://example.org/{0}" onerror="alert({0})">&amp;{0}"""
PLAIN = "text {0}"


def render(contents: Contents) -> str:
    verification = Verification(
        contents=contents, content_digest="sha256:" + "0" * 64, signers=(), origins=hardware_origins(contents.machine)
    )
    return render_page([make_page_run(verification, compare_sides(contents))])


@pytest.fixture(scope="module")
def reference() -> str:
    return make_page([REFERENCE], TRUST_NOBODY, None)


def test_each_number_of_the_summary_is_on_the_page(reference: str) -> None:
    text = Page(reference).text
    contents = verify_bundle(REFERENCE).contents
    for cell in contents.summary.cells:
        assert scale_quantity(cell.latency_s.point, "s") in text
        assert scale_quantity(cell.peak_memory_bytes, "bytes") in text
    assert contents.info.run_id in text
    assert "made in memory for this run" in text


def test_a_run_that_generates_tokens_has_the_decode_table_on_its_page() -> None:
    text = Page(render(decoding(4096, 128))).text
    assert "Decode by depth" in text
    assert text.index("llama_1b 128 fp32") < text.index("llama_1b 4096 fp32")


def test_the_page_loads_nothing(reference: str) -> None:
    page = Page(reference)
    assert {element.tag for element in page.elements}.isdisjoint({"img", "link", "iframe", "object", "form", "base"})
    for element in page.elements:
        assert element.attributes.get("href", "#").startswith("#")
        assert not {"src", "srcset", "style", "xlink:href"} & element.attributes.keys()
        assert not [name for name in element.attributes if name.startswith("on")]
    assert "url(" not in reference
    assert "@import" not in reference


def test_the_policy_lets_in_the_pages_own_style_and_script_alone(reference: str) -> None:
    policy = next(
        element.attributes["content"] for element in Page(reference).find("meta") if "http-equiv" in element.attributes
    )
    hashes = []
    for tag in ("style", "script"):
        found = re.findall(rf"<{tag}>(.*?)</{tag}>", reference, re.DOTALL)
        assert len(found) == 1
        hashes.append(f"'sha256-{base64.b64encode(hashlib.sha256(found[0].encode()).digest()).decode()}'")
    assert policy == (
        f"default-src 'none'; style-src {hashes[0]}; script-src {hashes[1]}; base-uri 'none'; form-action 'none'"
    )


def test_the_same_bundle_gives_the_same_bytes_wherever_it_lies(reference: str, tmp_path: Path) -> None:
    path = tmp_path / "renamed.bench.tar"
    path.write_bytes(REFERENCE.read_bytes())
    assert make_page([path], TRUST_NOBODY, None) == reference


def test_ids_are_unique_and_links_lead_to_them(reference: str) -> None:
    for text in (
        reference,
        make_page([KEPT / "calibrated.bench.tar", KEPT / "reproduction.bench.tar"], TRUST_NOBODY, None),
    ):
        page = Page(text)
        ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
        assert len(ids) == len(set(ids))
        targets = {element.attributes["href"][1:] for element in page.find("a")}
        targets |= {
            element.attributes["aria-labelledby"]
            for element in page.elements
            if "aria-labelledby" in element.attributes
        }
        assert targets <= set(ids)


def test_each_sample_has_its_dot(reference: str) -> None:
    contents = verify_bundle(REFERENCE).contents
    labels = [
        element.attributes["aria-label"]
        for element in Page(reference).find("svg")
        if "aria-label" in element.attributes
    ]
    for measurement in contents.measurements:
        samples = sum(len(worker.samples) for repetition in measurement.repetitions for worker in repetition.instances)
        assert any(label.startswith(f"{samples} samples and ") for label in labels)


def test_each_card_has_the_operators_of_its_call() -> None:
    page = Page(render(make_contents()))
    assert page.text.count("One call under torch's profiler, 10.0 ms: 90% aten::mm") == 2
    assert page.text.count("aten::mm 9.00 90.0 53 aten::add_ 0.5 5.0 16 outside of operators 0.5 5.0") == 2
    assert "torch's profiler" not in Page(make_page([KEPT / "pair.bench.tar"], TRUST_NOBODY, None)).text


def test_a_large_run_stays_below_two_megabytes() -> None:
    """300 cells, each with 10 repetitions of 8 instances and 60 samples: 1.4 million samples, and 30 operators."""
    contents = make_contents()
    cell, measurement = contents.plan.cells[0], contents.measurements[0]
    instance = measurement.repetitions[0].instances[0]
    assert instance.proof is not None
    listed = tuple(
        OperatorTime(name=f"aten::mkldnn_operator_{at}", calls=9, own_ns=99_000) for at in range(OPERATORS_MAX)
    )
    profile = OperatorProfile(elapsed_ns=10_000_000, own_ns=9_000_000, operators=listed)
    many = replace(instance, samples=instance.samples * 10, proof=replace(instance.proof, operators=profile))
    repetitions = tuple(replace(measurement.repetitions[0], index=index, instances=(many,) * 8) for index in range(10))
    names = [f"{index:04d}-resnet50-fp32-latency" for index in range(300)]
    large = replace(
        contents,
        plan=replace(
            contents.plan,
            cells=tuple(
                replace(cell, id=name, case=replace(cell.case, batch_size=at + 1)) for at, name in enumerate(names)
            ),
        ),
        measurements=tuple(replace(measurement, cell=name, repetitions=repetitions) for name in names),
        summary=replace(contents.summary, cells=tuple(replace(contents.summary.cells[0], cell=name) for name in names)),
    )
    assert len(render(large).encode()) < 2_000_000


def test_failures_and_refusals_are_listed_with_their_reasons() -> None:
    text = Page(make_page([KEPT / "failures.bench.tar"], TRUST_NOBODY, None)).text
    assert "Failed and refused" in text
    assert "no number" in text
    assert "refused" in text


def test_an_ab_run_shows_the_verdict_on_its_sides() -> None:
    text = Page(make_page([KEPT / "pair.bench.tar"], TRUST_NOBODY, None)).text
    assert "Two sides, interleaved on one host" in text
    assert "Verdict on each cell" in text


def test_several_bundles_stand_side_by_side_with_verdicts() -> None:
    text = Page(make_page([KEPT / "calibrated.bench.tar", KEPT / "reproduction.bench.tar"], TRUST_NOBODY, None)).text
    assert "2 runs side by side" in text
    assert "Verdict on each cell" in text
    assert "repeats run" in text
    assert "Machines and software" in text


def replace_all(pattern: str) -> Contents:
    """Return a run in which every text that the schema leaves free is another one."""
    builtins = BUILTINS
    # Names of keys last: they are places of the texts below them.
    for number, place in sorted(enumerate(IN_RECORDS), key=lambda numbered: numbered[1][-1] == "key"):
        builtins = replace_text(builtins, place, pattern.format(number))
    return msgspec.convert(builtins, Contents)


def test_no_text_of_a_bundle_is_markup() -> None:
    hostile, plain = Page(render(replace_all(MARKUP))), Page(render(replace_all(PLAIN)))
    assert [element.tag for element in hostile.elements] == [element.tag for element in plain.elements]
    assert [sorted(element.attributes) for element in hostile.elements] == [
        sorted(element.attributes) for element in plain.elements
    ]
    assert hostile.text.count("<script>alert(") >= 5


@pytest.mark.parametrize("place", IN_RECORDS, ids=".".join)
def test_no_single_text_of_a_bundle_is_markup(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pictures, which take most of the time: they have a test of their own."""
    for name in ("draw_latency", "draw_timeline"):
        monkeypatch.setattr(f"bench.report.html.page.{name}", lambda _run: None)
    monkeypatch.setattr("bench.report.html.page.draw_rooflines", lambda _run: ())
    hostile, plain = (
        Page(render(msgspec.convert(replace_text(BUILTINS, place, pattern.format(7)), Contents)))
        for pattern in (MARKUP, PLAIN)
    )
    assert [element.tag for element in hostile.elements] == [element.tag for element in plain.elements]


def test_what_does_not_show_is_spelled_out() -> None:
    contents = make_contents()
    page = render(replace(contents, info=replace(contents.info, note="safe\u202etxt.exe")))
    assert "\u202e" not in page
    assert r"safe\u202etxt.exe" in page
