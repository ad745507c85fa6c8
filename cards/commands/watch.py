"""`cards watch`: rebuild on every save, until Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import click

from cards.commands.messages import tally
from cards.commands.options import of_notes
from cards.commands.terminal import fault, safe
from cards.model import CardsError
from cards.pipeline.build import build, look
from cards.pipeline.report import Report
from cards.preview.page import page
from cards.preview.server import Page, serving
from cards.vault import scan
from cards.vault.config import NAME, Config, load

_QUIET = 300  # milliseconds without a change that end a burst
_MEDIA = tuple(scan.IMAGES | scan.SOUNDS)


@click.command("watch")
@of_notes
@click.option("--preview", is_flag=True, help="Serve the cards as a page that follows the notes.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port of the page.  [any]")
def command(config: Config, preview: bool, port: int | None) -> None:
    """Rebuild the decks whenever a note is saved, until Ctrl-C."""
    given = click.get_current_context().params
    settings = [given[name] for name in ("paths", "out", "file", "deck", "recording")]

    def say(line: str) -> None:
        click.echo(safe(line))

    if not preview:
        watch(lambda: load(*settings), say)
        return
    shown = Page()

    def follow(now: Config) -> None:
        shown.show(page(look(now, keep_notes=True), now.root.name or "Cards", live=True))

    try:
        with serving(shown, port or 0) as address:
            say(f"preview: {address}")
            watch(lambda: load(*settings), say, then=follow)
    except OSError as error:
        raise CardsError(f"the preview can't be served: {error.strerror or error}; choose another --port") from None


def watch(
    read_config: Callable[[], Config],
    say: Callable[[str], None],
    stop: Event | None = None,
    then: Callable[[Config], None] | None = None,
) -> None:
    """Build now and after every change of a note, a picture or `cards.toml`; one line says what each build did.

    `read_config` gives the configuration of the moment, `then` is called with it after each build that was done.
    Raises CardsError where there is none at the start.
    """
    from watchfiles import watch as changes

    config = read_config()
    out = config.out.resolve()

    def concerns_us(_: object, name: str) -> bool:
        path = Path(name)
        if out in path.parents or path == out or any(part.startswith(".") for part in path.relative_to(config.root).parts):
            return False
        return path.name == NAME or path.suffix.lower() in (*scan.NOTE_SUFFIXES, *_MEDIA)

    say(f"watching {config.root} (Ctrl-C ends)")
    for line in _built(read_config, then):
        say(line)
    found = changes(
        config.root,
        watch_filter=concerns_us,
        debounce=1600,
        step=_QUIET // 3,
        stop_event=stop,
        raise_interrupt=False,
        yield_on_timeout=False,
    )
    for _ in found:
        for line in _built(read_config, then):
            say(line)


def _built(read_config: Callable[[], Config], then: Callable[[Config], None] | None) -> list[str]:
    """One build, in a line, and its problems. What can't be built now may be mended by the next save."""
    began = time.monotonic()
    try:
        config = read_config()
        report = build(config)
        if then:
            then(config)
    except (CardsError, OSError) as error:
        return [f"{_clock()} not built: {error}"]
    except Exception as error:  # what is watched for days must not end with a fault of ours
        return [f"{_clock()} not built: {fault(error)}"]
    took = time.monotonic() - began
    problems = [f"  problem: {problem}" for problem in report.result.problems]
    return [f"{_clock()} {_outcome(report)} ({took:.1f} s)", *problems]


def _clock() -> str:
    return time.strftime("%H:%M:%S")


def _outcome(report: Report) -> str:
    changed = tally(report.result.changes)
    decks = [f"{deck.path.name} written" for deck in report.decks if deck.changed]
    decks += [f"{path.name} removed" for path in report.removed]
    if not changed and not decks:
        return "nothing changed"
    return f"{changed or 'no card changed'}; {', '.join(decks) or 'no deck written'}"
