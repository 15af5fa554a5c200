"""The commands that check a bundle without bench, for `bench verify --explain`."""

import os
import shlex
from pathlib import Path

from bench.bundle.disclosure import format_line
from bench.bundle.envelope import PAYLOAD_TYPE
from bench.bundle.files import read_file
from bench.bundle.keys import file_stem, fingerprint, format_public_line
from bench.bundle.opening import open_sealed
from bench.bundle.seal import OUTER_LIMITS
from bench.bundle.sshsig import NAMESPACE
from bench.bundle.statement import PREDICATE_TYPE

_UNPACK = """\
# 1. Unpack, and extract the signed statement. Needs tar, sed, base64.
mkdir bundle-check
tar -xf {bundle} -C bundle-check
cd bundle-check
sed -n 's/^ "payload": "\\(.*\\)",$/\\1/p' statement.dsse.json | base64 -d > statement.json

# 2. The statement must name this very content.tar.
grep -F "$(sha256sum < content.tar | cut -c 1-64)" statement.json

# 3. DSSE signs the payload with its type and lengths in front.
printf 'DSSEv1 {type_length} {type} %d ' "$(wc -c < statement.json)" | cat - statement.json > signed.bin
"""

_OPENSSL = """\
# {fingerprint}
sed -n 's/.*"sig": "\\(.*\\)".*/\\1/p' signatures/{stem}.sigstore.json | base64 -d > signature.bin
openssl pkeyutl -verify -rawin -pubin -inkey signatures/{stem}.pub -in signed.bin -sigfile signature.bin
"""

_OPENSSH = """\
printf '%s\\n' '{fingerprint} {line}' > signer
ssh-keygen -Y verify -f signer -I {fingerprint} -n {namespace} -s signatures/{stem}.sshsig < statement.json
"""

_COSIGN = """\
cosign verify-blob-attestation --bundle signatures/{stem}.sigstore.json --key signatures/{stem}.pub \\
  --type {predicate_type} --insecure-ignore-tlog content.tar
"""

_READ = """\
# 7. Read the samples.
tar -xf content.tar
"""

_DISCLOSED = "grep -F \"$(printf '%s\\n' {line} | sha256sum | cut -c 1-64)\" private.json\n"


def shell_quote(text: str) -> str:
    r"""Return text as one word of a shell command, on one line; characters that do not show are written as `$'\nnn'`.

    Source: POSIX.1-2024, section 2.2.4, Dollar-Single-Quotes.
    """
    if text.isprintable():
        return shlex.quote(text)
    plain = range(0x20, 0x7F)
    octets = (
        chr(octet) if octet in plain and chr(octet) not in "\\'" else f"\\{octet:03o}" for octet in os.fsencode(text)
    )
    return f"$'{''.join(octets)}'"


def explain(path: Path) -> str:
    """Return a shell script that checks digest and signatures of a bundle without bench.

    The public keys in the bundle show that it is intact. To know who signed, replace `signatures/*.pub` by the key
    that you got from its owner.

    Args:
        path: The bundle.

    Raises:
        UsageError: no such file.
        BundleError: the outer file or a signature is not intact.
    """
    sealed = open_sealed(read_file(path, limit=OUTER_LIMITS.total_bytes))
    signers = [
        {
            "fingerprint": fingerprint(signature.key),
            "stem": file_stem(fingerprint(signature.key)),
            "line": format_public_line(signature.key),
            "namespace": NAMESPACE,
            "predicate_type": PREDICATE_TYPE,
        }
        for signature in sealed.signatures
    ]
    parts = [
        _UNPACK.format(bundle=shell_quote(str(path)), type=PAYLOAD_TYPE, type_length=len(PAYLOAD_TYPE)),
        "# 4. The signatures, with openssl 3.0 or later. To know who signed, take the key from its owner instead.\n"
        + "".join(_OPENSSL.format_map(signer) for signer in signers),
        "# 5. The SSH signature of the same statement, with ssh-keygen of OpenSSH 8.1 or later.\n"
        + "".join(_OPENSSH.format_map(signer) for signer in signers),
        "# 6. The envelope again, with cosign 3.0.6 or later.\n"
        + "".join(_COSIGN.format_map(signer) for signer in signers),
        _READ,
    ]
    if sealed.disclosures:
        lines = [format_line(field, disclosure).decode().rstrip() for field, disclosure in sealed.disclosures.items()]
        parts.append(
            "# 8. Private fields of disclosures.json: what was signed is the digest of each line.\n"
            + "".join(_DISCLOSED.format(line=shell_quote(line)) for line in lines)
        )
    return "\n".join(parts)
