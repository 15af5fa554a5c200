from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.records.bundle import Citation
from bench.records.image import Image, StatedImage
from bench.run.continuation import say_how_to_go_on
from bench.run.prepare import Decision
from tests.builders import DIGEST
from tests.unit.bundle.builder import CONTENTS

FOLDER = Path("/results/20261122T101500Z-0123abcd.run")
DECISION = Decision(machine=CONTENTS.machine, profile=CONTENTS.profile, plan=CONTENTS.plan)
CITING = replace(DECISION, cites=Citation(run_id="20261122T101500Z-89abcdef", content_digest=DIGEST))
STATED = StatedImage(id=DIGEST, repo_digests=(), layers=(DIGEST,), architecture="amd64", engine="docker 20.10.24")


@pytest.mark.parametrize(
    ("decision", "image", "command"),
    [
        (DECISION, Image(inside=False, labels={}), f"bench run --resume {FOLDER}"),
        (
            CITING,
            Image(inside=False, labels={}),
            f"bench reproduce 20261122T101500Z-89abcdef.bench.tar --resume {FOLDER}",
        ),
        (
            DECISION,
            Image(inside=True, labels={}, stated=STATED),
            f"bench container run --image {DIGEST} --resume {FOLDER}",
        ),
        (
            DECISION,
            Image(inside=True, labels={}),
            f"docker run OPTIONS IMAGE run --resume {FOLDER} (OPTIONS and IMAGE as before)",
        ),
    ],
    ids=[
        "a run on the host",
        "a reproduction",
        "a run that `bench container run` started, whose paths are the host's",
        "a run that `docker run` started, whose paths are the container's",
    ],
)
def test_a_run_goes_on_where_it_began(decision: Decision, image: Image, command: str) -> None:
    assert say_how_to_go_on(decision, image, FOLDER) == command
