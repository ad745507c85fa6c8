"""`cards edits`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cards.commands.options import of_notes
from cards.commands.push import into_anki, plan_of

if TYPE_CHECKING:
    from cards.generator import Generated
    from cards.sync.request import Ask
    from cards.vault.config import Config


@click.command("edits")
@of_notes
@into_anki
@click.option("--patch", "as_patch", is_flag=True, help="Print a patch of the notes, for `git apply`.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per edit.")
def command(config: Config, collection: Path, ask: Ask, yes: bool, as_patch: bool, as_json: bool) -> None:
    """Show what was edited in Anki, card by card, or as a patch of the notes.

    Changes nothing.
    """
    from cards.commands import push_messages, terminal
    from cards.pipeline.build import build
    from cards.pipeline.load_notes import parse_note
    from cards.sync import memory
    from cards.sync.edits import edits_of, patch
    from cards.vault.note_files import Raw, VaultFiles

    result = build(config, dry_run=True, keep_cards=True, progress=terminal.progress).result
    planned, before = plan_of(result, ask, collection, memory.path_of(collection, config.out))
    files = VaultFiles(config.root)

    def text_of(path: str) -> str:
        found = files.read(path)
        return found.content.decode("utf-8", "surrogateescape") if isinstance(found, Raw) else ""

    def drafts_of(path: str, text: str) -> Generated:
        return parse_note(config, path, text).made

    found = edits_of(planned, result.cards, result.entries, before, text_of, drafts_of)
    if as_patch:
        for path, after in sorted(found.notes.items()):
            text = patch(path, text_of(path), after)
            click.echo(terminal.safe(text) if sys.stdout.isatty() else text.encode("utf-8", "surrogateescape"), nl=False)
        for edit in found.edits:
            if edit.reason:
                click.echo(push_messages.edit_line(edit), err=True)
        return
    for edit in found.edits:
        terminal.echo(push_messages.edit_json(edit) if as_json else push_messages.edit_line(edit))
    if not found.edits and not as_json:
        terminal.echo("nothing was edited in Anki")
