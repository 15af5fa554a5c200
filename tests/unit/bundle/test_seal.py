import pytest
from msgspec.structs import replace

from bench.bundle.envelope import MAX_SIGNATURES
from bench.bundle.seal import SigningKey, add_signature, format_sealed, parse_sealed, read_outer_archive
from bench.errors import UsageError
from tests.unit.bundle.builder import (
    CONTENTS,
    EPHEMERAL,
    OPERATOR,
    VENDOR,
    make_key,
    open_parts,
    seal_contents,
    unpack,
)

BUNDLE = seal_contents(CONTENTS)


def test_equal_contents_and_key_give_equal_bytes() -> None:
    assert seal_contents(replace(CONTENTS, logs=dict(CONTENTS.logs))) == BUNDLE


def test_parse_inverts_format() -> None:
    assert format_sealed(parse_sealed(read_outer_archive(BUNDLE))) == BUNDLE


def test_members_are_content_disclosures_statement_and_three_files_a_signer() -> None:
    names = list(unpack(seal_contents(CONTENTS, OPERATOR, VENDOR)))
    assert names[:2] == ["content.tar", "disclosures.json"]
    assert names[-1] == "statement.dsse.json"
    assert (
        sorted(name.rpartition("/")[2][64:] for name in names[2:-1])
        == [".pub"] * 2 + [".sigstore.json"] * 2 + [".sshsig"] * 2
    )


def test_a_second_signature_changes_neither_content_nor_statement() -> None:
    before, after = open_parts(BUNDLE), open_parts(seal_contents(CONTENTS, OPERATOR, VENDOR))
    assert (after.content, after.statement) == (before.content, before.statement)
    assert after.signatures[:1] == before.signatures


@pytest.mark.parametrize(
    ("signer", "words"),
    [
        pytest.param(EPHEMERAL, "an ephemeral key cannot", id="an ephemeral key"),
        pytest.param(OPERATOR, "has signed this bundle already", id="a key that has signed"),
    ],
)
def test_refuses_to_add_the_signature_of(signer: SigningKey, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        add_signature(open_parts(BUNDLE), signer)


def test_refuses_to_add_a_signature_that_does_not_fit() -> None:
    sealed = open_parts(BUNDLE)
    for seed in range(20, 20 + MAX_SIGNATURES - 1):
        sealed = add_signature(sealed, SigningKey(key=make_key(seed)))
    with pytest.raises(UsageError, match="which is the most"):
        add_signature(sealed, VENDOR)


def test_an_ephemeral_key_is_new_each_time() -> None:
    one, other = SigningKey.ephemeral(), SigningKey.ephemeral()
    assert one.fingerprint != other.fingerprint
    assert one.kind == "ephemeral"
