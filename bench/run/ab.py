"""`bench ab`: two variants of the same cells, planned as pairs that are measured alternately."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.backends.registry import BACKENDS
from bench.errors import EnvironmentUnfitError, UsageError
from bench.hardware.detect import HOST, detect
from bench.launch.libraries import find_preloads
from bench.launch.pairs import pair_plans
from bench.launch.plan import why_not_machine
from bench.profiles.user_variables import check_user_variables, find_readers
from bench.records.case import BackendName, Case, Precision
from bench.records.image import ENGINE_ARCHITECTURES, StatedImage
from bench.records.machine import Architecture, Machine
from bench.records.plan import Plan, Policy, Refusal
from bench.records.precision import PRECISION_FACTS
from bench.records.profile import Allocator, OpenMpRuntime
from bench.records.reason import UnsupportedError
from bench.records.record import Record
from bench.records.suite import Suite
from bench.records.variant import UserVariableName, UserVariableValue, Variant, VariantName, describe_variant
from bench.run.facilities import Facilities
from bench.run.interpreters import describe_interpreters, worker_argv
from bench.run.options import RunOptions
from bench.run.prepare import (
    REPETITIONS_MOST,
    RESULTS,
    Decision,
    choose_cases,
    decide,
    find_facilities,
    why_not_available,
)
from bench.suites.expand import QUANT_ENGINE
from bench.suites.load import find_suite
from bench.workloads.registry import WORKLOADS

REPETITIONS = (6, REPETITIONS_MOST)
"""Repetitions of each side, if the user gives none. With fewer than six pairs only large effects can be shown, and time
ends most comparisons before a hundred. 66 pairs show 2% in nine of ten runs, 37 in at least three of four
(`tests/benchmarks/README.md`)."""

TARGET_CI_RATIO = 0.005
"""Half width of each side's interval, if the user gives none. A suite's target is for a table, and would end a comparison
before it could show 2%. What both sides share, such as the host's drift, widens this interval and cancels in the pairs."""

AIM_S = 600.0
"""Seconds that a comparison should take, if the user sets no budget."""


class VariantOptions(Record, frozen=True, kw_only=True):
    """Options of one side. None takes the option of both sides.

    Attributes:
        python: An interpreter, or the folder of a virtual environment.
        image: Name or digest of an image; `stated` is the engine's description of it.
    """

    variables: dict[UserVariableName, UserVariableValue] = msgspec.field(default_factory=dict)
    profile: str | None = None
    openmp: OpenMpRuntime | None = None
    allocator: Allocator | None = None
    backend: BackendName | None = None
    precision: Precision | None = None
    python: str | None = None
    image: str | None = None
    stated: StatedImage | None = None

    def typed(self) -> tuple[str, ...]:
        """Format the options as a user writes them, without the side, and a profile's file without its folders."""
        single = {name: getattr(self, name) for name in self.__struct_fields__ if name not in {"variables", "stated"}}
        if self.profile is not None:
            single["profile"] = Path(self.profile).name
        return (
            *(f"--env {name}={value}" for name, value in self.variables.items()),
            *(f"--{name} {value}" for name, value in single.items() if value is not None),
        )


def prepare_ab(
    options: RunOptions, a: VariantOptions, b: VariantOptions, root: Path = HOST, *, output: Path = RESULTS
) -> Decision:
    """Decide everything, and measure nothing; other interpreters describe what they have installed.

    Args:
        options: For both sides.
        a: Options of the first side; often none.
        b: Options of the second side, whose effect is in question.
        root: Of the file system, for detection.
        output: The folder for results.

    Raises:
        UsageError: the sides are the same, or a difference between them could have no effect.
        ProfileError: a profile does not fit this machine.
        EnvironmentUnfitError: the machine or an interpreter cannot do what is asked.
    """
    if a == b:
        raise UsageError("sides a and b do not differ; give for example --env-b NAME=VALUE, or --backend-b")
    suite = find_suite(options.suite, WORKLOADS)
    machine = detect(root)
    for variant in (a, b):
        _require_native(variant, machine)
    options = msgspec.structs.replace(
        options,
        repetitions=options.repetitions or REPETITIONS,
        target_ci_ratio=options.target_ci_ratio or TARGET_CI_RATIO,
    )
    facilities = find_facilities(output)
    cases, refused = choose_cases(suite, options, machine, facilities)
    implied = imply_backend(options, a, b)
    pairs, unpaired = _pair_cases(cases, (_with_backend(a, implied), _with_backend(b, implied)), machine, facilities)
    decisions = [
        _decide_side(suite, options, variant, side, cases=[pair[place] for pair in pairs], machine=machine)
        for place, (side, variant) in enumerate((("a", a), ("b", b)))
    ]
    first, second = decisions
    variants = (_variant("a", a, first, first), _variant("b", b, second, first))
    environments = describe_interpreters(variants)
    plan = pair_plans(first.plan, second.plan, variants)
    policy = aim_policy(plan.policy)
    plan = msgspec.structs.replace(plan, policy=policy, refused=(*refused, *unpaired))
    _require_difference(plan)
    return Decision(machine=machine, profile=first.profile, plan=plan, environments=environments)


def _require_native(variant: VariantOptions, machine: Machine) -> None:
    """Refuse an image for another architecture: an emulator would run it, at a tenth of the speed.

    Raises:
        UsageError: the side has an interpreter too.
        EnvironmentUnfitError: the image is for another architecture.
    """
    if variant.stated is None:
        return
    if variant.python is not None:
        raise UsageError(f"a side has --image {variant.image} and --python {variant.python}; keep one")
    wanted = ENGINE_ARCHITECTURES[machine.cpu.architecture]
    if variant.stated.architecture != wanted:
        raise EnvironmentUnfitError(
            f"image {variant.image} is for {variant.stated.architecture}, this machine is {wanted}; "
            "choose an image for this machine, or measure on one that the image is for"
        )


def imply_backend(options: RunOptions, a: VariantOptions, b: VariantOptions) -> BackendName | None:
    """Return the backend that both sides' variables imply: the first that reads them; None if the user chose one.

    TORCHINDUCTOR_FREEZING=1 says that Inductor is meant, and a suite's eager cells would not read it.
    """
    readers = find_readers([*a.variables, *b.variables])
    if options.wanted.backend or a.backend or b.backend or readers is None:
        return None
    return next((name for name in BACKENDS if name in readers), None)


def aim_policy(policy: Policy) -> Policy:
    """Return the suite's policy with the time of a comparison in place of a table's. A user's budget stays."""
    return policy if policy.budget_s is not None else msgspec.structs.replace(policy, aim_s=AIM_S)


def _with_backend(variant: VariantOptions, implied: BackendName | None) -> VariantOptions:
    return variant if implied is None else msgspec.structs.replace(variant, backend=implied)


def _pair_cases(
    cases: Sequence[Case], sides: tuple[VariantOptions, VariantOptions], machine: Machine, facilities: Facilities
) -> tuple[list[tuple[Case, Case]], list[Refusal]]:
    """Return each case for both sides, once; a pair with an unsupported side is refused for that side's reason."""
    pairs: dict[str, tuple[Case, Case]] = {}
    refused: dict[str, Refusal] = {}
    # Workers in an image find its compiler, and the container's memory.
    found = [facilities if variant.image is None else facilities.of_image() for variant in sides]
    for case in cases:
        a, b = (_vary(case, variant, machine.cpu.architecture) for variant in sides)
        unsupported = [
            Refusal(case=varied, reason=reason)
            for varied, here in zip((a, b), found, strict=True)
            if (reason := why_not_available(varied, here) or why_not_machine(varied, machine)) is not None
        ]
        if unsupported:
            refused.setdefault(repr(unsupported[0]), unsupported[0])
        else:
            pairs.setdefault(repr((a, b)), (a, b))
    if not pairs and not refused:
        raise EnvironmentUnfitError("no case can be run on both sides: the suite and its filters leave none")
    if not pairs:
        raise UnsupportedError("no case can be run on both sides", [refusal.reason for refusal in refused.values()])
    return list(pairs.values()), list(refused.values())


def _vary(case: Case, variant: VariantOptions, architecture: Architecture) -> Case:
    changed = msgspec.structs.replace(
        case, backend=variant.backend or case.backend, precision=variant.precision or case.precision
    )
    if changed.precision == case.precision:
        return changed
    engine = QUANT_ENGINE[architecture] if PRECISION_FACTS[changed.precision].takes_quant_engine else None
    return msgspec.structs.replace(changed, quant_engine=engine)


def _decide_side(
    suite: Suite, options: RunOptions, variant: VariantOptions, side: str, *, cases: Sequence[Case], machine: Machine
) -> Decision:
    """Plan one side as if it were alone."""
    readers = find_readers(variant.variables)
    for case in cases:
        if readers is not None and case.backend not in readers:
            known = f"backend {' or '.join(sorted(readers))}" if readers else "no single backend"
            raise UsageError(
                f"--env-{side} {', '.join(variant.variables)} is read by {known} only, and "
                f"side {side} has {case.backend}; choose it with --backend"
            )
    changes = {name: getattr(variant, name) for name in ("profile", "openmp", "allocator") if getattr(variant, name)}
    decision = decide(suite, msgspec.structs.replace(options, **changes), machine, cases, ())
    find_preloads(decision.plan.layouts[0].runtime)  # an error now, not after the first worker
    check_user_variables(variant.variables, decision.plan.layouts[0].runtime, side)
    return decision


def _require_difference(plan: Plan) -> None:
    """Refuse a pair with equal tasks on both sides: its verdict would mean nothing."""
    a, b = plan.variants
    for cell_a, cell_b in zip(plan.cells[::2], plan.cells[1::2], strict=True):
        renamed_b = msgspec.structs.replace(cell_b, id=cell_a.id, variant=cell_a.variant)
        if renamed_b == cell_a and a.argv == b.argv:
            raise UsageError(
                f"cells {cell_a.id} and {cell_b.id} do not differ: side a already has {describe_variant(b)}"
            )


def _variant(name: VariantName, variant: VariantOptions, decision: Decision, first: Decision) -> Variant:
    """Return a side's differences, with its profile and layouts if they are not the first side's."""
    other_profile = decision.profile != first.profile
    return Variant(
        name=name,
        options=variant.typed(),
        variables=variant.variables,
        argv=worker_argv(variant.python, variant.stated),
        image=variant.stated,
        profile=decision.profile if other_profile else None,
        choice=decision.plan.profile if other_profile else None,
        layouts=decision.plan.layouts if decision.plan.layouts != first.plan.layouts else (),
    )
