"""Pages: a template filled with data, with its style and script inside, and a policy that lets nothing else in."""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bench.report.printable import printable


def render_document(template: str, **context: object) -> str:
    """Return a page.

    Args:
        template: Name of a file in `templates/`.
        context: What the template shows. Texts are escaped; only `Markup` is not.
    """
    return _environment().get_template(template).render(context)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bench.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_show,
    )
    style, script = _read("style.css"), _read("script.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'; "
        "form-action 'none'"
    )
    environment.globals.update(style=Markup(style), script=Markup(script), policy=policy)  # noqa: S704 - bench's own files
    return environment


def _show(value: object) -> object:
    """Spell out what does not show in a text: a page must not hide or reorder what a bundle says."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _read(name: str) -> str:
    return files("bench.report.html").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
