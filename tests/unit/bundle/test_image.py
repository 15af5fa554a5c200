from pathlib import Path

import pytest

from bench.bundle.image import LABELS_PATH, describe_image
from bench.errors import EnvironmentUnfitError
from bench.records.bundle import Image


def put(root: Path, text: str) -> Path:
    path = root / LABELS_PATH
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return root


def test_without_a_description_the_run_is_in_no_image(tmp_path: Path) -> None:
    assert describe_image(tmp_path) == Image(inside=False, labels={})


def test_reads_the_labels(tmp_path: Path) -> None:
    labels = {"org.opencontainers.image.version": "0.1.0"}
    assert describe_image(put(tmp_path, '{"org.opencontainers.image.version": "0.1.0"}')) == Image(
        inside=True, labels=labels
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param('{"a": 1}', id="a label that is no text"),
        pytest.param('{"a": "b", "a": "c"}', id="a label twice"),
        pytest.param(f'{{"a": "{"x" * 70_000}"}}', id="70 kB"),
    ],
)
def test_a_damaged_description_is_an_unfit_image(text: str, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentUnfitError, match="build the image again"):
        describe_image(put(tmp_path, text))
