"""Strips show each sample, warm-up and invalid repetitions apart, within the axis of what numbers rest on."""

import re

from bench.records.summary import Interval
from bench.report.html.strips import HEIGHT, WIDTH, draw_strip
from bench.report.rows.samples import RepetitionRow, SamplesRow


def make_row(*repetitions: tuple[list[float], list[float], tuple[str, ...]]) -> SamplesRow:
    return SamplesRow(
        cell="0000-a-fp32-latency",
        repetitions=tuple(
            RepetitionRow(index=index, invalid=invalid, warmup_s=(tuple(warmup),), samples_s=(tuple(samples),))
            for index, (warmup, samples, invalid) in enumerate(repetitions)
        ),
    )


def dots(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"M(\d+) ([\d.]+)h0", path)]


def test_each_sample_is_a_dot_inside_the_picture() -> None:
    strip = draw_strip(make_row(([3.0], [1.0, 2.0, 1.5], ()), ([2.5], [1.2], ())), None)
    assert len(dots(strip.samples)) == 4
    assert len(dots(strip.warmup)) == 2
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in dots(strip.samples + strip.warmup))
    assert (strip.drawn, strip.warm) == (4, 2)


def test_longer_is_higher_and_later_is_further_right() -> None:
    (x1, y1), (x2, y2) = dots(draw_strip(make_row(([], [1.0, 2.0], ())), None).samples)
    assert x1 < x2
    assert y1 > y2


def test_invalid_repetitions_are_apart_and_do_not_stretch_the_axis() -> None:
    strip = draw_strip(make_row(([], [1.0, 1.1], ()), ([], [50.0], ("steal", "no_overlap"))), None)
    assert len(dots(strip.invalid)) == 1
    assert dots(strip.invalid)[0][1] == 0
    assert strip.beyond == 1
    assert strip.slots[1].invalid == "steal, no overlap"
    assert dots(strip.samples)[0][1] > HEIGHT / 2


def test_the_latency_and_its_interval_lie_on_the_axis() -> None:
    strip = draw_strip(make_row(([], [1.0, 2.0], ())), Interval(point=1.5, low=1.0, high=2.0))
    assert strip.point is not None
    assert strip.low is not None
    assert strip.high is not None
    assert strip.high < strip.point < strip.low


def test_samples_that_share_a_place_become_a_line_over_all_of_them() -> None:
    strip = draw_strip(make_row(([], [1.0 + index / 1000 for index in range(900)], ())), None, columns=20)
    assert strip.ranged
    heights = [float(y) for y in re.findall(r"[ V]([\d.]+)", strip.samples)]
    assert (
        min(heights) == min(dots(draw_strip(make_row(([], [1.0, 1.899], ())), None).samples), key=lambda dot: dot[1])[1]
    )


def test_a_cell_without_a_sample_shows_its_warmup() -> None:
    strip = draw_strip(make_row(([1.0, 2.0], [], ())), None)
    assert len(dots(strip.warmup)) == 2
    assert strip.point is None
