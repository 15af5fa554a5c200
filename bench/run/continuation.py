"""How a user goes on with an interrupted run: a command that works where they type it."""

from pathlib import Path

from bench.records.bundle import BUNDLE_SUFFIX
from bench.records.image import Image
from bench.run.prepare import Decision


def say_how_to_go_on(decision: Decision, image: Image, folder: Path) -> str:
    """Return the command that resumes a run.

    Args:
        decision: Of the run.
        image: That it runs in.
        folder: Of its journal. In a container that `docker run` started, it is a path of the container only.
    """
    if decision.tuning is not None:
        verb = "tune"
    elif decision.cites is not None:
        verb = f"reproduce {decision.cites.run_id}{BUNDLE_SUFFIX}"
    else:
        verb = "ab" if decision.plan.variants else "run"
    if not image.inside:
        return f"bench {verb} --resume {folder}"
    if image.stated is not None:
        return f"bench container {verb} --image {image.stated.id} --resume {folder}"
    return f"docker run OPTIONS IMAGE {verb} --resume {folder} (OPTIONS and IMAGE as before)"
