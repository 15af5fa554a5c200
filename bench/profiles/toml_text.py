"""A profile as the text of its file: what `bench.profiles.load` reads."""

import json
from collections.abc import Iterator, Mapping

import msgspec

from bench.records.profile import Profile


def render_profile_toml(profile: Profile) -> str:
    """Return a profile's file. Every text of a profile is one line, so a basic string of TOML can hold it."""
    return "\n".join(_list_lines(msgspec.to_builtins(profile)))


def _list_lines(profile: Mapping[str, object]) -> Iterator[str]:
    single = {name: value for name, value in profile.items() if isinstance(value, str)}
    yield from _list_pairs(single)
    for name, value in profile.items():
        if isinstance(value, dict):
            yield from ("", f"[{name}]", *_list_pairs(value))
        elif not isinstance(value, str):
            for entry in value if isinstance(value, list | tuple) else ():
                yield from ("", f"[[{name}]]", *_list_pairs(entry))
    yield ""


def _list_pairs(table: Mapping[str, object]) -> Iterator[str]:
    """Yield a line for each value: a text, a number, or a list of either, which JSON and TOML write alike."""
    for name, value in table.items():
        yield f"{name} = {json.dumps(value, ensure_ascii=False)}".replace("\x7f", "\\u007f")
