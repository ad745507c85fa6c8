"""The folder of the decks: packages and ledger, each put in place whole or not at all, by one build at a time."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from cards import ledger
from cards.cache import folder_in
from cards.ledger import Entry, Ledger
from cards.model import CardKind, CardsError, Deck
from cards.naming import file_names, top

_ATTRIBUTES = f"{ledger.NAME} merge=union\n"  # two people's lines both stay; the ledger sorts them out


class Package(NamedTuple):
    """What is to be written of one top-level deck: how many cards of each kind, and the bytes."""

    deck: str
    counts: Mapping[CardKind, int]
    content: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """One package: where it is, its deck, how many cards of each kind it holds, and whether this run changed it."""

    path: Path
    deck: str
    counts: Mapping[CardKind, int]
    changed: bool


@contextmanager
def alone(out: Path, *, waiting: bool) -> Iterator[None]:
    """One build at a time over a folder of decks: a second one waits for the first."""
    if not waiting:
        yield
        return
    from filelock import FileLock, Timeout

    try:
        folder = folder_in(out)
        lock = FileLock(folder / "lock", timeout=60)
    except OSError as error:
        raise CardsError(f"{out}: can't be written: {error.strerror or error}; choose another folder with -o") from None
    try:
        with lock:
            yield
    except Timeout:
        raise CardsError(f"{out}: another build has been running for a minute; wait for it, or end it") from None


def read_ledger(out: Path, *, new_ledger: bool = False) -> dict[str, Entry]:
    """The ledger beside the decks, empty where neither is there yet. Raises CardsError for damage, or decks without one."""
    path = out / ledger.NAME
    try:
        return ledger.load(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        pass
    except (OSError, UnicodeDecodeError) as error:
        raise CardsError(f"{path}: can't be read: {error}") from None
    if not new_ledger and any(out.glob("*.apkg")):
        raise CardsError(
            f"{out}: there are decks but no {ledger.NAME}, the memory of which card is which. Restore it from git or a backup, "
            f"or rebuild it with `cards recover {out}/*.apkg`; --new-ledger starts anew"
        )
    return {}


def write_ledger(out: Path, entries: Ledger, root: str) -> None:
    """Write the ledger where it differs. `root` is the way to the vault's root. Raises CardsError."""
    path = out / ledger.NAME
    if not entries and not path.exists():
        return  # nothing to remember: the folder stays free for the notes that will have cards
    text = ledger.dump(entries.values(), root).encode()
    if not _holds(path, text):
        replace_file(path, text)
    attributes = out / ".gitattributes"
    if not attributes.exists():
        replace_file(attributes, _ATTRIBUTES.encode())


def remove_emptied(out: Path, known: Ledger, entries: Ledger) -> tuple[Path, ...]:
    """Remove the packages of decks that had cards and have none any more; those that were removed."""
    live = ((top(entry.deck) for entry in each.values() if entry.live) for each in (known, entries))
    before, after = (set(file_names(names).values()) for names in live)
    removed = []
    for name in sorted(before - after):
        path = out / name
        # where names of other case are the same file, it is the new one
        if path.exists() and not any((out / kept).exists() and path.samefile(out / kept) for kept in after):
            path.unlink()
            removed.append(path)
    return tuple(removed)


def packed(decks: Iterable[Deck], files: Mapping[str, bytes]) -> list[Package]:
    """The packages of decks, each made before the next deck is asked for. `files` are those that their cards embed, by name."""
    from cards.exporter import export  # genanki takes a third of a second to import

    return [Package(deck.name, deck.kinds, export(deck, files)) for deck in decks]


def write(out: Path, packages: Iterable[Package], names: Mapping[str, str], *, dry_run: bool = False) -> list[Written]:
    """Write each package whose bytes differ, whole or not at all. `names` are those of their files, by deck."""
    written: list[Written] = []
    for package in packages:
        path = out / names[package.deck]
        changed = not _holds(path, package.content)
        if changed and not dry_run:
            replace_file(path, package.content)
        written.append(Written(path, package.deck, package.counts, changed))
    return written


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False


def replace_file(path: Path, content: bytes) -> None:
    """Put a file in place in one step: whoever looks sees the old one or the new one. Raises CardsError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CardsError(f"{path}: can't be written: {error.strerror or error}; choose another folder with -o") from None
