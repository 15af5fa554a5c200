"""Files and folders that workloads come from, besides bench's catalogue."""

from collections.abc import Iterable, Iterator

from bench.records.bundle import Contents
from bench.records.source import Source
from bench.report.printable import PrintableText, join_lines


def describe_sources(sources: Iterable[Source]) -> Iterator[str]:
    """Yield a line for each source that was read: its workloads, its name and digest, and whether the bundle holds it.

    Of one that could not be read, the refusal of its workload says why.
    """
    for source in sources:
        if source.problem is not None:
            continue
        names = ", ".join(f"{row.name} ({row.summary[:200]})" for row in source.workloads)
        details = "".join(f", {name} {value}" for name, value in sorted(source.details.items()))
        sealed = "in the bundle" if source.sealed else "not in the bundle"
        inputs = "".join(
            f", input {name} {stated.digest}" for name, stated in source.inputs.items() if stated.digest is not None
        )
        yield f"{names}: from {source.name}, {source.digest}, {source.size_bytes} bytes, {sealed}{details}{inputs}"


def render_code(contents: Contents) -> PrintableText:
    """Return the code that a bundle holds, each file after a line with its name and digest."""
    lines = (
        []
        if contents.source_files
        else ["# no code: its workloads are of the catalogue, or of files that it only names"]
    )
    for source in {source.digest: source for source in contents.plan.sources if source.sealed}.values():
        lines.append(f"# {source.name}, {source.digest}, {source.size_bytes} bytes")
        lines += contents.source_files[source.digest].decode(errors="backslashreplace").split("\n")
    return join_lines([*lines, ""])
