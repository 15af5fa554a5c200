"""A local folder of Transformers: a configuration, with its weights if they lie there, else weights by bench's generator.

The task follows from the class that the configuration names, by transformers' own tables. Code that a folder brings
(`auto_map`) is never run, and pickles are never read.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers
from msgspec.structs import replace
from torch import nn
from transformers.configuration_utils import PreTrainedConfig
from transformers.models.auto.configuration_auto import AutoConfig
from transformers.pytorch_utils import Conv1D

from bench.errors import UsageError
from bench.interface.workload import Workload
from bench.records.case import Case, WorkloadFacts
from bench.records.source import LocatedSource
from bench.workloads.construction import construct
from bench.workloads.dtypes import weights_dtype
from bench.workloads.sources.locate import digest_folder, workload_name
from bench.workloads.sources.module import Restore
from bench.workloads.sources.transformers_tasks import TASKS, find_task
from bench.workloads.weights import fill_weights

_KIND = "hf"
_SAFE = ("model.safetensors", "model.safetensors.index.json")
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")


def survey_folder(located: LocatedSource) -> tuple[WorkloadFacts, ...]:
    """Return the row of a folder.

    Raises:
        UsageError: its configuration names no class of transformers, one of a task that bench does not measure, or its
            weights are pickles.
    """
    folder = Path(located.path)
    config, model_class = _read(folder)
    task = find_task(config, model_class)
    weights = "weights from the folder" if _has_weights(folder) else "weights by bench's generator, as none lie there"
    row = task.make_row(config)
    return (
        replace(
            row,
            name=workload_name(_KIND, located.source.name),
            target=f"{task.name}:{model_class.__name__}",
            summary=f"{model_class.__name__}, {task.summary}; {weights}",
            source=f"config.json of {located.source.name}",
            parameters=_count_parameters(model_class, config),
        ),
    )


def build_from_folder(located: LocatedSource, facts: WorkloadFacts, case: Case) -> Workload:
    """Build the workload of a folder.

    Raises:
        UsageError: the folder was changed since it was hashed, its weights are incomplete, or an input is stated.
    """
    folder = Path(located.path)
    found, _ = digest_folder(folder)
    if found != located.source.digest:
        raise UsageError(
            f"{located.source.name} was changed: it is {found}, the run began with {located.source.digest}"
        )
    if case.inputs:
        raise UsageError(f"{facts.name}: inputs of a Transformers folder are generated; leave out --input")
    config, model_class = _read(folder)
    task = TASKS[facts.target.partition(":")[0]]
    _switch_dropout_off(config)
    dtype = weights_dtype(case.precision)
    if _has_weights(folder):
        model = task.wrap(_load_weights(folder, model_class, config, dtype))
        fill: Callable[[], None] = Restore(model) if case.mode == "training" else _nothing
    else:
        model = task.wrap(construct(partial(model_class, config), dtype))
        fill = partial(fill_weights, model, transposed=(Conv1D,))
        fill()
    model.train(case.mode == "training")
    if case.mode == "inference":
        model.requires_grad_(requires_grad=False)
    return task.assemble(case, config, model, fill)


def _read(folder: Path) -> tuple[PreTrainedConfig, Any]:
    """Return the configuration of a folder, and the class that it names."""
    if not (folder / "config.json").is_file():
        raise UsageError(
            f"{folder.name} holds no config.json; it is written by save_pretrained(FOLDER) of transformers"
        )
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"{folder.name}/config.json: {' '.join(str(error).split())[:300]}") from error
    named = list(config.architectures or ())
    if len(named) != 1:
        raise UsageError(
            f"{folder.name}/config.json names {len(named)} architectures; it needs one, such as BertForMaskedLM"
        )
    model_class = getattr(transformers, named[0], None) if str(named[0]).isidentifier() else None
    if not isinstance(model_class, type) or not issubclass(model_class, nn.Module):
        raise UsageError(
            f"{folder.name}: {named[0]} is no class of transformers {transformers.__version__}; code that a folder brings is "
            "not run: give it as a file, --workload ./my_models.py"
        )
    _refuse_pickles(folder)
    return config, model_class


def _refuse_pickles(folder: Path) -> None:
    if _has_weights(folder):
        return
    pickles = sorted(path.name for pattern in _PICKLES for path in folder.glob(pattern))
    if pickles:
        raise UsageError(
            f"{folder.name}/{pickles[0]} is a pickle, which can hold code, and is not read; convert it where you trust it: "
            "AutoModel.from_pretrained(FOLDER).save_pretrained(NEW_FOLDER) of the same class writes model.safetensors"
        )


def _has_weights(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _SAFE)


def _load_weights(folder: Path, model_class: Any, config: PreTrainedConfig, dtype: torch.dtype) -> nn.Module:  # noqa: ANN401 - a class of transformers
    """Return the model with the weights of the folder; what they lack, transformers would draw at random."""
    network: nn.Module
    network, loading = model_class.from_pretrained(
        folder,
        config=config,
        dtype=dtype,
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=False,
        output_loading_info=True,
    )
    missing = sorted(loading["missing_keys"])
    if missing:
        raise UsageError(
            f"{folder.name}: its weights lack {len(missing)} of those of {model_class.__name__}, such as {missing[0]}; name the "
            "class that they are of in config.json, or remove them, so that bench generates all"
        )
    return network


def _count_parameters(model_class: Any, config: PreTrainedConfig) -> int:  # noqa: ANN401 - a class of transformers
    """Return how many parameters a model has, without making them."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in model_class(config).parameters())


def _switch_dropout_off(config: PreTrainedConfig) -> None:
    """Set every rate of dropout to 0, in training too: loss and gradients are compared with a reference's."""
    for name, value in config.to_dict().items():
        if ("drop" in name or name.startswith("mask_")) and isinstance(value, float):
            setattr(config, name, 0.0)
    if hasattr(config, "apply_spec_augment"):
        config.apply_spec_augment = False


def _nothing() -> None:
    """Inference changes no weights."""
