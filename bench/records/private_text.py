"""Credentials and home folders in texts: find them, and cut them out."""

import re
from typing import Final, Literal

CUT: Final = "***"
"""In place of a credential."""

USER: Final = "user"
"""In place of a user's name."""

PrivateKind = Literal["credential", "home folder"]

_URL_USER: Final = re.compile(
    r"(?<=://)(?:[^\s/?#@'\"<>]{1,256}|[^\s:/@'\"<>]{0,128}:(?!\d+(?:[/?#]|$))[^\s@'\"<>]{1,256})@"
)
"""`user:password@` of a URL. RFC 3986 allows no slash in it; people write one. Lengths are bounded: a text may be hostile."""

_TOKEN: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,}|glpat-[\w-]{16,}|hf_[A-Za-z0-9]{20,}"
    r"|xox[abprs]-[A-Za-z0-9-]{10,}|sk-[A-Za-z0-9_-]{20,}|pypi-[A-Za-z0-9_-]{20,}|A[KS]IA[0-9A-Z]{16}"
    r"|eyJ[\w-]{8,2000}\.eyJ[\w-]{8,2000}\.[\w-]*)"
)
"""Forms by which services' tokens are known, so that scanners find them."""

_NAME: Final = (
    r"[\w.-]{0,64}(?:token(?!s)|secret|passw(?:or)?d|passphrase|credential|(?:api|access|private)[_-]?key)[\w.-]{0,64}"
)
_ASSIGNED: Final = re.compile(rf"(?i)(?<![\w.-])({_NAME}[\"']?\s{{0,8}}[=:]\s{{0,8}}[\"']?)([^\s\"'&,;]+)")
_AUTHORIZATION: Final = re.compile(r"(?i)\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{8,}")
_QUERY: Final = re.compile(rf"(?i)(?<=[?&])({_NAME}|sig|signature|auth)=[^\s\"'&#]+")

_HOME: Final = re.compile(r"/(home|Users)/(?!user(?![^/\s:;,'\"]))[^/\s:;,'\"]+")


def cut_credentials(text: str) -> str:
    """Return a text without users and passwords of URLs, secrets in their queries, and tokens of known form."""
    return _QUERY.sub(rf"\1={CUT}", _TOKEN.sub(CUT, _URL_USER.sub(f"{CUT}@", text)))


def cut_assignments(text: str) -> str:
    """Return a program's output without what it printed as `password=...`, or as the header Authorization."""
    return _ASSIGNED.sub(rf"\1{CUT}", _AUTHORIZATION.sub(rf"\1\2{CUT}", text))


def cut_other_homes(text: str) -> str:
    """Return a text with one word for the owner of each home folder."""
    return _HOME.sub(rf"/\1/{USER}", text)


def count_private(text: str) -> dict[PrivateKind, int]:
    """Return how many credentials and home folders are in a text; those that were cut out do not count."""
    credentials = [match[0] for pattern in (_URL_USER, _TOKEN, _QUERY) for match in pattern.finditer(text)]
    found: dict[PrivateKind, int] = {
        "credential": sum(CUT not in credential for credential in credentials),
        "home folder": len(_HOME.findall(text)),
    }
    return {kind: count for kind, count in found.items() if count}
