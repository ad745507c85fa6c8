"""`cards watch`: rebuild the decks whenever a note is saved."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import click

from cards.commands.messages import tally
from cards.commands.options import of_notes
from cards.commands.push import anki, plan_of, which_anki
from cards.commands.terminal import internal_error, safe
from cards.model import CardsError
from cards.pipeline.build import build, look
from cards.pipeline.report import Report, Result
from cards.preview.page import page
from cards.preview.server import Page, serving
from cards.vault import scan
from cards.vault.cards_toml import NAME
from cards.vault.config import Config, load

Then = Callable[[Config, Result], None]

_QUIET = 300  # milliseconds without a change before a build starts
_MEDIA = tuple(scan.IMAGES | scan.SOUNDS)


@click.command("watch")
@of_notes
@click.option("--preview", is_flag=True, help="Serve the preview page and update it after each build.")
@click.option("--push", "pushes", is_flag=True, help="Push into Anki after each build, without asking.")
@which_anki
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the page.  [default: any free port]")
def command(
    config: Config, preview: bool, port: int | None, pushes: bool, profile: str | None, collection: Path | None
) -> None:
    """Rebuild the decks whenever a note is saved, until Ctrl-C."""
    params = click.get_current_context().params
    settings = [params[name] for name in ("paths", "out", "file", "deck", "recording")]

    def say(line: str) -> None:
        click.echo(safe(line))

    served = Page()

    def then(config: Config, result: Result) -> None:
        if preview:
            served.show(page(look(config, keep_notes=True), config.root.name or "Cards", live=True))
        if pushes:
            say(_push(config, result, profile, collection))

    def go() -> None:
        watch(lambda: load(*settings), say, then=then, keep_cards=pushes)

    if not preview:
        go()
        return
    try:
        with serving(served, port or 0) as address:
            say(f"preview: {address}")
            go()
    except OSError as error:
        raise CardsError(f"can't serve the preview: {error.strerror or error}; try another --port") from None


def _push(config: Config, result: Result, profile: str | None, given: Path | None) -> str:
    """Push what was built; a line about the outcome. An error is a line, too: the next save pushes again."""
    from cards.commands.push_messages import pushed_line
    from cards.sync import memory
    from cards.sync.push import push

    try:
        collection, ask = anki(profile, given)  # looked for each time: Anki is opened and closed while we watch
        remembered = memory.path_of(collection, config.out)
        planned, before = plan_of(result, ask, collection, remembered)
        return f"  {pushed_line(planned, push(ask, collection, planned, before, result.media, remembered))}"
    except CardsError as error:
        return f"  not pushed: {error}"


def watch(
    read_config: Callable[[], Config],
    say: Callable[[str], None],
    stop: Event | None = None,
    then: Then | None = None,
    *,
    keep_cards: bool = False,
) -> None:
    """Build now, and again after every change of a note, a media file or `cards.toml`, until `stop` is set.

    `read_config` loads the configuration before each build. `say` gets one line per build, and one per problem. `then` is
    called with the configuration and the result of each build that succeeds; with `keep_cards` it holds the cards. Raises
    CardsError if the configuration is invalid at the start.
    """
    from watchfiles import watch as changes

    config = read_config()
    out = config.out.resolve()

    def is_relevant(_: object, name: str) -> bool:
        path = Path(name)
        if out in path.parents or path == out or any(part.startswith(".") for part in path.relative_to(config.root).parts):
            return False
        return path.name == NAME or path.suffix.lower() in (*scan.NOTE_SUFFIXES, *_MEDIA)

    say(f"watching {config.root} (stop with Ctrl-C)")
    for line in _build(read_config, then, keep_cards):
        say(line)
    bursts = changes(
        config.root,
        watch_filter=is_relevant,
        debounce=1600,
        step=_QUIET // 3,
        stop_event=stop,
        raise_interrupt=False,
        yield_on_timeout=False,
    )
    for _ in bursts:
        for line in _build(read_config, then, keep_cards):
            say(line)


def _build(read_config: Callable[[], Config], then: Then | None, keep_cards: bool) -> list[str]:
    """Build once; return a line about the outcome, and one per problem. An error is a line, too: the next save may fix it."""
    start = time.monotonic()
    try:
        config = read_config()
        report = build(config, keep_cards=keep_cards)
        if then:
            then(config, report.result)
    except (CardsError, OSError) as error:
        return [f"{_clock()} build failed, the decks stay as they are: {error}"]
    except Exception as error:  # a bug must not end a watch that runs for days
        return [f"{_clock()} build failed: {internal_error(error)}"]
    problems = [f"  problem: {problem}" for problem in report.result.problems]
    return [f"{_clock()} {_outcome(report)} ({time.monotonic() - start:.1f} s)", *problems]


def _clock() -> str:
    return time.strftime("%H:%M:%S")


def _outcome(report: Report) -> str:
    """Format the outcome of a build in one line."""
    changed = tally(report.result.changes)
    decks = [f"{deck.path.name} written" for deck in report.decks if deck.changed]
    decks += [f"{path.name} removed" for path in report.removed]
    if not changed and not decks:
        return "nothing changed"
    return f"{changed or 'no cards changed'}; {', '.join(decks) or 'no decks written'}"
