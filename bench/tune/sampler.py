"""Choose arms of a space that is too large to race as a whole, by a sampler of Optuna (extra `tune`)."""

from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec

from bench.errors import EnvironmentUnfitError
from bench.records.tuning import Knob, Settings

SAMPLER = "QMCSampler"


class SamplerMissingError(EnvironmentUnfitError):
    """A space has more arms than may race, and Optuna is not installed."""


def name_sampler() -> str:
    """Return the sampler with Optuna's version, for the record.

    Raises:
        SamplerMissingError: Optuna is not installed.
    """
    require_optuna()
    return f"optuna {version('optuna')} {SAMPLER}"


def require_optuna() -> None:
    """Make sure that Optuna is installed.

    Raises:
        SamplerMissingError: it is not; says how to install it, and how to do without.
    """
    if find_spec("optuna") is None:
        raise SamplerMissingError(
            "more than 50 arms are sampled by Optuna, which is not installed; "
            "install bench with the extra tune, or give fewer values with --knob"
        )


def sample_settings(knobs: Sequence[Knob], count: int, seed: int) -> list[Settings]:
    """Return different settings that fill a space evenly: a scrambled Sobol sequence over the knobs' values.

    It asks for no results: the race judges all of them in the same minutes, which a sampler that learns from one trial
    after the other could not.

    Method: Bergstra and Bengio, Random Search for Hyper-Parameter Optimization (JMLR 13, 2012), section 4.

    Args:
        knobs: The space; each knob may also stay as the profile has it.
        count: Points that are drawn; fewer are different.
        seed: Of the sequence.

    Raises:
        SamplerMissingError: Optuna is not installed.
    """
    require_optuna()
    import warnings

    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.QMCSampler(seed=seed % (1 << 32), warn_independent_sampling=False)
    space: dict[str, optuna.distributions.BaseDistribution] = {
        knob.name: optuna.distributions.IntDistribution(0, len(knob.values)) for knob in knobs
    }
    study = optuna.create_study(sampler=sampler)
    found: dict[str, Settings] = {}
    for _ in range(count):
        trial = study.ask(space)
        study.tell(trial, 0.0)  # the sampler takes its space from a trial that has ended
        settings = {knob.name: knob.values[place - 1] for knob in knobs if (place := trial.params[knob.name])}
        if settings:
            found[repr(settings)] = settings
    return list(found.values())
