"""Rebuild on every save, until Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

from cards.commands.messages import fault
from cards.model import CardsError
from cards.pipeline.build import Report
from cards.pipeline.increment import build
from cards.vault import scan
from cards.vault.config import NAME, Config

_QUIET = 300  # milliseconds without a change that end a burst
_MEDIA = tuple(scan.IMAGES | scan.SOUNDS)


def watch(
    load: Callable[[], Config],
    say: Callable[[str], None],
    stop: Event | None = None,
    then: Callable[[Config], None] | None = None,
) -> None:
    """Build now and after every change of a note, a picture or `cards.toml`; one line says what each build did.

    `load` gives the configuration of the moment, `then` is called with it after each build that was done.
    Raises CardsError where there is none at the start.
    """
    from watchfiles import watch as changes

    config = load()
    out = config.out.resolve()

    def concerns_us(_: object, name: str) -> bool:
        path = Path(name)
        if out in path.parents or path == out or any(part.startswith(".") for part in path.relative_to(config.root).parts):
            return False
        return path.name == NAME or path.suffix.lower() in (*scan.NOTE_SUFFIXES, *_MEDIA)

    say(f"watching {config.root} (Ctrl-C ends)")
    for line in _built(load, then):
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
        for line in _built(load, then):
            say(line)


def _built(load: Callable[[], Config], then: Callable[[Config], None] | None) -> list[str]:
    """One build, in a line, and its problems. What can't be built now may be mended by the next save."""
    began = time.monotonic()
    try:
        config = load()
        report = build(config)
        if then:
            then(config)
    except (CardsError, OSError) as error:
        return [f"{_clock()} not built: {error}"]
    except Exception as error:  # what is watched for days must not end with a fault of ours
        return [f"{_clock()} not built: {fault(error)}"]
    took = time.monotonic() - began
    problems = [f"  problem: {problem}" for problem in report.collected.problems]
    return [f"{_clock()} {_outcome(report)} ({took:.1f} s)", *problems]


def _clock() -> str:
    return time.strftime("%H:%M:%S")


def _outcome(report: Report) -> str:
    counts = {
        name: sum(change.status == name for change in report.collected.changes)
        for name in ("new", "updated", "back", "retired", "moved")
    }
    said = ", ".join(f"{number} {name}" for name, number in counts.items() if number)
    decks = [f"{written.path.name} written" for written in report.written if written.changed]
    decks += [f"{path.name} removed" for path in report.removed]
    if not said and not decks:
        return "nothing changed"
    return f"{said or 'no card changed'}; {', '.join(decks) or 'no deck written'}"
