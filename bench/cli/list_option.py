"""Options whose value is a list."""

from collections.abc import Sequence
from functools import partial

import click
from typing_extensions import override


class ListOption(click.Option):
    """An option of words joined by commas; given twice, it has the words of both.

    click keeps the last one alone, and says nothing: of two `--require` a bundle would only have to meet one.
    """

    @override
    def type_cast_value(self, ctx: click.Context, value: Sequence[str]) -> object:
        return self.type(",".join(value), param=self, ctx=ctx)

    @override
    def process_value(self, ctx: click.Context, value: object) -> object:
        found = super().process_value(ctx, value)
        return None if found == () else found  # click's value of an option that was not given


list_option = partial(click.option, cls=ListOption, multiple=True)
"""`click.option` of a list."""
