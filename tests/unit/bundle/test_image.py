import json
from pathlib import Path

import pytest

from bench.bundle.image import LABELS_PATH, STATED_IMAGE, describe_image
from bench.errors import EnvironmentUnfitError
from bench.records.image import Image


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


DIGEST = "sha256:" + "0" * 64
STATED = {"id": DIGEST, "repo_digests": [], "layers": [DIGEST], "architecture": "amd64", "engine": "docker 20.10.24"}


def test_what_the_host_states_is_kept_apart(tmp_path: Path) -> None:
    image = describe_image(put(tmp_path, "{}"), {STATED_IMAGE: json.dumps(STATED)})
    assert image.labels == {}
    assert image.stated is not None
    assert image.stated.layers == (DIGEST,)


def test_without_the_hosts_word_nothing_is_stated(tmp_path: Path) -> None:
    assert describe_image(put(tmp_path, "{}"), {}).stated is None


def test_outside_an_image_nothing_can_be_stated_of_it(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentUnfitError, match="this is not a bench image"):
        describe_image(tmp_path, {STATED_IMAGE: json.dumps(STATED)})


@pytest.mark.parametrize(
    "stated",
    [
        pytest.param("", id="nothing"),
        pytest.param("yes", id="no JSON"),
        pytest.param(json.dumps(STATED | {"layers": []}), id="no layers"),
        pytest.param(json.dumps(STATED | {"id": "latest"}), id="a name for a digest"),
        pytest.param(json.dumps(STATED | {"trusted": True}), id="a field that is not ours"),
        pytest.param("\udcff", id="no UTF-8"),
    ],
)
def test_what_is_stated_must_be_well_formed(stated: str, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentUnfitError, match="bench container run"):
        describe_image(put(tmp_path, "{}"), {STATED_IMAGE: stated})
