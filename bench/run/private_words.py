"""Cut from a text what nobody means to publish: credentials, home folders, and the names of users and of the host.

What is sealed in clear cannot be redacted later. So each text is cut before it is signed, always in the same way: texts
that were equal stay equal.
"""

import os
import pwd
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Final, NamedTuple

from bench.hardware.recording_scrub import HOST, compile_host_pattern
from bench.records.private_text import USER, cut_assignments, cut_credentials, cut_other_homes

HOME: Final = "~"
"""In place of the user's home folder."""

Cutter = Callable[[str], str]

_NAME_VARIABLES: Final = ("USER", "LOGNAME", "USERNAME", "SUDO_USER")

_NO_HOMES: Final = frozenset({"", "/", "/home", "/nonexistent", "/var/empty", "/dev/null", "/tmp"})  # noqa: S108 - no file is made
"""What accounts have that have no home."""

_COMMON_WORDS: Final = (
    "root user users admin nobody daemon bench torch python python3 build builder runner ci ubuntu debian fedora "
    "home lib lib64 bin sbin usr opt srv var etc tmp mnt data work src site packages dist share local scratch "
    "projects results proc sys dev run"
)
_ANYBODY: Final = frozenset(_COMMON_WORDS.split())
"""Names that identify nobody, or that are words of any path."""

_PATH: Final = re.compile(r"https?://[^\s'\"<>]*|(?:(?<![\w.-])|(?<=-[IL]))(/[^\s:;,'\"]*)")
"""An absolute path. Relative ones and those of web pages are names of sources and packages, such as `pypi/intel-openmp`,
which a user's name may be a word of."""


class PrivateWords(NamedTuple):
    """What identifies a user or a host in texts.

    Attributes:
        homes: Folders, the longest first.
        users: Names of accounts.
        host_name: Empty if unknown.
    """

    homes: tuple[str, ...]
    users: tuple[str, ...]
    host_name: str


def find_private_words(variables: Mapping[str, str], host_name: str) -> PrivateWords:
    """Return the words of the user who runs this process.

    Args:
        variables: The environment.
        host_name: Of the machine; empty if unknown.
    """
    homes, users = {variables.get("HOME", "")}, {variables.get(name, "") for name in _NAME_VARIABLES}
    with suppress(KeyError):  # a container's user need not be in its passwd
        account = pwd.getpwuid(os.getuid())
        homes.add(account.pw_dir)
        users.add(account.pw_name)
    return make_private_words(homes, users, host_name)


def make_private_words(homes: Iterable[str], users: Iterable[str], host_name: str) -> PrivateWords:
    """Return the words without those that identify nobody; very short names occur in paths by chance."""
    kept_homes = {home.rstrip("/") for home in homes if home.startswith("/")} - _NO_HOMES
    kept_users = {user for user in users if len(user) > 2 and not user.isdigit() and user.lower() not in _ANYBODY}
    return PrivateWords(
        homes=tuple(sorted(kept_homes, key=lambda home: (-len(home), home))),
        users=tuple(sorted(kept_users, key=lambda user: (-len(user), user))),
        host_name=host_name,
    )


def compile_value_cutter(words: PrivateWords) -> Cutter:
    """Return what cuts any value of a record: credentials of URLs, tokens, and names within paths only."""
    home = re.compile(rf"(?:(?<![\w.~-])|(?<=-[IL]))(?:{_join(words.homes)})(?![\w.-])")
    user, host = _compile_users(words), compile_host_pattern(words.host_name)

    def cut_path(match: re.Match[str]) -> str:
        return match[0] if match[1] is None else host.sub(HOST, user.sub(USER, match[1]))

    def cut(text: str) -> str:
        return _PATH.sub(cut_path, cut_other_homes(home.sub(HOME, cut_credentials(text))))

    return cut


def compile_text_cutter(words: PrivateWords) -> Cutter:
    """Return what cuts a program's output, where names stand anywhere and secrets are printed as `password=...`."""
    cut_value = compile_value_cutter(words)
    user, host = _compile_users(words), compile_host_pattern(words.host_name)

    def cut(text: str) -> str:
        return host.sub(HOST, user.sub(USER, cut_assignments(cut_value(text))))

    return cut


def _compile_users(words: PrivateWords) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9])(?:{_join(words.users)})(?![A-Za-z0-9])", re.IGNORECASE)


def _join(words: Iterable[str]) -> str:
    """Return alternatives of a pattern; one that matches nothing if there are none."""
    return "|".join(map(re.escape, words)) or "(?!)"
