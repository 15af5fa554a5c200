"""A model of one's own in a container: its file comes in by a volume, and its code gets nowhere else."""

from pathlib import Path

import pytest

from bench.verification.verify import verify_bundle
from tests.container.engine import Engine
from tests.documents.commands import read_example

pytestmark = [pytest.mark.docker, pytest.mark.slow]

MEASURED = {0, 3}
WRITING = """
import torch
from torch import nn


def writing(batch_size=1):
    open("/opt/bench/writable", "w")
    return nn.Linear(4, 4), torch.empty(batch_size, 4)
"""


def volumes(results: Path, models: Path) -> dict[str, dict[str, str]]:
    return {
        str(results): {"bind": "/results", "mode": "rw"},
        str(models): {"bind": "/my_models.py", "mode": "ro"},
    }


def test_the_example_of_the_readme_is_measured_through_a_volume(engine: Engine, results: Path, tmp_path: Path) -> None:
    models = tmp_path / "my_models.py"
    models.write_text(read_example(), encoding="utf-8")

    finished = engine.run("--suite", "smoke", "--workload", "/my_models.py", volumes=volumes(results, models))

    assert finished.status in MEASURED, finished.stderr
    [bundle] = results.glob("*.bench.tar")
    contents = verify_bundle(bundle).contents
    assert list(contents.source_files.values()) == [models.read_bytes()]


def test_a_file_that_writes_outside_its_scratch_folder_fails_in_one_line(
    engine: Engine, results: Path, tmp_path: Path
) -> None:
    models = tmp_path / "my_models.py"
    models.write_text(WRITING, encoding="utf-8")

    finished = engine.run("--suite", "smoke", "--workload", "/my_models.py", volumes=volumes(results, models))

    assert finished.status == 5, finished.stderr
    lines = [line for line in finished.stdout.splitlines() if line.startswith("no number for file.writing")]
    assert len(lines) == 1
    assert "OSError: [Errno 30] Read-only file system: '/opt/bench/writable'" in lines[0]
