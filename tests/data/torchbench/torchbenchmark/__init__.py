"""The loader: a model's class by its name."""

import importlib
from pathlib import Path

REPO_PATH = Path(__file__).resolve().parent.parent


class ModelNotFoundError(RuntimeError):
    """There is no model of this name."""


def load_model_by_name(model_name: str) -> object:
    """Return the class `Model` of a model's package; names are compared without case."""
    folders = [path.name for path in (REPO_PATH / "torchbenchmark/models").iterdir() if (path / "__init__.py").exists()]
    found = [name for name in folders if name.lower() == model_name.lower()]
    if not found:
        raise ModelNotFoundError(f"{model_name} is not found in the core model list.")
    model = importlib.import_module(f".models.{found[0]}", package=__name__).Model
    if not hasattr(model, "name"):
        model.name = found[0]
    return model
