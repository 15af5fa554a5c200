"""Tell measurements apart by their samples: who seals a run again under another id has not measured it again."""

from collections.abc import Iterable, Iterator

from bench.records.bundle import Contents

Samples = tuple[tuple[int, int], ...]


def find_shared_samples(runs: Iterable[Contents]) -> tuple[str, str] | None:
    """Return the ids of two runs that hold the same samples of some process; None if no two do.

    The times of a process's samples, in nanoseconds, are never all equal by chance.
    """
    held: dict[Samples, str] = {}
    for contents in runs:
        for samples in list_samples(contents):
            first = held.setdefault(samples, contents.info.run_id)
            if first != contents.info.run_id:
                return first, contents.info.run_id
    return None


def list_samples(contents: Contents) -> Iterator[Samples]:
    """Yield the samples of each process, as they are told apart: iterations and nanoseconds."""
    for measurement in contents.measurements:
        for repetition in measurement.repetitions:
            for instance in repetition.instances:
                yield tuple([(sample.iterations, sample.elapsed_ns) for sample in instance.samples])
