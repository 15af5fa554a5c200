"""Plans that do not follow from profile, machine, suite and options: sealed by an attacker who did all else right."""

from collections.abc import Callable

from msgspec.structs import replace

from bench.records.bundle import Contents
from bench.records.case import Case
from bench.records.plan import Cell, Plan, Refusal
from bench.records.profile import Binding, Layout
from bench.records.reason import Reason
from bench.records.suite import CaseFilter, Suite
from bench.stats.order import order_round
from bench.suites.load import find_suite
from bench.workloads.registry import WORKLOADS
from tests.unit.bundle.attacks.attack import Attack
from tests.unit.bundle.attacks.records import machine, plan, topology
from tests.unit.bundle.builder import CONTENTS, make_sbom, seal_contents
from tests.unit.verification.planned import PAIR, PLANNED, REQUEST, make_contents, plan_run

Change = Callable[[Contents], Contents]

FIRST, SECOND = CONTENTS.plan.layouts
CELL = CONTENTS.plan.cells[0]


def cells(change: Callable[[Cell], Cell]) -> Change:
    """Change every cell of the plan."""
    return lambda contents: plan(cells=tuple(map(change, contents.plan.cells)))(contents)


def cell(**fields: object) -> Change:
    """Change the first cell of the plan."""
    return lambda contents: plan(cells=(replace(contents.plan.cells[0], **fields), *contents.plan.cells[1:]))(contents)


def layout(**fields: object) -> Change:
    """Change the first layout, and the cells in it."""

    def apply(contents: Contents) -> Contents:
        first, *others = contents.plan.layouts
        changed: Layout = replace(first, **fields)
        bound = {"instances": changed.instances, "runtime": changed.runtime, "layout": changed.name}
        in_it = (replace(cell, **bound) if cell.layout == first.name else cell for cell in contents.plan.cells)
        return plan(layouts=(changed, *others), cells=tuple(in_it))(contents)

    return apply


def bound(**fields: object) -> Change:
    """Bind the only instance of the first layout, and its cells, otherwise."""
    return layout(instances=(replace(FIRST.instances[0], **fields),))


def cpu(**fields: object) -> Change:
    return lambda contents: machine(cpu=replace(contents.machine.cpu, **fields))(contents)


def match(**fields: object) -> Change:
    """Change the profile's rule."""
    return lambda contents: profile(match=replace(contents.profile.match, **fields))(contents)


def profile(**fields: object) -> Change:
    return lambda contents: replace(contents, profile=replace(contents.profile, **fields))


def choice(**fields: object) -> Change:
    return lambda contents: plan(profile=replace(contents.plan.profile, **fields))(contents)


def request(**fields: object) -> Change:
    return lambda contents: replace(contents, request=replace(contents.request, **fields))


def policy(**fields: object) -> Change:
    return lambda contents: plan(policy=replace(contents.plan.policy, **fields))(contents)


def variant(**fields: object) -> Change:
    """Change side b of a pair."""
    return lambda contents: plan(variants=(contents.plan.variants[0], replace(contents.plan.variants[1], **fields)))(
        contents
    )


def with_variable(name: str, value: str) -> Change:
    return cells(lambda cell: replace(cell, environment=cell.environment | {name: value}))


def with_setting(value: str) -> Change:
    """Have every cell contradict a variable of the profile."""
    return with_variable("KMP_BLOCKTIME", value)


def renamed(suite: Suite, name: str) -> Change:
    return lambda contents: request(suite=suite)(plan(suite=name)(contents))


AMD = {"vendor": "AuthenticAMD", "microarchitecture": "zen4"}
MISFIT = Reason(code="condition_fails", values={"condition": "vendor", "wanted": "GenuineIntel", "found": "AMD"})
INT8: Case = replace(CELL.case, precision="fx_int8", quant_engine="x86")

NAMED = replace(REQUEST, profile="generic-x86-64-v4")
GENERIC = make_contents(plan_run(NAMED), NAMED)
BY_INTEL = replace(NAMED, openmp="intel", allocator="tcmalloc")
GENERIC_BY_INTEL = make_contents(plan_run(BY_INTEL), BY_INTEL)

OF_ANY_BENCH: list[tuple[str, Change, str]] = [
    ("an Intel profile that is said to fit an AMD", lambda c: cpu(**AMD)(match(vendor="GenuineIntel")(c)), "it wants vendor = GenuineIntel, and this machine has AuthenticAMD"),
    ("a profile for another microarchitecture", match(microarchitecture=("zen5",)), "it wants microarchitecture = zen5"),
    ("a profile for another architecture", match(architecture="aarch64"), "it wants architecture = aarch64"),
    ("a profile that wants flags which the machine lacks", match(isa=("amx_tile",)), "it wants the ISA flags amx_tile"),
    ("a profile for another maker's machines", match(system_vendor="Amazon"), "it wants system_vendor = Amazon"),
    ("a vendor's profile under an emulator", lambda c: cpu(emulated=True)(match(vendor="GenuineIntel")(c)), "it wants emulated = false"),
    ("a profile that is forced and fits", choice(forced=True, why_not={CONTENTS.profile.name: MISFIT}), "is said to be forced, but it fits the machine"),
    ("a forced profile without the reason against it", choice(forced=True), "if and only if it was forced"),
    ("a reason against the profile that was chosen", choice(why_not={CONTENTS.profile.name: MISFIT}), "if and only if it was forced"),
    ("a cell on other CPUs than its layout", cell(instances=(Binding(cpus="0", memory_nodes="0", threads=2),)), "ran on CPUs '0-1', the plan binds it to '0'"),
    ("cells and workers on other CPUs than their layout", plan(layouts=(replace(FIRST, instances=(replace(FIRST.instances[0], cpus="1", threads=1),)), SECOND)), "is bound to CPUs 0-1; its layout to 1"),
    ("a layout on CPUs that the run did not have", plan(layouts=(replace(FIRST, instances=(replace(FIRST.instances[0], cpus="0-7"),)), SECOND)), "layout latency is bound to CPUs 0-7; the run may use 0-1"),
    ("a layout on no CPUs", plan(layouts=(replace(FIRST, instances=(replace(FIRST.instances[0], cpus=""),)), SECOND)), "layout latency is bound to CPUs none"),
    ("more threads than CPUs", plan(layouts=(replace(FIRST, instances=(replace(FIRST.instances[0], threads=3),)), SECOND)), "layout latency has 3 threads on CPUs 0-1"),
    ("two instances on one CPU", plan(layouts=(FIRST, replace(SECOND, instances=(SECOND.instances[0],) * 2))), "layout throughput has two instances on one of the CPUs 0"),
    ("somebody's own model under a name of the catalogue", cell(case=replace(CELL.case, source=f"sha256:{'1' * 64}")), "a case of workload resnet50 names the source sha256:1"),
    ("a model of a source that the plan does not state", cell(case=replace(CELL.case, workload="file.mlp", source=f"sha256:{'1' * 64}")), "which gives no such workload"),
    ("two layouts of one name", plan(layouts=(FIRST, SECOND, FIRST)), "it may have one of each name"),
    ("a single core of two instances", plan(layouts=(FIRST, SECOND, replace(SECOND, name="single_core"))), "layout single_core has 2 instances; it is one by definition"),
    ("a single core of two threads", plan(layouts=(FIRST, SECOND, replace(FIRST, name="single_core"))), "layout single_core has 2 threads"),
    ("a layout with another runtime than the profile", layout(runtime=replace(FIRST.runtime, openmp="llvm")), "ran with openmp gnu, the plan has llvm"),
    ("a profile with another runtime than the layouts", profile(openmp=replace(CONTENTS.profile.openmp, value="intel")), "layout latency has openmp gnu; profile generic-x86-64-v4 and the options give 'intel'"),
    ("a profile with another allocator than the layouts", profile(allocator=replace(CONTENTS.profile.allocator, value="jemalloc")), "the options give 'jemalloc'"),
    ("an option for another runtime than was loaded", plan(layouts=(replace(FIRST, overridden=("--openmp llvm",)), SECOND)), "the options give 'llvm'"),
    ("an option for more instances than ran", plan(layouts=(FIRST, replace(SECOND, overridden=("--instances 4",)))), "layout throughput was planned with --instances '4', but has 2"),
    ("an option for more threads than ran", plan(layouts=(replace(FIRST, overridden=("--threads 4",)), SECOND)), "was planned with --threads '4', but has 2"),
    ("an option for other CPUs than were used", plan(layouts=(replace(FIRST, overridden=("--cpus 1",)), SECOND)), "was planned with --cpus '1', but has 0-1"),
    ("an option for other memory than was used", plan(layouts=(replace(FIRST, overridden=("--memory-nodes 1",)), SECOND)), "was planned with --memory-nodes '1', but has 0"),
    ("a cell in a layout that is not planned", plan(layouts=(FIRST,)), "is in layout throughput, which the plan does not have"),
    ("an fp32 cell that is called int8", lambda c: _rename(c, "0000-resnet50-fx_int8-latency"), "its case and layout give 0000-resnet50-fp32-latency"),
    ("a cell that is called another model", lambda c: _rename(c, "0000-resnet18-fp32-latency"), "its case and layout give 0000-resnet50-fp32-latency"),
    ("a cell at another place of the plan", lambda c: _rename(c, "0007-resnet50-fp32-latency"), "cell 0 of the plan is called 0007"),
    ("a cell with a variable of its own", cell(environment={"OMP_DYNAMIC": "FALSE", "OMP_WAIT_POLICY": "ACTIVE"}), "differ in environment, which is the same for a whole plan"),
    ("workers that run another program", plan(argv=("sh", "-c", "bench.worker")), "bench's run python -m bench.worker"),
    ("workers that run another module", plan(argv=("python", "-m", "evil")), "bench's run python -m bench.worker"),
    ("workers that run code beside the module", plan(argv=("python", "-c", "-m", "bench.worker")), "bench's run python -m bench.worker"),
    ("workers without a command", plan(argv=()), "bench's run python -m bench.worker"),
    ("a case that is measured and refused", plan(refused=(Refusal(case=CELL.case, reason=Reason(code="avx2_missing")),)), "is both in the plan and refused"),
]  # fmt: skip
"""What contradicts the definitions of the records, whichever bench made the bundle."""

OF_THIS_BENCH: list[tuple[str, Contents, Change, str]] = [
    ("another variable than the profile's", PLANNED, with_setting("0"), "has KMP_BLOCKTIME='0'; profile xeon-spr has '1'"),
    ("a library that is loaded before all others", PLANNED, with_variable("LD_PRELOAD", "/opt/fast.so"), "environment has LD_PRELOAD '/opt/fast.so', wanted None"),
    ("arithmetic of less precision than the case", PLANNED, with_variable("ONEDNN_DEFAULT_FPMATH_MODE", "BF16"), "environment has ONEDNN_DEFAULT_FPMATH_MODE 'BF16', wanted None"),
    ("fewer instructions than the CPU has", PLANNED, with_variable("ONEDNN_MAX_CPU_ISA", "AVX2"), "environment has ONEDNN_MAX_CPU_ISA 'AVX2', wanted None"),
    ("a variable of bench left out", PLANNED, cells(lambda cell: replace(cell, environment={"KMP_BLOCKTIME": "1"})), "environment has CUDA_VISIBLE_DEVICES None, wanted ''"),
    ("another unit of throughput", PLANNED, cells(lambda cell: replace(cell, unit="pictures")), "unit is 'pictures', wanted 'images'"),
    ("a profile with the name of one that bench has", PLANNED, profile(summary="Faster"), "profile xeon-spr is not the one that was asked for, or that fits best"),
    ("another source of a setting", PLANNED, lambda c: profile(instance_per=replace(c.profile.instance_per, source="me"))(c), "is not the one that was asked for"),
    ("a profile that is less specific than another", GENERIC_BY_INTEL, request(profile="auto"), "is not the one that was asked for, or that fits best"),
    ("a better profile that is said not to fit", PLANNED, lambda c: choice(why_not=c.plan.profile.why_not | {"zen4": Reason(code="not_named")})(c), "its plan is not what bench makes of what was asked for: profile is"),
    ("another reason for the profile", PLANNED, choice(reason=Reason(code="named")), "its plan is not what bench makes of what was asked for: profile is"),
    ("a note of idle CPUs left out", PLANNED, lambda c: plan(layouts=tuple(replace(layout, notes=()) for layout in c.plan.layouts))(c), "layouts is"),
    ("a suite with other cases than were measured", PLANNED, lambda c: request(suite=replace(c.request.suite, cases=(replace(c.request.suite.cases[0], batch_size=(4,)),)))(c), "it has 4 cells, wanted 2"),
    ("a suite with cases that were left out", PLANNED, lambda c: request(suite=replace(c.request.suite, cases=(replace(c.request.suite.cases[0], batch_size=(4, 8, 16)),)))(c), "it has 4 cells, wanted 6"),
    ("a suite of another shape", PLANNED, lambda c: request(suite=replace(c.request.suite, cases=(replace(c.request.suite.cases[0], shape={"image_size": 224}),)))(c), "case is Case("),
    ("a suite of another name", PLANNED, lambda c: request(suite=replace(c.request.suite, name="quick"))(c), "suite quick was asked for, the plan is of './tiny.toml'"),
    ("a suite with the name of one that bench has", PLANNED, renamed(replace(find_suite("smoke", WORKLOADS), layouts=("latency", "throughput")), "smoke"), "suite 'smoke' is not the one that comes with this bench"),
    ("a filter that leaves nothing", PLANNED, request(wanted=CaseFilter(mode=("training",))), "nothing of suite 'tiny' is left after the filters"),
    ("a filter for another model", PLANNED, request(wanted=CaseFilter(workload=("bert_base",))), "its plan does not follow from what was asked for"),
    ("layouts that nobody asked for", PLANNED, request(layouts=("latency",)), "layouts latency were asked for, the plan has latency, throughput"),
    ("an option that was not applied", PLANNED, request(threads=1), "layouts is"),
    ("more threads asked for than there are cores", PLANNED, request(threads=64), "--threads 64 is more than"),
    ("CPUs asked for that the run did not have", PLANNED, request(cpus="64"), "this process may use only 0-7"),
    ("a runtime asked for that was not loaded", PLANNED, request(openmp="gnu"), "layouts is"),
    ("a profile asked for that does not fit", PLANNED, request(profile="graviton3"), "profile graviton3 does not fit this machine"),
    ("a profile asked for that bench does not have", PLANNED, request(profile="xeon-x"), "profile xeon-x was asked for, which this bench does not have"),
    ("a file asked for, and a profile of bench used", PLANNED, request(profile="./mine.toml"), "profile ./mine.toml was asked for, but xeon-spr was used"),
    ("a quota that was not kept", PLANNED, lambda c: machine(limits=replace(c.machine.limits, cpu_quota=1.0))(c), "layouts is"),
    ("more memory that may be used than the layouts name", PLANNED, topology(allowed_memory_nodes="1"), "layouts is"),
    ("one more repetition than the suite asks for", PLANNED, lambda c: policy(repetitions_max=c.plan.policy.repetitions_max + 1)(c), "policy is"),
    ("a wider interval than the suite asks for", PLANNED, policy(target_ci_ratio=0.5), "policy is"),
    ("a budget that nobody set", PLANNED, policy(budget_s=1.0), "policy is"),
    ("a shorter timeout than was asked for", PLANNED, request(timeout_s=5.0), "policy is"),
    ("a refusal that bench does not make", PLANNED, plan(refused=(Refusal(case=INT8, reason=Reason(code="precision_not_offered")),)), "refused is"),
    ("packages refused that are installed", PLANNED, lambda c: _refuse_packages(c, "onnxruntime", "onnxruntime"), "environment.json lists it"),
    ("packages refused that the backend does not need", PLANNED, lambda c: _refuse_packages(c, "onnxruntime", "numpy"), "it needs others"),
    ("an Emerald Rapids with the numbers of a Sapphire Rapids", GENERIC, cpu(family=6, model=0x8F, microarchitecture="emeraldrapids"), "numbers are those of sapphirerapids, it is called emeraldrapids"),
    ("an Intel CPU with a core of AMD", GENERIC, cpu(microarchitecture="zen4"), "'GenuineIntel' family None is called zen4, which is AuthenticAMD family 25"),
    ("an x86-64 CPU with flags of Arm", PLANNED, lambda c: cpu(isa=tuple(sorted((*c.machine.cpu.isa, "sve2"))))(c), "an x86_64 CPU has the flags sve2"),
    ("cells of a plan without a request", PLANNED, lambda c: with_variable("LD_PRELOAD", "/opt/fast.so")(replace(c, request=None)), "its plan is not what bench makes of its cases"),
    ("a side with a variable that only its cells have", PAIR, with_variable("OMP_SCHEDULE", "STATIC"), "environment has OMP_SCHEDULE 'STATIC', wanted None"),
    ("a side with options that bench does not have", PAIR, variant(options=("--speed fast",)), "has options that bench does not have"),
    ("a side with an allocator that it did not ask for", PAIR, variant(options=("--env KMP_BLOCKTIME=0",)), "its plan is not what bench makes of what was asked for"),
    ("a side in another program", PAIR, lambda c: variant(argv=("/usr/bin/env", "-m", "evil"))(replace(c, environments={"b": c.environment})), "it may run another interpreter, by its path"),
    ("fewer pairs than a comparison takes", PAIR, policy(repetitions_min=1), "policy is"),
]  # fmt: skip
"""What this bench would not plan: with what was asked for, by its source, which made the bundle."""


def _rename(contents: Contents, name: str) -> Contents:
    """Call the first cell something else, wherever it is named."""
    old = CELL.id
    measurements = tuple(
        sorted(
            (replace(found, cell=name if found.cell == old else found.cell) for found in contents.measurements),
            key=lambda found: found.cell,
        )
    )
    first, *others = contents.summary.cells
    summary = replace(contents.summary, cells=(replace(first, cell=name), *others))
    cells = (replace(CELL, id=name), *contents.plan.cells[1:])
    seed = next(seed for seed in range(1000) if all(order_round(cells, number, seed) == cells for number in (0, 1)))
    renamed_plan: Plan = replace(contents.plan, cells=cells, order_seed=seed)
    return replace(contents, plan=renamed_plan, measurements=measurements, summary=summary)


def _refuse_packages(contents: Contents, backend: str, package: str) -> Contents:
    reason = Reason(code="packages_missing", values={"backend": backend, "packages": package})
    refused = Refusal(case=replace(contents.plan.cells[0].case, backend=backend), reason=reason)
    distribution = replace(contents.environment.distributions[0], name=package)
    environment = replace(contents.environment, distributions=(distribution,))
    return replace(plan(refused=(refused,))(contents), environment=environment, sbom=make_sbom(environment))


ANY_BENCH = [
    Attack(name=name, data=seal_contents(change(CONTENTS)), words=words) for name, change, words in OF_ANY_BENCH
]
THIS_BENCH = [
    Attack(name=name, data=seal_contents(change(contents)), words=words)
    for name, contents, change, words in OF_THIS_BENCH
]
