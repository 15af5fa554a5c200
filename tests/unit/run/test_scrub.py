import pytest
from msgspec.structs import replace

from bench.bundle.sbom import render_sbom
from bench.profiles.load import load_profiles
from bench.records.bundle import Distribution
from bench.records.measurement import Failure
from bench.run.private_words import compile_text_cutter, compile_value_cutter, make_private_words
from bench.run.scrub import scrub_contents, scrub_failures, scrub_strings
from tests.builders import make_cell, make_measurement
from tests.unit.bundle.builder import CONTENTS, seal_contents

WORDS = make_private_words(["/home/alice.smith"], ["alice.smith"], "node7.lab.example")
MEASURED = make_measurement(make_cell())
FAILURE = Failure(
    reason="error",
    values={"exception": "OSError", "text": "on node7 it failed"},
    stderr=("node7.lab.example: out of memory", "node71 is another"),
)
FAILED = replace(MEASURED, stopped="failed", failure=FAILURE)


def test_output_of_failed_workers_does_not_reveal_the_hosts_name() -> None:
    (_, failed) = scrub_failures([MEASURED, FAILED], compile_text_cutter(WORDS))
    assert failed.failure is not None
    assert failed.failure.values == {"exception": "OSError", "text": "on host it failed"}
    assert failed.failure.stderr == ("host: out of memory", "node71 is another")


def test_all_else_stays() -> None:
    assert scrub_contents(CONTENTS, WORDS) == CONTENTS


@pytest.mark.parametrize("name", sorted(load_profiles()))
def test_a_shipped_profile_stays_whatever_the_users_name(name: str) -> None:
    profile = load_profiles()[name]
    words = make_private_words(["/home/intel"], ["intel", "amd", "pytorch", "github", "aws"], "github")
    assert scrub_strings(profile, compile_value_cutter(words)) == profile


def test_every_string_is_cut_wherever_it_is() -> None:
    nested = (CONTENTS.environment, {"a": ("/home/alice.smith/x", 1, None)})
    assert scrub_strings(nested, str.upper)[1] == {"a": ("/HOME/ALICE.SMITH/X", 1, None)}
    assert scrub_strings(nested, str.upper)[0].distributions[0].name == "NUMPY"


SECRETS = ("hunter2", "alice.smith", "/home/", "pw-note", "ghp_0123456789abcdef")


def test_no_planted_secret_is_in_any_byte_of_the_bundle() -> None:
    home = "/home/alice.smith"
    url = "https://alice:hunter2@git.internal/x"
    environment = replace(
        CONTENTS.environment,
        variables={"LD_LIBRARY_PATH": f"{home}/lib:/scratch/alice.smith", "TORCH_LOGS": url},
        distributions=(Distribution(name="mine", version=f"1.0+{url}", digest=None),),
        cpu_evidence={"error": f"OSError: {home}/cpuinfo"},
    )
    failed = CONTENTS.measurements[-1]
    failure = Failure(
        reason="error",
        values={"text": f"{url} refused alice.smith"},
        stderr=(f'File "{home}/a.py"', "password=hunter2"),
    )
    planted = replace(
        CONTENTS,
        info=replace(CONTENTS.info, note=f"from https://carol:pw-note@git.internal in {home}"),
        environment=environment,
        sbom=render_sbom(scrub_strings(environment, compile_value_cutter(WORDS))),
        image=replace(CONTENTS.image, labels={"org.opencontainers.image.source": url}),
        plan=replace(
            CONTENTS.plan, cells=tuple(replace(cell, environment={"CC": f"{home}/gcc"}) for cell in CONTENTS.plan.cells)
        ),
        measurements=(*CONTENTS.measurements[:-1], replace(failed, failure=failure)),
        logs={f"{failed.cell}.txt": f"ghp_0123456789abcdef {url} {home}".encode()},
    )
    before, after = seal_contents(planted), seal_contents(scrub_contents(planted, WORDS))
    assert all(secret.encode() in before for secret in SECRETS)
    assert [secret for secret in SECRETS if secret.encode() in after] == []
