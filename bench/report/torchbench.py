"""The models of a checkout of pytorch/benchmark as a table, with what TorchBench itself states of them."""

from bench.records.torchbench import TorchBenchListing, TorchBenchModel
from bench.report.printable import PrintableText, join_lines
from bench.report.table import Column, render_table

_NOTE = (
    "eval, train: batch sizes that the model's class states; = marks one that cannot be chosen. not on CPUs: tests that "
    "TorchBench leaves out there. Which of the models load here, and in which batch size on CPUs, a run finds out: "
    "bench run --torchbench DIR --workload 'torchbench/*' --dry-run"
)


def render_listing(listing: TorchBenchListing, width: int | None) -> PrintableText:
    """Return a line for each model.

    Args:
        listing: What the checkout states.
        width: Characters that the table fits into; None for the whole table.
    """
    columns = (
        Column("model"),
        Column("eval", align="right"),
        Column("train", align="right"),
        Column("not on CPUs", fold=1),
        Column("other devices", fold=1),
    )
    rows = [
        (
            f"torchbench/{model.name}",
            _format_size(model.eval_batch_size, fixed=model.fixed_batch_size),
            _format_size(model.train_batch_size, fixed=model.fixed_batch_size),
            " ".join(_list_left_out(model)),
            ", ".join(_format_device(device, sizes) for device, sizes in model.devices.items()),
        )
        for model in listing.models
    ]
    head = f"{len(rows)} models, commit {listing.commit or 'unknown'}"
    return join_lines([head, render_table(columns, rows, width), "", _NOTE])


def _format_size(size: int | None, *, fixed: bool) -> str:
    return "" if size is None else f"{'=' if fixed else ''}{size}"


def _list_left_out(model: TorchBenchModel) -> list[str]:
    """Return the tests that are left out on CPUs; TorchBench's entries may name no device, or no test."""
    left_out = (entry for entry in model.not_implemented if entry.device in {None, "cpu"})
    return [entry.test or "all" for entry in left_out if entry.test in {None, "eval", "train"}]


def _format_device(device: str, sizes: dict[str, int]) -> str:
    stated = " ".join(f"{name.removesuffix('_batch_size')} {size}" for name, size in sizes.items())
    return f"{device}: {stated}"
