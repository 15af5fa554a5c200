"""The stages before a bundle's are found by digest, and each must lead to the next."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.bundle.signers import Requirements
from bench.bundle.write import write_bundle
from bench.errors import BundleError
from bench.records.bundle import Contents
from bench.records.tuning import Tuning
from bench.tune.earlier import EarlierStages, follow_stages
from bench.tune.outcome import find_following
from bench.verification.chain import finder
from bench.verification.verification import Verification
from bench.verification.verify import verify_bundle
from tests.builders import DIGEST
from tests.unit.bundle.builder import OPERATOR, on_day
from tests.unit.cli.conftest import Invoke, invoke
from tests.unit.tune.bundles import WINNER, make_stage, make_tuning

__all__ = ["invoke"]  # a fixture of the command line

RACE = make_tuning("race", ({}, {"openmp": "llvm"}, WINNER), ())


def write(path: Path, contents: Contents) -> Verification:
    write_bundle(path, contents, OPERATOR)
    return verify_bundle(path)


def find_next(before: Verification) -> Tuning:
    assert before.contents.tuning is not None
    following = find_following(before, before.contents.tuning)
    assert isinstance(following, Tuning)
    return following


def write_search(folder: Path) -> Verification:
    """Write a race, its trial, and the confirmation of the one setting that helps."""
    race = write(folder / "race.bench.tar", on_day(3, make_stage(RACE, (2.0, 1.5, 1.0))))
    trial = write(folder / "trial.bench.tar", on_day(4, make_stage(find_next(race), (2.0, 1.0, 1.0, 2.0))))
    return write(folder / "confirm.bench.tar", on_day(5, make_stage(find_next(trial), (2.0, 1.0))))


def follow(verification: Verification, folder: Path) -> EarlierStages:
    return follow_stages(verification, finder((), folder, Requirements()))


def test_each_stage_leads_to_the_next(tmp_path: Path, invoke: Invoke) -> None:
    confirm = write_search(tmp_path)
    stages = follow(confirm, tmp_path)
    assert [link.found is not None for link in stages.links] == [True, True]
    assert stages.checked
    shown = invoke("verify", str(tmp_path / "confirm.bench.tar"))
    assert shown.out.count("found, intact") == 2
    assert "earlier stages" not in shown.out


def test_a_stage_that_is_elsewhere_stays_unchecked(tmp_path: Path, invoke: Invoke) -> None:
    confirm = write_search(tmp_path)
    (tmp_path / "race.bench.tar").unlink()
    assert not follow(confirm, tmp_path).checked
    shown = invoke("verify", str(tmp_path / "confirm.bench.tar"))
    assert "not at hand" in shown.out
    assert "what the 2 earlier stages of this tuning measured" in shown.out


def test_numbers_that_a_stage_does_not_have_are_refused(tmp_path: Path) -> None:
    tuning = write_search(tmp_path).contents.tuning
    assert tuning is not None
    trial = tuning.earlier[-1]
    assert trial.gain is not None
    better = replace(trial, gain=replace(trial.gain, ratio=replace(trial.gain.ratio, point=0.1)))
    forged = on_day(6, make_stage(replace(tuning, earlier=(*tuning.earlier[:-1], better)), (2.0, 1.0)))
    with pytest.raises(BundleError, match="which leads to other arms or numbers than are stated of it"):
        follow(write(tmp_path / "forged.bench.tar", forged), tmp_path)


def test_a_stage_of_another_seed_is_refused(tmp_path: Path) -> None:
    confirm = write_search(tmp_path)
    other = replace(confirm, contents=replace(confirm.contents, plan=replace(confirm.contents.plan, order_seed=1)))
    with pytest.raises(BundleError, match="another profile, suite or seed"):
        follow(other, tmp_path)


def test_of_stages_that_another_source_measured_only_the_citation_is_checked(tmp_path: Path) -> None:
    confirm = write_search(tmp_path)
    find = finder((), tmp_path, Requirements())

    def find_older(digest: str) -> Verification | None:
        found = find(digest)
        assert found is not None
        environment = replace(found.contents.environment, source_digest=DIGEST)
        return replace(found, contents=replace(found.contents, environment=environment))

    stages = follow_stages(confirm, find_older)
    assert (len(stages.links), stages.checked) == (2, False)


def test_a_bundle_of_another_run_has_no_stages(tmp_path: Path) -> None:
    verification = write(tmp_path / "x.bench.tar", replace(make_stage(RACE), tuning=None))
    assert follow(verification, tmp_path) == EarlierStages((), checked=True)
