"""What verification proved, as text: three answers, never one green tick."""

from bench.bundle.verification import Signer, Verification


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
    if info.emulated:
        lines.append("EMULATED   this run never qualifies hardware")
    return "\n".join(lines)


def _describe_signer(signer: Signer) -> str:
    owner = f" of {signer.owner}" if signer.owner else ""
    roles = f" as {', '.join(signer.roles)}" if signer.roles else ""
    return f"{signer.fingerprint}{owner}{roles}: {signer.status} ({signer.reason})"
