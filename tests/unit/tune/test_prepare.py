"""Which of the suggested knobs are tried, and what no stage can follow."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.errors import UsageError
from bench.records.source import Source
from bench.records.tuning import Knob
from bench.tune.prepare import Laid, _choose_suggested, continue_after
from bench.tune.sampler import SamplerMissingError
from bench.tune.space import Space
from bench.verification.verification import Verification
from tests.builders import DIGEST, FACTS
from tests.unit.tune.bundles import make_stage, make_tuning

KNOBS = [Knob(name=name, values=("1",)) for name in ("threads", "openmp", "allocator", "siblings")]


def lay_out(knobs: Sequence[Knob], *, raced_max: int) -> Laid:
    if len(knobs) > raced_max:
        raise SamplerMissingError("too many")
    return make_tuning(), Space(tuple({knob.name: "1"} for knob in knobs), len(knobs) + 1, (), sampled=False)


@pytest.mark.parametrize(
    ("raced_max", "short", "tried"),
    [(4, 4, 4), (4, 2, 2), (3, 4, 3), (4, 0, 1)],
    ids=["all", "as the time allows", "as can race without a sampler", "the one that matters most"],
)
def test_the_knobs_that_matter_most_are_tried(raced_max: int, short: int, tried: int) -> None:
    laid = _choose_suggested(KNOBS, partial(lay_out, raced_max=raced_max), lambda laid: len(laid[1].arms) <= short)
    assert [list(arm) for arm in laid[1].arms] == [[knob.name] for knob in KNOBS[:tried]]


def test_no_other_error_makes_the_space_smaller() -> None:
    def refuse(_: Sequence[Knob]) -> Laid:
        raise UsageError("wrong")

    with pytest.raises(UsageError, match="wrong"):
        _choose_suggested(KNOBS, refuse, lambda _: True)


def test_no_stage_follows_a_bundle_whose_model_lies_nowhere() -> None:
    source = Source(kind="file", name="mine.py", digest=DIGEST, size_bytes=1, workloads=(FACTS,))
    contents = make_stage(make_tuning())
    contents = replace(contents, plan=replace(contents.plan, sources=(source,)))
    verification = Verification(contents=contents, content_digest=DIGEST, signers=(), origins={})
    with pytest.raises(UsageError, match="a model of your own, which no stage after its bundle can find"):
        continue_after(verification, make_tuning(), Path("results"))
