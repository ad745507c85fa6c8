"""`cards help`."""

from __future__ import annotations

import click


@click.command("help")
@click.argument("name", metavar="[COMMAND]", required=False)
@click.pass_context
def command(ctx: click.Context, name: str | None) -> None:
    """Show what COMMAND does, or all commands."""
    above = ctx.parent
    assert above is not None
    group = above.command
    assert isinstance(group, click.Group)
    if name is None:
        click.echo(above.get_help())
        return
    found_name, found, _ = group.resolve_command(above, [name])
    assert found is not None
    with click.Context(found, info_name=found_name, parent=above) as inner:
        click.echo(found.get_help(inner))
