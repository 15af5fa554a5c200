"""What verification proved, as text: three answers, never one green tick."""

from bench.bundle.verification import Signer, Verification
from bench.records.bundle import Contents


def render_verification(verification: Verification) -> str:
    """Intact; signed by whom; what of the hardware was measured and what merely stated."""
    contents = verification.contents
    info, summary = contents.info, contents.summary
    stated = sorted(field for field, origin in verification.origins.items() if origin == "stated")
    lines = [
        f"intact     run {info.run_id}, bench {info.bench_version}, {info.started_at} to {info.finished_at}",
        f"           content.tar {verification.content_digest}",
        f"           {len(summary.cells)} summaries follow from their raw samples, {len(summary.failed)} cells have none",
        *(f"signed by  {_describe_signer(signer)}" for signer in verification.signers),
        f"hardware   {len(verification.origins) - len(stated)} fields measured in the run",
        f"           {len(stated)} merely stated by firmware or hypervisor: {', '.join(stated) or 'none'}",
    ]
    lines += _describe_hidden(contents)
    if info.emulated:
        lines.append("EMULATED   this run never qualifies hardware")
    return "\n".join(lines)


def _describe_hidden(contents: Contents) -> list[str]:
    if not contents.hidden:
        return []
    lines = [f"hidden     {', '.join(contents.hidden)}; digests of them are signed"]
    maker = contents.profile.match.system_vendor
    if maker is not None and "firmware.system_vendor" in contents.hidden:
        lines.append(
            f"           so nobody can check that profile {contents.profile.name} fits, which wants a machine made by {maker}"
        )
    return lines


def _describe_signer(signer: Signer) -> str:
    owner = f" of {signer.owner}" if signer.owner else ""
    roles = f" as {', '.join(signer.roles)}" if signer.roles else ""
    return f"{signer.fingerprint}{owner}{roles}: {signer.status} ({signer.reason})"
