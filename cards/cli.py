"""The command line: the group of commands, and the one place where errors become sentences.

Exit codes: 0 done, 1 problems found (`--strict`, `--check`), 2 wrong usage or nothing could be done.
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
# each command is a module of its own, which is imported when it is run: `cards --help` needs none of them
COMMANDS = {
    "build": "Make Anki decks (.apkg) from the notes in PATHS.",
    "diff": "Say what a build would change, card by card.",
    "init": "Write a commented cards.toml into FOLDER.",
    "lint": "Say which cards will be hard or useless to review.",
    "list": "List the cards that the notes in PATHS give, or what gave none.",
    "preview": "Show the cards as one HTML page.",
    "recover": "Rebuild a lost ledger from decks.",
    "retired": "List the cards whose takeaway is gone.",
    "verify": "Try an import in the real Anki.",
    "watch": "Rebuild the decks whenever a note is saved, until Ctrl-C.",
}


class _Group(click.Group):
    """A group whose commands are imported when they are run, and never show a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"cards.commands.{cmd_name}").command
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
            if isinstance(stream, TextIOWrapper):  # a terminal or a pipe that can't write a sign shows its number
                stream.reconfigure(errors="backslashreplace")
        if os.environ.get("NO_COLOR"):  # https://no-color.org; click itself goes by the terminal alone
            ctx.color = False
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            sys.stderr.close()
            ctx.exit(_DONE)
        except click.UsageError as error:  # names of files may stand in it
            from cards.commands.terminal import safe

            raise click.UsageError(safe(error.format_message()), error.ctx) from None
        except Exception as error:
            if isinstance(error, click.ClickException | click.Abort | click.exceptions.Exit) or os.environ.get(
                "CARDS_TRACEBACK"
            ):
                raise
            _say(error)
            ctx.exit(_FAILED)


def _say(error: Exception) -> None:
    """Print an error as a sentence."""
    from cards.commands.terminal import fault, safe
    from cards.model import CardsError

    said = str(error) if isinstance(error, CardsError | OSError) else fault(error)
    click.echo(f"{click.style('error', fg='red', bold=True)}: {safe(said)}", err=True)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cards")
def main() -> None:
    """Turn your notes into Anki decks, without markup in the notes."""
