"""What verification proved, as text: three answers, never one green tick."""

from collections.abc import Sequence

from bench.bundle.signers import Signer
from bench.records.bundle import Contents
from bench.records.image import Image
from bench.report.printable import PrintableText, join_lines
from bench.report.reasons import describe_reason
from bench.verification.chain import Link
from bench.verification.verification import Verification
from bench.verification.verify_many import Checked


def render_verification(verification: Verification, links: Sequence[Link] = ()) -> PrintableText:
    """Return the lines: integrity, signers, where hardware facts come from as the signer states, and reproductions."""
    lines = []
    for label, texts in list_proof(verification, links):
        lines += [f"{heading:<10} {text}" for heading, text in zip((label, *[""] * len(texts)), texts, strict=False)]
    return join_lines(lines)


def list_proof(verification: Verification, links: Sequence[Link] = ()) -> list[tuple[str, list[str]]]:
    """Return what verification proved, and what it could not check: labels, each with its sentences."""
    contents = verification.contents
    info, summary = contents.info, contents.summary
    stated = sorted(field for field, origin in verification.origins.items() if origin == "stated")
    proof = [
        (
            "intact",
            [
                f"run {info.run_id}, bench {info.bench_version}, {info.started_at} to {info.finished_at}",
                f"content.tar {verification.content_digest}",
                f"{len(summary.cells)} summaries follow from their raw samples, {len(summary.failed)} cells have none",
            ],
        ),
        *(("signed by", [describe_signer(signer)]) for signer in verification.signers),
        (
            "hardware",
            [
                f"{len(verification.origins) - len(stated)} fields read from the kernel in the run, as the signer states",
                f"{len(stated)} merely stated by firmware or hypervisor: {', '.join(stated) or 'none'}",
            ],
        ),
        *(("unchecked", [describe_reason(reason)]) for reason in verification.unchecked),
        ("image", _describe_image(contents.image)),
        ("hidden", _describe_hidden(contents)),
        *(("cites", [_describe_link(link)]) for link in links),
        ("EMULATED", ["this run never qualifies hardware"] if contents.machine.cpu.emulated else []),
    ]
    return [(label, texts) for label, texts in proof if texts]


def _describe_image(image: Image) -> list[str]:
    """The image that the run was in: its own labels, and what whoever started it says; a run sees neither engine nor digest."""
    if not image.inside:
        return []
    revision = image.labels.get("org.opencontainers.image.revision") or "an unknown revision"
    if image.stated is None:
        return [f"of {revision} by its own labels; its digest is not stated"]
    stated = image.stated
    names = ", ".join(stated.repo_digests) or "built on that host"
    return [
        f"of {revision} by its own labels; {stated.architecture}, {names}",
        f"{stated.id}, as {stated.engine} on its host states",
    ]


def _describe_hidden(contents: Contents) -> list[str]:
    if not contents.hidden:
        return []
    lines = [f"{', '.join(contents.hidden)}; digests of them are signed"]
    maker = contents.profile.match.system_vendor
    if maker is not None and "firmware.system_vendor" in contents.hidden:
        lines.append(
            f"so nobody can check that profile {contents.profile.name} fits, which wants a machine made by {maker}"
        )
    return lines


def render_checked(checked: Checked) -> str:
    """One bundle of many, in a line."""
    if not checked.intact:
        return f"refused  {checked.error}"
    signers = "; ".join(f"{signer.fingerprint} {signer.owner or ''} ({signer.status})" for signer in checked.signers)
    unchecked = "; unchecked in part" if checked.unchecked else ""
    return f"intact   {checked.bundle}: {' '.join(signers.split())}{unchecked}"


def describe_signer(signer: Signer) -> str:
    """A key, whose it is as far as is known, and whether it is trusted, with the reason."""
    owner = f" of {signer.owner}" if signer.owner else ""
    roles = f" as {', '.join(signer.roles)}" if signer.roles else ""
    return f"{signer.fingerprint}{owner}{roles}: {signer.status} ({signer.reason})"


def _describe_link(link: Link) -> str:
    cited = f"run {link.cites.run_id}, {link.cites.content_digest}"
    if link.found is None:
        return f"{cited}: not at hand, give it with --cited"
    signers = "; ".join(describe_signer(signer) for signer in link.found.signers)
    return f"{cited}: found, intact, signed by {signers}"
