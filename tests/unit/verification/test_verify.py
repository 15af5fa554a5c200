import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from bench.bundle.archive import MODIFIED_S
from bench.bundle.content import format_members
from bench.bundle.envelope import MAX_SIGNATURES
from bench.bundle.seal import OUTER_LIMITS, Sealed, SigningKey, format_sealed, sign_seal
from bench.bundle.signers import Requirements
from bench.bundle.statement import parse_statement
from bench.errors import BundleError, UsageError
from bench.records.bundle import Contents
from bench.records.summary import Summary
from bench.verification.verify import verify_bundle
from tests.unit.bundle.builder import (
    CONTENTS,
    EPHEMERAL,
    NOW,
    OPERATOR,
    STRANGER,
    VENDOR,
    make_key,
    make_trust,
    open_parts,
    pack_content,
    refuse,
    seal,
    seal_contents,
    sign_raw,
    verify,
)

MEMBERS = format_members(CONTENTS)
BUNDLE = seal_contents(CONTENTS)
CO_SIGNED = seal_contents(CONTENTS, OPERATOR, VENDOR)
STATEMENT = open_parts(BUNDLE).statement


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("verify")


def test_an_intact_bundle_gives_back_what_was_sealed(folder: Path) -> None:
    verification = verify(BUNDLE, folder)
    assert verification.contents == CONTENTS
    assert verification.content_digest == f"sha256:{json.loads(STATEMENT)['subject'][0]['digest']['sha256']}"
    assert verification.origins["cpu.isa"] == "measured"
    assert verification.origins["firmware.bios_version"] == "stated"


def test_without_trust_an_intact_bundle_has_an_untrusted_signer(folder: Path) -> None:
    (signer,) = verify(BUNDLE, folder).signers
    assert (signer.fingerprint, signer.status, signer.owner) == (OPERATOR.fingerprint, "untrusted", None)


def test_a_run_without_a_key_has_an_ephemeral_signer(folder: Path) -> None:
    (signer,) = verify(seal_contents(CONTENTS, EPHEMERAL), folder).signers
    assert signer.status == "ephemeral"
    assert "not who ran it" in signer.reason


def test_an_ephemeral_key_is_never_trusted_even_if_the_store_lists_it(folder: Path) -> None:
    requirements = Requirements(
        trust=make_trust(operator=EPHEMERAL), keys=frozenset({EPHEMERAL.fingerprint}), roles=("operator",)
    )
    data = seal_contents(CONTENTS, EPHEMERAL)
    refuse(data, folder, "step 3 (signatures): not signed by the key", requirements)
    refuse(
        data,
        folder,
        "requires 1 trusted signatures and has 0",
        Requirements(trust=requirements.trust, roles=("operator",)),
    )


def test_a_key_file_can_vouch_for_a_run_sealed_by_an_ephemeral_key(folder: Path) -> None:
    data = seal_contents(CONTENTS, EPHEMERAL, VENDOR)
    verification = verify(data, folder, Requirements(trust=make_trust(vendor=VENDOR), roles=("vendor",)))
    assert [signer.status for signer in verification.signers] == ["ephemeral", "trusted"]


def test_both_roles_are_filled_by_two_signers(folder: Path) -> None:
    trust = make_trust(operator=OPERATOR, vendor=VENDOR)
    signers = verify(CO_SIGNED, folder, Requirements(trust=trust, roles=("operator", "vendor"))).signers
    assert [(signer.owner, signer.roles, signer.status) for signer in signers] == [
        ("operator@lab", ("operator",), "trusted"),
        ("vendor@lab", ("vendor",), "trusted"),
    ]


@pytest.mark.parametrize(
    ("data", "requirements", "words"),
    [
        pytest.param(
            BUNDLE,
            Requirements(trust=make_trust(operator=OPERATOR, vendor=VENDOR), roles=("operator", "vendor")),
            "role 'vendor' requires 1 trusted signatures and has 0",
            id="a missing co-signer",
        ),
        pytest.param(
            BUNDLE,
            Requirements(trust=make_trust(vendor=OPERATOR, operator=STRANGER), roles=("operator",)),
            "role 'operator' requires 1",
            id="a signer of another role",
        ),
        pytest.param(
            BUNDLE,
            Requirements(trust=make_trust(operator=STRANGER), roles=("operator",)),
            "does not know the key",
            id="a signer that the store does not know",
        ),
        pytest.param(
            BUNDLE,
            Requirements(keys=frozenset({STRANGER.fingerprint})),
            f"not signed by the key {STRANGER.fingerprint}",
            id="a key given by hand that has not signed",
        ),
    ],
)
def test_refuses_signers_who_do_not_suffice(data: bytes, requirements: Requirements, words: str, folder: Path) -> None:
    refuse(data, folder, words, requirements)


def test_a_key_given_by_hand_is_trusted(folder: Path) -> None:
    (signer,) = verify(BUNDLE, folder, Requirements(keys=frozenset({OPERATOR.fingerprint}))).signers
    assert (signer.status, signer.reason) == ("trusted", "the key was given by hand")


def test_roles_cannot_be_required_without_a_store(folder: Path) -> None:
    with pytest.raises(UsageError, match="no trust store is given"):
        verify(BUNDLE, folder, Requirements(roles=("operator",)))


def test_refuses_a_bundle_without_its_first_signature(folder: Path) -> None:
    parts = open_parts(seal_contents(CONTENTS, EPHEMERAL, VENDOR))
    stripped = Sealed(content=parts.content, statement=parts.statement, signatures=parts.signatures[1:])
    refuse(format_sealed(stripped), folder, "step 3 (signatures): the run was sealed by")


def test_refuses_a_signature_over_another_statement(folder: Path) -> None:
    parts = open_parts(BUNDLE)
    other = sign_seal(STATEMENT + b" ", OPERATOR.key)
    forged = Sealed(content=parts.content, statement=parts.statement, signatures=(other,))
    refuse(format_sealed(forged), folder, "is not valid for this statement")


def test_refuses_an_ssh_signature_over_another_statement(folder: Path) -> None:
    parts = open_parts(BUNDLE)
    other = replace(parts.signatures[0], ssh_value=sign_seal(STATEMENT + b" ", OPERATOR.key).ssh_value)
    forged = replace(parts, signatures=(other,))
    refuse(format_sealed(forged), folder, "step 3 (signatures): the SSH signature of SHA256:")


def test_refuses_other_content_under_a_true_statement(folder: Path) -> None:
    content = pack_content({**MEMBERS, "log/x.txt": b"more"})
    refuse(sign_raw(STATEMENT, content), folder, "step 4 (subject): content.tar has the digest")


def test_refuses_an_inner_archive_of_another_form(folder: Path) -> None:
    content = pack_content(MEMBERS)
    changed = content.replace(b"%011o" % MODIFIED_S, b"%011o" % (MODIFIED_S + 1), 1)
    refuse(seal(changed), folder, "step 5 (inner archive)")


def test_refuses_a_summary_that_does_not_follow_from_the_samples(folder: Path) -> None:
    changed = MEMBERS["summary.json"].replace(b'"point": 0.011', b'"point": 0.0105', 1)
    refuse(seal(pack_content({**MEMBERS, "summary.json": changed})), folder, "step 8 (summaries): summary.cells[0]")


def test_the_maker_of_summaries_is_an_argument(folder: Path) -> None:
    path = folder / "given.bench.tar"
    path.write_bytes(BUNDLE)
    other = Summary(method="student/1", cells=(), failed={}, drift=())
    with pytest.raises(BundleError, match="step 8"):
        verify_bundle(path, now=NOW, recompute=lambda *_: other)


def test_the_clock_decides_by_default_whether_a_store_has_expired(folder: Path) -> None:
    path = folder / "clock.bench.tar"
    path.write_bytes(BUNDLE)
    (signer,) = verify_bundle(path, Requirements(trust=make_trust(operator=OPERATOR))).signers
    assert signer.status in {"trusted", "untrusted"}
    assert signer.owner == "operator@lab"


def test_refuses_a_device_without_reading_it() -> None:
    with pytest.raises(UsageError, match="not a regular file"):
        verify_bundle(Path("/dev/zero"))


def test_refuses_a_file_of_ten_gibibytes_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "large.bench.tar"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 10 << 30)
    with pytest.raises(BundleError, match=f"at most {OUTER_LIMITS.total_bytes} are read"):
        verify_bundle(path)


def test_sixteen_signers_fit(folder: Path) -> None:
    others = [SigningKey(key=make_key(seed)) for seed in range(10, 10 + MAX_SIGNATURES - 1)]
    verification = verify(seal_contents(CONTENTS, OPERATOR, *others), folder)
    assert len(verification.signers) == MAX_SIGNATURES


def test_the_statement_names_the_key_that_sealed() -> None:
    assert parse_statement(STATEMENT).predicate.signer.fingerprint == OPERATOR.fingerprint


def test_contents_are_equal_records(folder: Path) -> None:
    contents: Contents = verify(BUNDLE, folder).contents
    assert format_members(contents) == MEMBERS
