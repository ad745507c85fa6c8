"""Command line: the group of commands, and the one place that turns exceptions into messages.

Exit codes: 0 success, 1 problems found (with `--strict`, `--check`, `lint` and `verify`), 2 wrong usage or failure.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import click

from cards import __version__

_DONE, _FAILED = 0, 2
# a command's module is imported only when the command runs: `cards --help` needs none of them
COMMANDS = {
    "anki-addon": "Write the add-on that lets `cards push` work while Anki is open.",
    "build": "Make Anki decks (.apkg) from the notes in PATHS.",
    "diff": "Show what a build would change, card by card.",
    "edits": "Show what was edited in Anki, or a patch of the notes.",
    "help": "Show what COMMAND does.",
    "init": "Write a commented cards.toml into FOLDER.",
    "lint": "Find cards that will be hard or useless to review.",
    "list": "List the cards from the notes in PATHS, or the skipped takeaways.",
    "preview": "Show the cards as one HTML page.",
    "push": "Bring the cards of the notes in PATHS into Anki.",
    "recover": "Rebuild a lost ledger from decks.",
    "retired": "List cards whose takeaway is gone.",
    "undo": "Take the last push back.",
    "verify": "Test an import in the real Anki.",
    "watch": "Rebuild the decks whenever a note is saved, until Ctrl-C.",
}


class _Group(click.Group):
    """Group that imports a command only when it runs, and shows messages instead of tracebacks."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"cards.commands.{cmd_name.replace('-', '_')}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):  # characters outside the stream's encoding are escaped
                stream.reconfigure(errors="backslashreplace")
        if os.environ.get("NO_COLOR"):  # https://no-color.org, which click does not support
            ctx.color = False
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            sys.stderr.close()
            ctx.exit(_DONE)
        except click.UsageError as error:  # its message can contain file names
            from cards.commands.terminal import safe

            raise click.UsageError(safe(error.format_message()), error.ctx) from None
        except Exception as error:
            of_click = isinstance(error, click.ClickException | click.Abort | click.exceptions.Exit)
            if of_click or os.environ.get("CARDS_TRACEBACK"):
                raise
            _print(error)
            ctx.exit(_FAILED)


def _print(error: Exception) -> None:
    """Print an exception as a message on stderr."""
    from cards.commands.terminal import internal_error, safe
    from cards.model import CardsError

    message = str(error) if isinstance(error, CardsError | OSError) else internal_error(error)
    click.echo(f"{click.style('error', fg='red', bold=True)}: {safe(message)}", err=True)


@click.group(cls=_Group, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cards")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Turn your notes into Anki decks, without markup in the notes."""
    if ctx.invoked_subcommand is None:
        from cards.commands.start import say

        say(ctx)
