"""Which of the suggested knobs are tried."""

from collections.abc import Sequence
from functools import partial

import pytest

from bench.errors import UsageError
from bench.records.tuning import Knob
from bench.tune.prepare import Laid, _choose_suggested
from bench.tune.sampler import SamplerMissingError
from bench.tune.space import Space
from tests.unit.tune.bundles import make_tuning

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
