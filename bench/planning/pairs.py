"""Plan the sides of `bench ab`, or the arms of `bench tune`, as cells that are measured alternately, as pure functions."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import PurePath
from typing import Annotated

import msgspec

from bench.backends.registry import BACKENDS
from bench.errors import EnvironmentUnfitError, UsageError
from bench.launch.pairs import join_plans
from bench.launch.plan import estimate_probe_s, why_not_machine
from bench.planning.plan import REPETITIONS_MOST, Catalogue, Planned, choose_cases, plan_cases, why_not_here
from bench.profiles.user_variables import check_user_variables, find_readers
from bench.records.case import BackendName, Case, MemoryFormat, Precision
from bench.records.image import StatedImage
from bench.records.machine import Architecture, CpuList, Machine
from bench.records.plan import Plan, PlanHeading, Policy, Refusal
from bench.records.precision import PRECISION_FACTS
from bench.records.profile import Allocator, InstancePer, OpenMpRuntime, Siblings
from bench.records.reason import UnsupportedError
from bench.records.record import Record
from bench.records.request import Request
from bench.records.variant import (
    VARIANTS,
    TorchRelease,
    UserVariableName,
    UserVariableValue,
    Variant,
    VariantName,
    describe_variant,
    name_variants,
)
from bench.suites.expand import GROUP_SIZE, QUANT_ENGINE

REPETITIONS = (6, REPETITIONS_MOST)
"""Repetitions of each side, if the user gives none. With fewer than six pairs only large effects can be shown, and time
ends most comparisons before a hundred. 66 pairs show 2% in nine of ten runs, 37 in at least three of four
(`tests/benchmarks/README.md`)."""

TARGET_CI_RATIO = 0.005
"""Half width of each side's interval, if the user gives none. A suite's target is for a table, and would end a comparison
before it could show 2%. What both sides share, such as the host's drift, widens this interval and cancels in the pairs."""

AIM_S = 600.0
"""Seconds that a comparison should take, if the user sets no budget."""


REPLACED = ("profile", "openmp", "allocator", "threads", "instances", "siblings", "instance_per", "memory_nodes")
"""Options of a side that take the place of the request's own."""

Count = Annotated[int, msgspec.Meta(ge=1, le=65536)]


class VariantOptions(Record, frozen=True, kw_only=True):
    """Options of one side. None takes the option of both sides.

    Attributes:
        threads, instances: Of the layouts that have a choice of them.
        siblings: Whether each hardware thread of a core gets a thread.
        instance_per: What one instance of the throughput layout fills.
        python: An interpreter, or the folder of a virtual environment.
        torch: A release of torch; `python` is then the environment that was made for it, which nobody typed.
        image: Name or digest of an image; `stated` is the engine's description of it.
    """

    variables: dict[UserVariableName, UserVariableValue] = msgspec.field(default_factory=dict)
    profile: str | None = None
    openmp: OpenMpRuntime | None = None
    allocator: Allocator | None = None
    backend: BackendName | None = None
    precision: Precision | None = None
    memory_format: MemoryFormat | None = None
    threads: Count | None = None
    instances: Count | None = None
    siblings: Siblings | None = None
    instance_per: InstancePer | None = None
    memory_nodes: CpuList | None = None
    python: str | None = None
    torch: TorchRelease | None = None
    image: str | None = None
    stated: StatedImage | None = None

    def typed(self) -> tuple[str, ...]:
        """Format the options as a user writes them, without the side, and a profile's file without its folders."""
        left_out = {"variables", "stated"} if self.torch is None else {"variables", "stated", "python"}
        single = {name: getattr(self, name) for name in self.__struct_fields__ if name not in left_out}
        if self.profile is not None:
            single["profile"] = PurePath(self.profile).name
        return (
            *(f"--env {name}={value}" for name, value in self.variables.items()),
            *(f"--{name.replace('_', '-')} {value}" for name, value in single.items() if value is not None),
        )


class Side(Record, frozen=True, kw_only=True):
    """One side of a comparison: its options, and the command of its workers."""

    options: VariantOptions
    argv: tuple[str, ...]


def plan_pairs(
    request: Request,
    sides: Sequence[Side],
    machine: Machine,
    catalogues: Sequence[Catalogue],
    heading: PlanHeading,
) -> Planned:
    """Return the plan of a comparison, with the profile of side a.

    Args:
        request: For all sides.
        sides: The first is the base, the others are changes: one of `ab`, several of `tune`.
        machine: Where.
        catalogues: What there is to choose from for each side.
        heading: Of the plan.

    Raises:
        UsageError: a difference between the sides could have no effect.
        ProfileError: a profile does not fit this machine.
        EnvironmentUnfitError: the machine cannot do what is asked.
    """
    request = msgspec.structs.replace(
        request,
        repetitions=request.repetitions or REPETITIONS,
        target_ci_ratio=request.target_ci_ratio or TARGET_CI_RATIO,
    )
    cases, refused = choose_cases(request, machine, catalogues[0])
    implied = imply_backend(request, [side.options for side in sides])
    options = [_with_backend(side.options, implied) for side in sides]
    pairs, unpaired = _pair_cases(cases, options, machine, catalogues)
    names = name_variants(len(sides))
    planned = [
        _plan_side(
            request,
            side.options,
            name,
            cases=[pair[place] for pair in pairs],
            machine=machine,
            catalogue=catalogue,
            heading=heading,
        )
        for place, (name, side, catalogue) in enumerate(zip(names, sides, catalogues, strict=True))
    ]
    first = planned[0]
    variants = [_variant(name, side, own, first) for name, side, own in zip(names, sides, planned, strict=True)]
    probe_s = estimate_probe_s(first.plan.layouts, machine)
    plan = join_plans([own.plan for own in planned], variants, probe_s=probe_s)
    policy = plan.policy if request.aim_s is not None else aim_policy(plan.policy)
    plan = msgspec.structs.replace(plan, policy=policy, refused=(*refused, *unpaired))
    _require_difference(plan)
    return Planned(first.profile, plan)


def imply_backend(request: Request, sides: Sequence[VariantOptions]) -> BackendName | None:
    """Return the backend that the sides' variables imply: the first that reads them; None if the user chose one.

    TORCHINDUCTOR_FREEZING=1 says that Inductor is meant, and a suite's eager cells would not read it.
    """
    readers = find_readers([name for side in sides for name in side.variables])
    if request.wanted.backend or any(side.backend for side in sides) or readers is None:
        return None
    return next((name for name in BACKENDS if name in readers), None)


def aim_policy(policy: Policy) -> Policy:
    """Return the suite's policy with the time of a comparison in place of a table's. A user's budget stays."""
    return policy if policy.budget_s is not None else msgspec.structs.replace(policy, aim_s=AIM_S)


def _with_backend(variant: VariantOptions, implied: BackendName | None) -> VariantOptions:
    return variant if implied is None else msgspec.structs.replace(variant, backend=implied)


def _pair_cases(
    cases: Sequence[Case],
    sides: Sequence[VariantOptions],
    machine: Machine,
    catalogues: Sequence[Catalogue],
) -> tuple[list[tuple[Case, ...]], list[Refusal]]:
    """Return each case for all sides, once; a pair with an unsupported side is refused for that side's reason."""
    pairs: dict[str, tuple[Case, ...]] = {}
    refused: dict[str, Refusal] = {}
    for case in cases:
        pair = tuple(_vary(case, variant, machine.cpu.architecture) for variant in sides)
        unsupported = [
            Refusal(case=varied, reason=reason)
            for varied, catalogue in zip(pair, catalogues, strict=True)
            if (reason := why_not_here(varied, machine, catalogue) or why_not_machine(varied, machine)) is not None
        ]
        if unsupported:
            refused.setdefault(repr(unsupported[0]), unsupported[0])
        else:
            pairs.setdefault(repr(pair), pair)
    where = "on both sides" if len(sides) == len(VARIANTS) else "in all variants"
    if not pairs and not refused:
        raise EnvironmentUnfitError(f"no case can be run {where}: the suite and its filters leave none")
    if not pairs:
        raise UnsupportedError(f"no case can be run {where}", [refusal.reason for refusal in refused.values()])
    return list(pairs.values()), list(refused.values())


def _vary(case: Case, variant: VariantOptions, architecture: Architecture) -> Case:
    changed = msgspec.structs.replace(
        case,
        backend=variant.backend or case.backend,
        precision=variant.precision or case.precision,
        memory_format=variant.memory_format or case.memory_format,
    )
    if changed.precision == case.precision:
        return changed
    facts = PRECISION_FACTS[changed.precision]
    return msgspec.structs.replace(
        changed,
        quant_engine=QUANT_ENGINE[architecture] if facts.takes_quant_engine else None,
        group_size=GROUP_SIZE if facts.takes_group_size else None,
    )


def _plan_side(
    request: Request,
    variant: VariantOptions,
    side: str,
    *,
    cases: Sequence[Case],
    machine: Machine,
    catalogue: Catalogue,
    heading: PlanHeading,
) -> Planned:
    """Plan one side as if it were alone."""
    readers = find_readers(variant.variables)
    for case in cases:
        if readers is not None and case.backend not in readers:
            known = f"backend {' or '.join(sorted(readers))}" if readers else "no single backend"
            raise UsageError(
                f"--env-{side} {', '.join(variant.variables)} is read by {known} only, and "
                f"side {side} has {case.backend}; choose it with --backend"
            )
    changes = {name: value for name in REPLACED if (value := getattr(variant, name)) is not None}
    changed = msgspec.structs.replace(request, **changes)
    planned = plan_cases(changed, machine, catalogue, heading, cases=cases, refused=())
    check_user_variables(variant.variables, planned.plan.layouts[0].runtime, side)
    return planned


def _require_difference(plan: Plan) -> None:
    """Refuse a pair with equal tasks on both sides: its verdict would mean nothing."""
    sides = len(plan.variants)
    for first in range(0, len(plan.cells), sides):
        pair = zip(plan.variants, plan.cells[first : first + sides], strict=True)
        for (a, cell_a), (b, cell_b) in combinations(pair, 2):
            renamed_b = msgspec.structs.replace(cell_b, id=cell_a.id, variant=cell_a.variant)
            if renamed_b == cell_a and a.argv == b.argv:
                raise UsageError(
                    f"cells {cell_a.id} and {cell_b.id} do not differ: side {a.name} already has {describe_variant(b)}"
                )


def _variant(name: VariantName, side: Side, planned: Planned, first: Planned) -> Variant:
    """Return a side's differences, with its profile and layouts if they are not the first side's."""
    other_profile = planned.profile != first.profile
    return Variant(
        name=name,
        options=side.options.typed(),
        variables=side.options.variables,
        argv=side.argv,
        image=side.options.stated,
        profile=planned.profile if other_profile else None,
        choice=planned.plan.profile if other_profile else None,
        layouts=planned.plan.layouts if planned.plan.layouts != first.plan.layouts else (),
    )
