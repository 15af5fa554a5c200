"""A run from beginning to end: begin or resume, measure, seal."""

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from shutil import rmtree

from bench import __version__
from bench.bundle.calibration import find_calibration
from bench.bundle.environment import describe_environment
from bench.bundle.image import describe_image
from bench.bundle.inventory import read_inventory
from bench.bundle.sbom import render_sbom
from bench.bundle.schema import SCHEMA
from bench.bundle.seal import SigningKey
from bench.bundle.source import digest_source
from bench.bundle.timestamp import format_timestamp, parse_timestamp
from bench.bundle.write import write_bundle
from bench.errors import BenchError, BundleError, InterruptedRunError, OutputError
from bench.hardware.cgroup import Cgroups
from bench.hardware.detect import HOST, detect
from bench.hardware.kernel_events import read_kernel_events, read_task_limits
from bench.hardware.tree import Tree
from bench.launch.tasks import require_files, require_tasks
from bench.launch.workers import Workers
from bench.records.bundle import BUNDLE_SUFFIX, BundleInfo, Contents
from bench.records.calibration import Calibration
from bench.records.plan import Plan
from bench.records.summary import Summary
from bench.records.text import Note
from bench.run.clock import RunClock
from bench.run.continuity import describe_software, require_same_machine, require_same_sides, require_same_software
from bench.run.execute import Execution, ReportProgress
from bench.run.interpreters import describe_interpreters
from bench.run.journal import Journal, ResumeEntry, Session, begin_journal, read_session, resume_journal
from bench.run.output import require_output
from bench.run.ownership import share_with_owner
from bench.run.prepare import Decision
from bench.run.private_words import PrivateWords, compile_value_cutter, find_private_words
from bench.run.scrub import scrub_contents, scrub_strings
from bench.stats.summary import summarize
from bench.verification.verify import verify_bundle


def run_plan(
    decision: Decision,
    output: Path,
    signer: SigningKey,
    *,
    report_progress: ReportProgress,
    parent: Mapping[str, str] | None = None,
    note: Note | None = None,
) -> tuple[Path, Summary]:
    """Measure a plan, and seal the result.

    Returns:
        The bundle's path and the summary in it.

    Raises:
        OutputError: the folder cannot take results; found before anything is measured.
        InterruptedRunError: the user stopped it; says how to go on.
    """
    in_image = describe_image().inside
    require_output(output, in_image=in_image)
    share_with_owner(output, in_image=in_image)
    _require_tasks(decision.plan)
    clock = RunClock()
    started = clock.now()
    session = Session(
        run_id=f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}",
        started_at=format_timestamp(started),
        decision=decision,
        source_digest=digest_source(),
        software=describe_software(),
        note=note,
    )
    with begin_journal(output, session) as journal:
        return _measure_and_seal(
            journal, signer, clock, report_progress=report_progress, parent=os.environ if parent is None else parent
        )


def resume_run(
    folder: Path, signer: SigningKey, *, report_progress: ReportProgress, parent: Mapping[str, str] | None = None
) -> tuple[Path, Summary]:
    """Go on with an interrupted run, and seal it.

    Raises:
        UsageError: the folder holds no run.
        NotComparableError: this is another machine, bench, image, interpreter or set of packages than it began with.
        InterruptedRunError: stopped again.
    """
    output, in_image = folder.absolute().parent, describe_image().inside
    require_output(output, in_image=in_image)
    share_with_owner(output, in_image=in_image)
    parent = os.environ if parent is None else parent
    _require_tasks(read_session(folder).decision.plan)
    with resume_journal(folder) as journal:
        sealed = _find_sealed(journal)
        if sealed is not None:
            return sealed
        began = journal.session
        require_same_software(began.run_id, began.software, describe_software())  # first: another image, other limits
        require_same_machine(began.run_id, began.decision.machine, detect(), began.source_digest)
        sides = describe_interpreters(began.decision.plan.variants)
        require_same_sides(began.run_id, began.decision.environments, sides)
        clock = RunClock(not_before=parse_timestamp(journal.last_moment, source=f"{folder}/journal.jsonl"))
        journal.add(ResumeEntry(resumed_at=format_timestamp(clock.now())))
        return _measure_and_seal(journal, signer, clock, report_progress=report_progress, parent=parent)


def _measure_and_seal(
    journal: Journal, signer: SigningKey, clock: RunClock, *, report_progress: ReportProgress, parent: Mapping[str, str]
) -> tuple[Path, Summary]:
    began = parse_timestamp(journal.session.started_at, source="session.json")
    calibration = find_calibration(journal.folder.absolute().parent, journal.session.decision.machine, before=began)
    try:
        with Workers(read_events=lambda: read_kernel_events(Tree(HOST))) as workers:
            Execution(
                journal, parent=parent, report_progress=report_progress, workers=workers, run_clock=clock
            ).measure_all()
    except KeyboardInterrupt as error:
        raise InterruptedRunError(
            f"interrupted; what was measured is kept, go on with: {journal.command_to_go_on}"
        ) from error
    require_same_software(journal.session.run_id, journal.session.software, describe_software())
    path = _bundle_path(journal)
    words = find_private_words(parent, journal.session.decision.machine.host_name)
    contents = make_contents(journal, clock, calibration, words)
    try:
        write_bundle(path, contents, signer)
        _verify_written(path)
    except BenchError as error:
        raise type(error)(f"{error}; what was measured is kept, seal it with: {journal.command_to_go_on}") from error
    _discard(journal)
    return path, contents.summary


def _require_tasks(plan: Plan) -> None:
    """Make sure, before anything is measured, that the limits let each layout's workers start.

    Raises:
        EnvironmentUnfitError: they do not; names the limit.
    """
    tree = Tree(HOST)
    require_files(plan.layouts)
    require_tasks(plan.layouts, read_task_limits(tree, Cgroups(tree)))


def _verify_written(path: Path) -> None:
    """Read the bundle back from disk and verify it: only then is the journal no longer needed.

    Raises:
        BundleError: it does not verify; it is removed, so that nobody relies on it.
    """
    try:
        verify_bundle(path)
    except BundleError as error:
        path.unlink()
        raise BundleError(f"the sealed bundle was refused and removed, please report this: {error}") from error


def _bundle_path(journal: Journal) -> Path:
    return journal.folder.parent / f"{journal.session.run_id}{BUNDLE_SUFFIX}"


def _discard(journal: Journal) -> None:
    with suppress(OSError):  # the bundle is complete; a folder left behind only takes space
        rmtree(journal.folder)


def _find_sealed(journal: Journal) -> tuple[Path, Summary] | None:
    """Return the bundle of a run that was killed between sealing and removing its folder; None if there is none.

    Raises:
        BundleError: the file in its place does not verify.
        OutputError: it is the bundle of another run.
    """
    path = _bundle_path(journal)
    if not path.exists():
        return None
    contents = verify_bundle(path).contents
    if contents.info.run_id != journal.session.run_id:  # two runs of one plan may begin in one second
        raise OutputError(f"{path}: is the bundle of another run than {journal.folder}; move it away, then resume")
    _discard(journal)
    return path, contents.summary


def make_contents(journal: Journal, clock: RunClock, calibration: Calibration | None, words: PrivateWords) -> Contents:
    """Gather everything that the bundle of a run holds, and cut what nobody means to publish."""
    session = journal.session
    plan = session.decision.plan
    measurements = tuple(sorted(journal.measurements(), key=lambda measurement: measurement.cell))
    environment = scrub_strings(describe_environment(), compile_value_cutter(words))
    image = describe_image()
    inventory = read_inventory(image_root=Path("/") if image.inside else None)
    contents = Contents(
        info=BundleInfo(
            schema=SCHEMA,
            run_id=session.run_id,
            bench_version=__version__,
            started_at=session.started_at,
            finished_at=format_timestamp(clock.now()),
            clock_step_s=clock.step_s(),
            resumed=journal.resumed,
            cites=session.decision.cites,
            note=session.note,
        ),
        machine=session.decision.machine,
        profile=session.decision.profile,
        plan=plan,
        request=session.decision.request,
        environment=environment,
        sbom=render_sbom(environment, inventory),
        image=image,
        calibration=calibration,
        tuning=session.decision.tuning,
        probes=journal.probes(),
        measurements=measurements,
        summary=summarize(plan, measurements, journal.probes()),
        environments=session.decision.environments,
        logs={
            f"{measurement.cell}.txt": "\n".join(measurement.failure.stderr).encode()
            for measurement in measurements
            if measurement.failure is not None and measurement.failure.stderr
        },
        source_files={
            located.source.digest: located.content
            for located in session.decision.sources
            if located.source.sealed and located.content is not None
        },
    )
    return scrub_contents(contents, words)
