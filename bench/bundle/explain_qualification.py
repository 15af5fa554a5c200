"""The commands that check a qualification statement without bench, for `bench verify --explain`."""

from bench.bundle.envelope import ENVELOPE_SUFFIX, PAYLOAD_TYPE
from bench.bundle.explain import shell_quote
from bench.bundle.keys import fingerprint, format_public_line
from bench.bundle.qualification import QUALIFICATION_TYPE, QualificationProof
from bench.bundle.sshsig import NAMESPACE
from bench.bundle.verdict_statement import KEY_SUFFIX, SIGSTORE_SUFFIX, SSH_SUFFIX, OpenedStatement

_SCRIPT = """\
cd {folder}
bundle=${{bundle:-{run_id}.bench.tar}}  # the path of a bundle that was judged

# 1. Extract the signed statement. Needs sed, base64.
sed -n 's/^ "payload": "\\(.*\\)",$/\\1/p' {envelope} | base64 -d > statement.json

# 2. The statement must name the content.tar of each bundle that was judged. Needs tar.
tar -xf "$bundle" content.tar
grep -F "$(sha256sum < content.tar | cut -c 1-64)" statement.json

# 3. DSSE signs the payload with its type and lengths in front.
printf 'DSSEv1 {type_length} {type} %d ' "$(wc -c < statement.json)" | cat - statement.json > signed.bin

# 4. The signature, with openssl 3.0 or later. To know who signed, take the key from its owner instead.
# {fingerprint}
sed -n 's/.*"sig": "\\(.*\\)".*/\\1/p' {envelope} | base64 -d > signature.bin
openssl pkeyutl -verify -rawin -pubin -inkey {key} -in signed.bin -sigfile signature.bin

# 5. The SSH signature of the same statement, with ssh-keygen of OpenSSH 8.1 or later.
printf '%s\\n' '{fingerprint} {line}' > signer
ssh-keygen -Y verify -f signer -I {fingerprint} -n {namespace} -s {ssh} < statement.json

# 6. The envelope again, with cosign 3.0.6 or later.
cosign verify-blob-attestation --bundle {sigstore} --key {key} \\
  --type {predicate_type} --insecure-ignore-tlog content.tar
"""


def explain_qualification(opened: OpenedStatement, proof: QualificationProof) -> str:
    """Return a shell script that checks digests and signatures of a qualification statement without bench.

    Args:
        opened: The statement, with its key and its other signatures beside its envelope.
        proof: As verification of it returned.
    """
    return _SCRIPT.format(
        folder=shell_quote(str(opened.path.parent)),
        run_id=proof.qualification.bundles[0].run_id,
        **{
            name: shell_quote(opened.path.name.removesuffix(ENVELOPE_SUFFIX) + suffix)
            for name, suffix in (
                ("envelope", ENVELOPE_SUFFIX),
                ("key", KEY_SUFFIX),
                ("sigstore", SIGSTORE_SUFFIX),
                ("ssh", SSH_SUFFIX),
            )
        },
        fingerprint=fingerprint(opened.key),
        line=format_public_line(opened.key),
        namespace=NAMESPACE,
        type=PAYLOAD_TYPE,
        type_length=len(PAYLOAD_TYPE),
        predicate_type=QUALIFICATION_TYPE,
    )
