"""A group of commands that knows what was probably meant."""

from __future__ import annotations

import click

from mlops_tui.core.errors import UnknownName


class Group(click.Group):
    """A group whose error for an unknown command names the nearest ones."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it; raises UnknownName for a command that is not there."""
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise UnknownName("command", args[0], known)
        return super().resolve_command(ctx, args)
