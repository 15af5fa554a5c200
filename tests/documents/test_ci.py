"""The CI files of docs/ci follow the published schemas, and each of their scripts runs in a scratch repository."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.documents.ci_files import FOLDER, Step, load_yaml, read_github, read_gitlab, read_jenkins
from tests.documents.ci_host import JUDGE, MEASURE, NO_VENV, VENV, Host, copy_matching, make_host
from tests.little_memory import little_memory

JENKINS = ("sh", "-xec")


@pytest.fixture(scope="module")
def measuring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Host]]:
    """Give a function that makes a host on which small cells are measured."""
    folder = tmp_path_factory.mktemp("ci")

    def make(name: str) -> Host:
        (folder / name).mkdir()
        return make_host(folder / name, MEASURE, VENV)

    with little_memory():
        yield make


@pytest.fixture
def judging(tmp_path: Path) -> Host:
    """Make a host on which nothing is measured."""
    (tmp_path / "judging").mkdir()
    return make_host(tmp_path / "judging", JUDGE, NO_VENV)


def run_github(host: Host, job: str, **variables: str) -> tuple[bool, str]:
    """Run a job as GitHub does, with actions by stand-ins; return whether it passed, and what it printed."""
    passed, output = True, ""
    for step in read_github(job):
        if not passed and not step.always:
            continue
        if step.uses:
            act(host, step)
            continue
        own = {name: value if "${{" not in value else "7" for name, value in step.variables.items()}
        done = host.run(step, **own, **variables)
        passed &= done.returncode == 0
        output += done.stdout
    return passed, output


def act(host: Host, step: Step) -> None:
    """Do what an action does, or check what it is given."""
    inputs = {
        name: value.replace("${{ runner.temp }}", str(host.folder / "temp")) for name, value in step.inputs.items()
    }
    match step.uses:
        case "actions/checkout" if "ref" in inputs:
            host.git("clone", "--quiet", "--branch", inputs["ref"], str(host.folder / "origin.git"), inputs["path"])
        case "actions/checkout":
            assert inputs == {"fetch-depth": "2"}  # `work` is the merge, and has its parents
        case "actions/upload-artifact":
            (host.folder / inputs["name"]).mkdir()
            for pattern in inputs["path"].splitlines():
                copy_matching(pattern, host.work, host.folder / inputs["name"])
        case "actions/download-artifact":
            shutil.copytree(host.folder / inputs["name"], host.work / inputs.get("path", "."), dirs_exist_ok=True)
        case "pytorch/test-infra/.github/actions/upload-benchmark-results":
            assert (inputs["schema-version"], inputs["dry-run"]) == ("v3", "false")
            check_hud(host.work / inputs["benchmark-results-dir"])
        case other:
            pytest.fail(f"no stand-in for {other}")


def check_hud(folder: Path) -> None:
    (path,) = folder.glob("*.json")
    records = json.loads(path.read_text(encoding="utf-8"))
    assert {record["model"]["name"].split()[0] for record in records} == {"basic_gnn_gcn"}


def check_history(host: Host) -> None:
    """Check that the branch has the bundle beside what README made, and not the cache."""
    host.git("fetch", "--quiet", "origin", "bench-history")
    names = host.git("ls-tree", "--name-only", "FETCH_HEAD").splitlines()
    bundles = [name for name in names if name.endswith(".bench.tar")]
    assert (len(bundles), sorted(set(names) - set(bundles))) == (1, [".gitignore", "known.toml"])


def check_comment(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "basic_gnn_gcn" in text
    assert "scratch" in text  # the package that differs


@pytest.mark.parametrize(
    ("name", "schema"),
    [("github-workflow.yml", ["vendor.github-workflows"]),
     ("gitlab-ci.yml", ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"])],
)  # fmt: skip
def test_a_file_follows_the_published_schema_and_a_wrong_value_does_not(
    name: str, schema: list[str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *schema]
    done = subprocess.run([*command, FOLDER / name], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    text = (FOLDER / name).read_text(encoding="utf-8")
    wrong = tmp_path / name
    wrong.write_text(
        re.sub(r"^( +)(timeout-minutes|timeout):.*$", r"\1timeout: [never]", text, flags=re.MULTILINE), encoding="utf-8"
    )
    assert subprocess.run([*command, wrong], capture_output=True, check=False).returncode == 1


@pytest.mark.torch
@pytest.mark.slow
def test_each_script_of_the_github_workflow_runs(measuring: Callable[[str], Host]) -> None:
    host = measuring("github")
    jobs = load_yaml("github-workflow.yml")["jobs"]
    assert list(jobs) == ["nightly", "hud", "compare", "comment"]
    for job in jobs:
        passed, output = run_github(host, job)
        assert passed, output
    check_history(host)
    check_comment(host.work / "comment.md")
    summary = (host.folder / "summary.md").read_text(encoding="utf-8")
    assert "too few runs" in summary


@pytest.mark.torch
@pytest.mark.slow
def test_each_script_of_the_gitlab_jobs_runs(measuring: Callable[[str], Host]) -> None:
    host = measuring("gitlab")
    expected = {"nightly": 0, "history": 3, "compare": 0, "comment": 0}
    assert [job for job, body in load_yaml("gitlab-ci.yml").items() if "script" in body] == list(expected)
    for job, status in expected.items():
        (step,) = read_gitlab(job)
        shutil.rmtree(host.work / "history", ignore_errors=True)  # each job begins with a clean folder
        done = host.run(step)
        assert done.returncode == status, done.stdout
    check_history(host)
    check_hud(host.work / "benchmark-results")
    check_comment(host.work / "comment.md")


@pytest.mark.torch
@pytest.mark.slow
def test_each_script_of_the_jenkinsfile_runs(measuring: Callable[[str], Host]) -> None:
    host = measuring("jenkins")
    host.git("remote", "set-url", "origin", "https://bench:secret@git.example/group/project.git")
    for stage in ("Clean", "Nightly run", "History", "Base against head"):
        for step in read_jenkins(stage):
            done = host.run(step, JENKINS)
            assert done.returncode == (3 if "bench history" in step.script else 0), done.stdout
    check_history(host)
    check_hud(host.work / "benchmark-results")
    check_comment(host.work / "comment.md")


@pytest.mark.parametrize(
    ("job", "variable", "status", "outcome"),
    [
        ("nightly", "HISTORY", "0", "passes"),
        ("nightly", "HISTORY", "1", "fails"),
        ("nightly", "HISTORY", "2", "fails"),
        ("nightly", "HISTORY", "3", "passes with a warning"),
        ("nightly", "MEASURED", "3", "passes with a warning"),
        ("nightly", "MEASURED", "5", "fails"),
        ("compare", "MEASURED", "0", "passes"),
        ("compare", "MEASURED", "1", "fails"),
        ("compare", "MEASURED", "3", "passes with a warning"),
        ("compare", "MEASURED", "4", "fails"),
        ("compare", "MEASURED", "5", "fails"),
    ],
)
def test_the_exit_status_is_the_gate_in_github(
    job: str, variable: str, status: str, outcome: str, judging: Host
) -> None:
    passed, output = run_github(judging, job, **{variable: status})
    seen = ("passes with a warning" if "::warning::" in output else "passes") if passed else "fails"
    assert seen == outcome, output
    if job == "nightly":
        check_history(judging)


@pytest.mark.parametrize("status", ["0", "1", "3", "5"])
@pytest.mark.parametrize(
    ("job", "variable"), [("nightly", "MEASURED"), ("history", "HISTORY"), ("compare", "MEASURED")]
)
def test_the_exit_status_is_the_gate_in_gitlab(job: str, variable: str, status: str, judging: Host) -> None:
    (step,) = read_gitlab(job)
    done = judging.run(step, **{variable: status})
    assert done.returncode == int(status), done.stdout
    if job == "nightly":
        check_history(judging)
    assert load_yaml("gitlab-ci.yml")[".host"]["allow_failure"] == {"exit_codes": [3]}
    assert load_yaml("gitlab-ci.yml")[job]["extends"] == ".host"


def test_each_exit_status_is_judged_in_jenkins() -> None:
    text = (FOLDER / "Jenkinsfile").read_text(encoding="utf-8")
    judged = re.findall(r"int (\w+) = sh\(returnStatus", text)
    assert judged == re.findall(r"\bjudge\((\w+),", text) == ["measured", "judged", "compared"]
    assert all("||" not in step.script for step in read_jenkins("Base against head"))


def test_no_script_holds_an_expression_that_others_can_write() -> None:
    scripts = [step.script for job in load_yaml("github-workflow.yml")["jobs"] for step in read_github(job)]
    assert [script for script in scripts if "${{" in script] == []


def test_links_of_the_readme_lead_to_files() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)", text)
    assert links
    assert [link for link in links if not (FOLDER / link).exists()] == []
