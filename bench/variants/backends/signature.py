"""The arguments of a model's call, flattened into tensors: exporters and other engines take nothing else.

An argument that is neither tensor nor constant is state, such as a key-value cache: an object that holds
tensors and is written to. Its tensors become inputs too.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.utils import _pytree as pytree
from typing_extensions import override

from bench.records.record import Record


class _Captured(BaseException):
    """Ends a call where it enters the model; a BaseException, so that no `except Exception` catches it."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__()
        self.arguments = (args, kwargs)


@dataclass(frozen=True)
class Slot:
    """An attribute of a state object that holds a tensor."""

    owner: Any
    name: str

    def read(self) -> Tensor:
        """Return the tensor that it holds now."""
        tensor: Tensor = getattr(self.owner, self.name)
        return tensor

    def write(self, tensor: Tensor) -> None:
        """Replace the tensor."""
        setattr(self.owner, self.name, tensor)


class Signature:
    """The arguments of the calls of one model, all alike but for their tensors' values.

    Attributes:
        slots: The tensors of all state objects; they follow the plain tensors.
    """

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        leaves, self._spec = pytree.tree_flatten_with_path((args, kwargs))
        self._leaves = [leaf for _, leaf in leaves]
        self._paths = [path for path, leaf in leaves if isinstance(leaf, Tensor)]
        self.slots = [slot for leaf in self._leaves if not isinstance(leaf, Tensor) for slot in _find_slots(leaf)]
        self._first = self._tensors((args, kwargs))

    @property
    def example(self) -> tuple[Tensor, ...]:
        """The tensors of the call that this was captured from; those of state are fresh copies."""
        return (*self._first, *(slot.read().clone() for slot in self.slots))

    def flatten(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Tensor]:
        """Return the tensors of another call: plain ones, then those of its state."""
        return [*self._tensors((args, kwargs)), *(slot.read() for slot in self.slots)]

    def rebuild(self, tensors: Sequence[Tensor]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return arguments with these tensors in place of the first call's; state objects are copies."""
        plain, held = tensors[: len(self._paths)], tensors[len(self._paths) :]
        memo: dict[int, Any] = {id(slot.read()): tensor for slot, tensor in zip(self.slots, held, strict=True)}
        given = iter(plain)
        leaves = [next(given) if isinstance(leaf, Tensor) else deepcopy(leaf, memo) for leaf in self._leaves]
        arguments: tuple[tuple[Any, ...], dict[str, Any]] = pytree.tree_unflatten(leaves, self._spec)
        return arguments

    def _tensors(self, arguments: object) -> list[Tensor]:
        return [pytree.key_get(arguments, path) for path in self._paths]


class ResultsForm(Record, frozen=True, kw_only=True):
    """How a model's results are assembled from tensors.

    Attributes:
        spec: The tree of results, in torch's own serialization.
        leaves: How many leaves it has.
        places: Which of them are tensors.
    """

    spec: str
    leaves: int
    places: tuple[int, ...]


def tuple_form(count: int) -> ResultsForm:
    """Return the form of results that are a tuple of so many tensors: those of a program that is not traced here."""
    spec = pytree.tree_structure(tuple(range(count)))
    return ResultsForm(spec=pytree.treespec_dumps(spec), leaves=count, places=tuple(range(count)))


class _Results:
    """The form of a model's results; unknown before the first call."""

    def __init__(self) -> None:
        self.form: ResultsForm | None = None
        self._spec: pytree.TreeSpec | None = None

    def set(self, form: ResultsForm) -> None:
        self.form = form
        self._spec = pytree.treespec_loads(form.spec)

    def restore(self, tensors: Sequence[Tensor]) -> Any:  # noqa: ANN401 - whatever a model returns
        if self.form is None or self._spec is None:
            raise RuntimeError("a model that was never called has no results to restore")
        filled: list[Tensor | None] = [None] * self.form.leaves
        for place, tensor in zip(self.form.places, tensors, strict=True):
            filled[place] = tensor
        return pytree.tree_unflatten(filled, self._spec)


class FlatModel(nn.Module):
    """A model from tensors to tensors.

    Args:
        model: Uncompiled.
        signature: Of its calls.
        functional: State is not written to: the new values of its tensors follow the results.
    """

    def __init__(self, model: nn.Module, signature: Signature, *, functional: bool) -> None:
        super().__init__()
        self.model = model
        self._signature = signature
        # An object, since exporters put a module's attributes, lists included, back as they were.
        self._results = _Results()
        self._functional = functional

    @override
    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Call the model with arguments rebuilt from tensors."""
        state = len(tensors) - len(self._signature.slots)
        if self._functional:
            tensors = (*tensors[:state], *(tensor.clone() for tensor in tensors[state:]))
        args, kwargs = self._signature.rebuild(tensors)
        leaves, spec = pytree.tree_flatten(self.model(*args, **kwargs))
        places = [index for index, leaf in enumerate(leaves) if isinstance(leaf, Tensor)]
        self.form = ResultsForm(spec=pytree.treespec_dumps(spec), leaves=len(leaves), places=tuple(places))
        results = tuple(leaves[place] for place in places)
        return (*results, *self._held(args, kwargs)) if self._functional else results

    @property
    def form(self) -> ResultsForm | None:
        """How results are assembled; set by the first call, or by the caller who knows it."""
        return self._results.form

    @form.setter
    def form(self, form: ResultsForm) -> None:
        self._results.set(form)

    def restore(self, tensors: Sequence[Tensor]) -> Any:  # noqa: ANN401 - whatever a model returns
        """Return the model's results, assembled from the tensors that a call returned; None in place of other leaves."""
        return self._results.restore(tensors)

    def _held(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[Tensor]:
        for slot in Signature(args, kwargs).slots:
            yield slot.read()


def capture(call: Callable[[], object]) -> Signature:
    """Return the arguments that `call` passes to a forward function which is `stop_at`.

    Raises:
        RuntimeError: `call` does not call the forward function.
    """
    try:
        call()
    except _Captured as captured:
        return Signature(*captured.arguments)
    raise RuntimeError("the iteration never called its model")


def stop_at(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever a model takes
    """Replace a model in a call whose arguments are to be captured."""
    raise _Captured(args, kwargs)


def _find_slots(holder: object) -> Iterator[Slot]:
    for name, value in getattr(holder, "__dict__", {}).items():
        if isinstance(value, Tensor):
            yield Slot(holder, name)
        elif isinstance(value, list):
            for element in value:
                yield from _find_slots(element)
