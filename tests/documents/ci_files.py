"""The shell scripts in the CI files of docs/ci, in the order in which the systems run them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

FOLDER = Path(__file__).parents[2] / "docs/ci"
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
"""As GitHub runs steps with `shell: bash`, and much as GitLab runs a job's script."""

_SH = re.compile(r"\bsh (?:'''(?P<block>.*?)'''|'(?P<line>[^'\n]*)')|\bsh\(returnStatus: true, script: '(?P<judged>[^'\n]*)'\)", re.DOTALL)  # fmt: skip


class Step(NamedTuple):
    """A step of a job.

    Attributes:
        script: For the shell; empty if an action does the step.
        uses: The action, without its version; empty if there is a script.
        inputs: Of the action.
        folder: In which the script runs, relative to the job's.
        variables: Of this step, with expressions as they stand.
        always: Whether it also runs after a step that failed.
        is_judged: Whether a failing script is no failure by itself (Jenkins' returnStatus).
    """

    script: str = ""
    uses: str = ""
    inputs: dict[str, str] = {}  # noqa: RUF012 - never changed
    folder: str = "."
    variables: dict[str, str] = {}  # noqa: RUF012 - never changed
    always: bool = False
    is_judged: bool = False


def load_yaml(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def read_github(job: str) -> list[Step]:
    """Return the steps of a job of the GitHub workflow."""
    return [
        Step(
            script=step.get("run", ""),
            uses=step.get("uses", "").partition("@")[0],
            inputs={name: str(value) for name, value in step.get("with", {}).items()},
            folder=step.get("working-directory", "."),
            variables=step.get("env", {}),
            always="!cancelled()" in step.get("if", ""),
        )
        for step in load_yaml("github-workflow.yml")["jobs"][job]["steps"]
    ]


def read_gitlab(job: str) -> list[Step]:
    """Return the one script that GitLab makes of a job's lines."""
    return [Step(script="\n".join(load_yaml("gitlab-ci.yml")[job]["script"]))]


def read_jenkins(stage: str) -> list[Step]:
    """Return the `sh` steps of a stage of the Jenkinsfile."""
    return list(_read_sh_steps(_find_stages()[stage]))


def _find_stages() -> dict[str, str]:
    text = (FOLDER / "Jenkinsfile").read_text(encoding="utf-8")
    parts = re.split(r"stage\('([^']+)'\)", text.partition("\n// Status 3")[0])
    stages = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert sum(len(list(_read_sh_steps(body))) for body in stages.values()) == len(re.findall(r"\bsh\b[ (]", text))
    return stages


def _read_sh_steps(text: str) -> Iterator[Step]:
    for found in _SH.finditer(text):
        judged = found["judged"] is not None
        yield Step(script=found["judged"] if judged else found["block"] or found["line"], is_judged=judged)
