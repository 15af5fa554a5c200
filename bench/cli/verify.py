"""`bench verify`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.list_option import list_option
from bench.cli.types import CommaList, FilePath
from bench.errors import BundleError, UsageError

if TYPE_CHECKING:
    from bench.bundle.signers import Requirements
    from bench.bundle.verdict_statement import OpenedStatement


@click.command(
    epilog="""\b
Examples:
  bench verify results/X.bench.tar
  bench verify results/X.bench.tar --key operator.pem.pub
  bench verify results/X.bench.tar --trust trust.json --require operator,vendor
  bench verify results/ archive/*.bench.tar
  bench verify results/qualification-X.dsse.json
  bench verify results/qualification-X.dsse.json unit/ good/ --policy acceptance.toml
"""
)
@click.argument("bundles", nargs=-1, required=True, metavar="BUNDLE|FOLDER...", type=FilePath())
@click.option("--trust", type=FilePath(), metavar="FILE", help="Trust store. A key in it must have signed.")  # fmt: skip
@click.option("--trust-key", "root_keys", multiple=True, type=FilePath(), metavar="PUB", help="Public key that must have signed the trust store. May be repeated.")  # fmt: skip
@click.option("--key", "keys", multiple=True, type=FilePath(), metavar="PUB", help="Public key that must have signed. May be repeated.")  # fmt: skip
@list_option("--require", type=CommaList(), metavar="ROLE,...", help="Roles in the trust store that must have signed.")
@click.option("--cited", multiple=True, type=FilePath(), metavar="BUNDLE", help="A cited bundle that is not in the folder of this one. May be repeated.")  # fmt: skip
@click.option("--policy", metavar="FILE", help="Policy of a qualification statement whose bundles are given too. Default: the shipped one of its name.")  # fmt: skip
@click.option("--explain", is_flag=True, help="Print commands that check the same without bench.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(  # noqa: PLR0917 - click passes options by keyword
    bundles: tuple[Path, ...],
    trust: Path | None,
    root_keys: tuple[Path, ...],
    keys: tuple[Path, ...],
    require: tuple[str, ...] | None,
    cited: tuple[Path, ...],
    policy: str | None,
    explain: bool,
    as_json: bool,
) -> None:
    """Verify bundles: integrity, signatures, statistics.

    Computes all summaries again from the raw samples. Prints who signed, and which hardware facts were not measured
    but only stated. Without --trust or --key no signer is trusted: only integrity is shown. Exit status 6 if a
    bundle does not verify.

    The bundle of a reproduction cites the bundle of the original run, and that of a tuning the stages before it.
    Cited bundles are verified too, if they are in the same folder or given with --cited; each stage must lead to
    the next.

    Several bundles, or a folder, get one line for each bundle; all cores are used. The statement of `bench qualify`
    (*.dsse.json) is verified with the key beside it: its verdicts must follow from its own values and limits. If its
    bundles and references are given too, all of that is computed from them again.
    """
    from bench.bundle.envelope import ENVELOPE_SUFFIX

    requirements = make_requirements(trust, root_keys, keys, require)
    if explain and as_json:
        raise UsageError("--explain and --json: --explain prints a shell script; leave out one of them")
    statements = [path for path in bundles if path.name.endswith(ENVELOPE_SUFFIX)]
    if len(statements) == 1:
        _verify_statement(statements[0], requirements, bundles, policy, cited, explain=explain, as_json=as_json)
    elif policy is not None:
        raise UsageError("--policy is for one qualification statement (*.dsse.json) and its bundles")
    elif len(bundles) == 1 and not bundles[0].is_dir():
        _verify_one(bundles[0], requirements, cited, explain=explain, as_json=as_json)
    elif explain or cited:
        raise UsageError(f"--explain and --cited take one bundle, but {len(bundles)} paths are given; give one bundle")
    else:
        _verify_many(bundles, requirements, as_json=as_json)


def make_requirements(
    trust: Path | None, root_keys: tuple[Path, ...], keys: tuple[Path, ...], require: tuple[str, ...] | None
) -> "Requirements":
    """Return whose signatures are trusted and required, from the options of `verify` and `report`.

    Raises:
        UsageError: a file cannot be read, or a key of a trust store is given without the store.
    """
    from bench.bundle.keys import fingerprint, read_public_key
    from bench.bundle.signers import Requirements
    from bench.cli.trust import load_trust

    if root_keys and trust is None:
        raise UsageError("--trust-key is given without --trust; name the trust store with --trust")
    return Requirements(
        trust=None if trust is None else load_trust(trust, root_keys),
        keys=frozenset(fingerprint(read_public_key(key)) for key in keys),
        roles=require or (),
    )


def _verify_one(
    bundle: Path, requirements: "Requirements", cited: Sequence[Path], *, explain: bool, as_json: bool
) -> None:
    from msgspec.structs import replace

    from bench.cli.console import print_json, print_report, print_text
    from bench.tune.earlier import follow_stages
    from bench.verification.chain import finder, follow_chain, require_cited
    from bench.verification.verify import verify_bundle

    verification = verify_bundle(bundle, requirements)
    find = finder(cited, bundle.absolute().parent, requirements)
    stages = follow_stages(verification, find)
    if stages.checked:
        unchecked = [reason for reason in verification.unchecked if reason.code != "earlier_stages_not_opened"]
        verification = replace(verification, unchecked=tuple(unchecked))
    links = (*follow_chain(verification, find), *stages.links)
    require_cited(cited, links)
    if explain:
        from bench.bundle.explain import explain as explain_bundle
        from bench.report.printable import join_lines

        print_text(join_lines(explain_bundle(bundle).split("\n")), nl=False)
    elif as_json:
        shown = {
            "intact": True,
            "content_digest": verification.content_digest,
            "signers": verification.signers,
            "origins": verification.origins,
            "unchecked": verification.unchecked,
            "hidden": verification.contents.hidden,
            "info": verification.contents.info,
            "emulated": verification.contents.machine.cpu.emulated,
            "chain": [
                {"cites": link.cites, "signers": None if link.found is None else link.found.signers} for link in links
            ],
        }
        print_json(shown)
    else:
        from bench.report.verification import render_verification

        print_report(lambda _: render_verification(verification, links), wide=False)


def _verify_many(paths: Sequence[Path], requirements: "Requirements", *, as_json: bool) -> None:
    from bench.cli.console import print_json, print_text
    from bench.report.verification import render_checked
    from bench.verification.verify_many import Checked, find_bundles, verify_many

    found = find_bundles(paths)
    results: list[Checked] = []
    for checked in verify_many(found, requirements):
        results.append(checked)
        if not as_json:
            print_text(render_checked(checked))
    if as_json:
        print_json(results)
    refused = sum(not checked.intact for checked in results)
    if refused:
        raise BundleError(f"{refused} of {len(results)} bundles do not verify")
    if not as_json:
        print_text(f"all {len(results)} bundles are intact")


def _verify_statement(
    path: Path,
    requirements: "Requirements",
    given: Sequence[Path],
    policy: str | None,
    cited: Sequence[Path],
    *,
    explain: bool,
    as_json: bool,
) -> None:
    """Verify a qualification or a triage; refuse options that it has no use for."""
    from bench.bundle.qualification import QUALIFICATION_TYPE
    from bench.bundle.triage_statement import TRIAGE_TYPE
    from bench.bundle.verdict_statement import open_statement

    if cited:
        raise UsageError(f"--cited {cited[0]}: a qualification and a triage cite no run; leave out --cited")
    opened = open_statement(path)
    judged = [other for other in given if other != path]
    if opened.predicate_type == TRIAGE_TYPE:
        _verify_triage(opened, requirements, judged, policy, explain=explain, as_json=as_json)
    elif opened.predicate_type == QUALIFICATION_TYPE:
        _verify_qualification(opened, requirements, judged, policy, explain=explain, as_json=as_json)
    else:
        raise BundleError(
            f"{path}: its predicateType is {opened.predicate_type!r:.200}; this bench verifies {QUALIFICATION_TYPE} and "
            f"{TRIAGE_TYPE}; if a newer bench wrote it, update bench"
        )


def _verify_qualification(
    opened: "OpenedStatement",
    requirements: "Requirements",
    judged: Sequence[Path],
    policy: str | None,
    *,
    explain: bool,
    as_json: bool,
) -> None:
    from bench.bundle.explain_qualification import explain_qualification
    from bench.bundle.qualification import verify_qualification
    from bench.cli.console import print_json, print_report, print_text
    from bench.report.printable import join_lines
    from bench.report.qualification import render_qualification
    from bench.report.verification import describe_signer

    if policy is not None and not judged:
        raise UsageError("--policy is given without the statement's bundles; name them beside it")
    proof = verify_qualification(opened, requirements)
    if judged:
        from bench.compare.qualification.again import judge_again
        from bench.compare.qualification.gather import read_units
        from bench.compare.qualification.load import find_policy

        loaded = find_policy(proof.qualification.policy.name if policy is None else policy)
        judge_again(proof.qualification, read_units(judged, requirements.trust), loaded)
    if explain:
        script = explain_qualification(opened, proof)
        print_text(join_lines(script.split("\n")), nl=False)
    elif as_json:
        shown = {
            "intact": True,
            "signer": proof.signer,
            "judged_again": bool(judged),
            "qualification": proof.qualification,
        }
        print_json(shown)
    else:
        print_text(f"intact, judged {proof.qualification.judged_at} by {describe_signer(proof.signer)}")
        held = "computed again from the bundles" if judged else "as the judge states; name the bundles to compute them"
        print_text(f"verdicts follow from values and limits, {held}")
        print_report(lambda width: render_qualification(proof.qualification, width), wide=False)


def _verify_triage(
    opened: "OpenedStatement",
    requirements: "Requirements",
    judged: Sequence[Path],
    policy: str | None,
    *,
    explain: bool,
    as_json: bool,
) -> None:
    from bench.bundle.triage_statement import verify_triage
    from bench.cli.console import print_json, print_report, print_text
    from bench.report.triage import render_triage
    from bench.report.verification import describe_signer

    if judged or policy is not None:
        raise UsageError(
            f"{opened.path}: a triage is verified alone; run bench triage over the bundles to judge them again"
        )
    if explain:
        raise UsageError(f"{opened.path}: --explain is for bundles and qualifications")
    proof = verify_triage(opened, requirements)
    if as_json:
        print_json({"intact": True, "signer": proof.signer, "triage": proof.triage})
        return
    print_text(f"intact, judged {proof.triage.judged_at} by {describe_signer(proof.signer)}")
    print_text(
        "verdicts follow from their numbers, as the judge states; bench triage over the bundles judges them again"
    )
    print_report(lambda width: render_triage(proof.triage, width), wide=False)
