"""`cards push`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cards.commands.options import EXISTING_FILE, PROBLEMS, of_notes

if TYPE_CHECKING:
    from cards.pipeline.report import Result
    from cards.sync.collection import Collection
    from cards.sync.looks import Both
    from cards.sync.plan import Plan, Retired
    from cards.sync.request import Ask
    from cards.vault.config import Config


def anki(profile: str | None, given: Path | None) -> tuple[Path, Ask]:
    """The collection to push into, and what does it: the open Anki's, by our add-on or AnkiConnect, else a closed one.

    Raises CardsError.
    """
    from cards.model import CardsError
    from cards.sync import addon, closed, live
    from cards.sync.profiles import find

    if given is not None:
        return given, closed.ask
    ask: Ask
    if door := addon.find():
        path, ask = Path(door.collection), addon.ask
    elif live.is_there():
        path, ask = live.collection(), live.ask
    else:
        return find(profile), closed.ask
    if profile not in (None, path.parent.name):
        raise CardsError(f"Anki is open with the profile {path.parent.name!r}, not {profile!r}")
    return path, ask


def which_anki(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name a collection."""
    command = click.option("--collection", type=EXISTING_FILE, help="Use this collection.anki2 of a closed Anki.")(command)
    return click.option("--profile", help="Use this profile of Anki.  [default: the open one, or the only one]")(command)


def into_anki(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name a collection, which the command gets as a path, with the applier to `ask`."""

    @which_anki
    @click.option("-y", "--yes", is_flag=True, help="Don't ask.")
    @wraps(command)
    def wrapped(*args: Any, profile: str | None, collection: Path | None, **rest: Any) -> Any:
        path, ask = anki(profile, collection)
        return command(*args, collection=path, ask=ask, **rest)

    return wrapped


@click.command("push")
@of_notes
@into_anki
@click.option("-n", "--dry-run", is_flag=True, help="Show the plan; change nothing.")
@click.option("--ours", "both", flag_value="ours", help="Where you edited a card here and in Anki, deliver the notes'.")
@click.option("--theirs", "both", flag_value="theirs", help="Where you edited both, keep Anki's, and ask no more.")
@click.option(
    "--retired",
    type=click.Choice(["suspend", "leave", "delete"]),
    default="suspend",
    help="What becomes of cards whose takeaway is gone.  [default: suspend]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON, one step a line.")
def command(
    config: Config, collection: Path, ask: Ask, yes: bool, dry_run: bool, both: Both | None, retired: Retired, as_json: bool
) -> None:
    """Bring the cards of the notes in PATHS into Anki, closed or open (with the add-on of `cards anki-addon`, or AnkiConnect).

    Builds the decks, shows what would change in Anki, and asks once. What you edited there stays, and `cards undo` takes it all
    back.
    """
    from cards.commands import messages, push_messages, terminal
    from cards.pipeline.build import build
    from cards.sync import closed, memory
    from cards.sync.push import push

    report = build(config, dry_run=dry_run, keep_cards=True, progress=terminal.progress)
    messages.print_problems(report.result.problems)
    remembered = memory.path_of(collection, config.out)
    with terminal.waiting("Reading Anki's collection"):
        planned, before = plan_of(report.result, ask, collection, remembered, both=both or "keep", retired=retired)
    if as_json:
        for step in push_messages.plan_json(planned):
            terminal.echo(step)
    else:
        for line in push_messages.plan_lines(planned, collection):
            terminal.echo(line)
    if dry_run:
        return
    if planned.acts and not yes:
        _confirm(len(planned.of("delete")))
    with terminal.waiting("Pushing; Ctrl-C cancels"):
        try:
            outcome = push(ask, collection, planned, before, report.result.media, remembered)
        except KeyboardInterrupt:
            if ask is not closed.ask:  # an open Anki goes on by itself
                _cancel(ask, collection, remembered)
            raise
    if planned.acts and not as_json:
        for line in push_messages.pushed_lines(outcome):
            terminal.echo(line)
    if outcome.amiss or outcome.lacks:
        sys.exit(PROBLEMS)


def _cancel(ask: Ask, collection: Path, remembered: Path) -> None:
    """Take back what an open Anki has made of a push that was cancelled: it answers when it is done."""
    from cards.sync import memory
    from cards.sync.push import read, take_back, taking_back

    known = memory.load(remembered)
    if known.begun is not None:
        back = taking_back(collection, known.begun, read(ask, collection, ()), known.newest)
        take_back(ask, back, known, remembered)


def plan_of(
    result: Result, ask: Ask, collection: Path, remembered: Path, *, both: Both = "keep", retired: Retired = "suspend"
) -> tuple[Plan, Collection]:
    """The plan of a push of what a build gave, and the collection that it was made for. Raises CardsError."""
    from cards.sync import memory
    from cards.sync.plan import plan
    from cards.sync.push import delivered_to, looks_delivered_to, read

    known = memory.load(remembered)
    notes = [card.anki for card in result.cards]
    before = read(ask, collection, tuple(result.entries), {name for note in notes for name in note.media})
    options: Any = {"both": both, "retired": retired, "newest": known.newest, "looks": looks_delivered_to(known, before)}
    return plan(notes, result.entries, before, delivered_to(known, before), **options), before


def _confirm(deletes: int) -> None:
    """Ask once; where notes would be deleted, for their number."""
    from cards.commands.terminal import count

    if deletes and click.prompt(f"This deletes {count(deletes, 'note')} in Anki. The number, to go on", type=int) != deletes:
        raise click.Abort
    if not deletes:
        click.confirm("Push?", abort=True)
