"""The facts of a backend: everything that bench must know of it before torch is loaded."""

from bench.records.case import BackendName, Family, Precision
from bench.records.record import Record


class BackendFacts(Record, frozen=True, kw_only=True):
    """What is known of a backend without loading torch.

    Texts are one clause each: why something is not supported, then what to use instead.

    Attributes:
        runner: `module:Class` that runs it (`bench.variants.prepare.Runner`), loaded by the worker only.
        summary: One line for people.
        packages: Python packages that it needs beyond the core's lock.
        distributions: Installed distributions that no other backend imports, by normalized name (PEP 503), those that
            its packages need included. `compare` ignores their versions where nothing ran with this backend.
        no_training: Why it cannot train; None if it can.
        unsupported: Precisions that it cannot compute in → why not.
        unsupported_in_family: The same, for workloads of one family only.
        lays_out_itself: Its engine chooses the memory format, whatever the inputs have.
        folds_casts: It keeps the weights of inference as autocast cast them, so that an iteration reads the cast ones.
        packages_model: It compiles a model into a file, which other processes load.
        compiles: It starts the C++ compiler, and loads the programs that it makes.
        variables: Environment variables of the user that it reads, as globs. What no backend reads counts as read
            by all of them.
        ignored_variables: Names among those that change nothing for it.
        vendors: Of the CPUs that it is made for, as `Cpu.vendor` has them; empty for all.
        isa: Flags that a CPU needs for it, as `Cpu.isa` has them.
        no_machine: Why it does not run on other CPUs.
        quantizes: Precisions whose weights it quantizes itself, from a model in floating point.
        evidence: What its evidence holds if it took effect: name → pattern of the whole value. No other backend's holds
            such a name, unless it lists it too.
        added_evidence: What it may hold as well, where the user's variables change what the backend does.
    """

    name: BackendName
    runner: str
    summary: str
    packages: tuple[str, ...] = ()
    distributions: tuple[str, ...] = ()
    no_training: str | None = None
    unsupported: dict[Precision, str] = {}
    unsupported_in_family: dict[Family, dict[Precision, str]] = {}
    lays_out_itself: bool = False
    folds_casts: bool = False
    packages_model: bool = False
    compiles: bool = False
    variables: tuple[str, ...] = ()
    ignored_variables: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()
    isa: tuple[str, ...] = ()
    no_machine: str | None = None
    quantizes: tuple[Precision, ...] = ()
    evidence: dict[str, str] = {}
    added_evidence: dict[str, str] = {}
