"""The folder of the decks: packages and ledger, each put in place whole or not at all, by one build at a time.

The ledger goes before the decks: no card gets out that it does not know. A build that dies between them leaves a ledger that
knows more than the decks hold, and the next one writes the decks that are behind.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from cards.identity import ledger_file
from cards.identity.ledger import Entry, Ledger
from cards.model import AnkiNote, CardKind, CardsError, Deck
from cards.pipeline.report import DeckFile
from cards.vault import cache, files
from cards.vault.config import Config
from cards.vault.files import UNFINISHED, replace_file
from cards.vault.naming import file_names, top
from cards.vault.root import path_to_root

_ATTRIBUTES = f"{ledger_file.NAME} merge=union\n"  # two people's lines both stay; the ledger sorts them out
_LONGEST_WAIT = 60  # seconds that a build waits for another


class Package(NamedTuple):
    """What is to be written of one top-level deck: how many cards of each kind, its questions by guid, and the bytes."""

    deck: str
    counts: Mapping[CardKind, int]
    questions: Mapping[str, str]
    content: bytes


@contextmanager
def lock(out: Path, *, waiting: bool = True) -> Iterator[None]:
    """One build at a time over a folder of decks: a second one waits for the first. Raises CardsError.

    Whoever holds it clears up what a killed build left. Without `waiting` nothing is locked or cleared.
    """
    if not waiting:
        yield
        return
    from filelock import FileLock, Timeout

    path = cache.made_folder(out) / "lock"
    try:
        held = FileLock(path, timeout=_LONGEST_WAIT)
        held.acquire()
    except Timeout:
        raise CardsError(f"{out}: another build has been running for a minute; wait for it, or end it") from None
    except OSError as error:
        raise files.unwritten(path, error) from None
    try:
        with suppress(OSError):  # what can't be removed now is the next build's
            _clear(out)
        yield
    finally:
        held.release()


def _clear(out: Path) -> None:
    """Remove what a killed build left unfinished, and the cache of earlier versions. Safe while holding the lock."""
    kept = cache.folder(out)
    for folder in (out, kept, kept / cache.CLIPS):
        for unfinished in folder.glob(f"{UNFINISHED}*"):
            if files.is_unfinished(unfinished.name):
                with suppress(OSError):
                    unfinished.unlink()
    cache.remove_old(out)


def read_ledger(out: Path, *, new_ledger: bool = False) -> dict[str, Entry]:
    """The ledger beside the decks, empty where neither is there yet. Raises CardsError for damage, or decks without one."""
    path = out / ledger_file.NAME
    try:
        return ledger_file.load(files.read(path).content.decode(), str(path))
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, UnicodeDecodeError) as error:
        raise CardsError(f"{path}: can't be read: {getattr(error, 'strerror', None) or error}") from None
    if not new_ledger and any(out.glob("*.apkg")):
        raise CardsError(
            f"{out}: there are decks but no {ledger_file.NAME}, the memory of which card is which. Restore it from git or a "
            f"backup, or rebuild it with `cards recover {out}/*.apkg`; --new-ledger starts anew"
        )
    return {}


def packed(deck: Deck, media: Mapping[str, bytes]) -> Package:
    """The package of a deck. `media` holds the files that its cards embed, by name."""
    from cards.anki.write_package import export  # a run with nothing to do needs no genanki

    return Package(deck.name, deck.kinds, {note.guid: note.fields[0] for note in deck.notes}, export(deck, media))


def write(
    config: Config,
    packages: list[Package],
    names: Mapping[str, str],
    known: Ledger,
    entries: Ledger,
    *,
    read: Mapping[Path, tuple[AnkiNote, ...]],
    dry_run: bool = False,
    new_ledger: bool = False,
) -> tuple[list[DeckFile], tuple[Path, ...]]:
    """Write the ledger, then each package whose bytes differ; the packages there are, and those that were removed.

    `names` are those of their files, by deck, `known` is the ledger as it was, `entries` as it is to be, `read` the notes of
    packages on disk as far as they were read. Raises CardsError, also where those hold more than the ledger knows, unless that
    is a `new_ledger`.
    """
    out = config.out
    decks = [
        DeckFile(path := out / names[package.deck], package.deck, package.counts, not _holds(path, package.content))
        for package in packages
    ]
    emptied = _emptied(out, known, entries)
    if not new_ledger:
        again = {guid: question for package in packages for guid, question in package.questions.items()}
        for path in (*(deck.path for deck in decks if deck.changed), *emptied):
            _refuse_unknown(path, read.get(path), known, again)
    if dry_run:
        return decks, ()
    # before the ledger, which says from then on that these decks have been empty all along
    for path in emptied:
        _remove(path)
    _write_ledger(out, entries, path_to_root(out, config.root))
    for package, deck in zip(packages, decks, strict=True):
        if deck.changed:
            replace_file(deck.path, package.content)
    return decks, emptied


def _refuse_unknown(path: Path, notes: tuple[AnkiNote, ...] | None, known: Ledger, again: Mapping[str, str]) -> None:
    """Raise CardsError where a package that is to go holds what the ledger has lost, and would come back as something else.

    A ledger knows every card that was ever exported; without one of its lines, cards would be new ones, or their deletions get
    other numbers. `notes` are those of the package, None where it was not read, `again` the questions that are made now.
    """
    from cards.anki import read_package

    try:
        notes = read_package.read(files.read_deck(path), str(path)).notes if notes is None else notes
    except CardsError:
        return  # not a package: nothing to lose
    lost = [
        note.guid for note in notes if note.fields[0] != again.get(note.guid) and not _remembers(known.get(note.guid), note)
    ]
    if lost:
        raise CardsError(
            f"{path.parent / ledger_file.NAME}: has lost lines, or is older than {path.name}: {len(lost)} cards are not in it, "
            f"or only as they were (ID:{lost[0]}). Restore it from git or a backup, or add them with `cards recover {path}`; "
            "--new-ledger goes on without them"
        )


def _remembers(entry: Entry | None, note: AnkiNote) -> bool:
    """Whether an entry knows all ordinals of a card in a deck, and is no older: else it may have had more of them."""
    if entry is None or note.mod > entry.mod:
        return False
    return set(note.ordinals) <= ({1} if entry.kind == "qa" else {phrase.ordinal for phrase in entry.phrases})


def _write_ledger(out: Path, entries: Ledger, root: str) -> None:
    """Write the ledger where it differs. `root` is the path to the vault's root. Raises CardsError."""
    path = out / ledger_file.NAME
    if not entries and not path.exists():
        return  # nothing to remember: the folder stays free for the notes that will have cards
    text = ledger_file.dump(entries.values(), root).encode()
    if not _holds(path, text):
        replace_file(path, text)
        files.settle(out)
    attributes = out / ".gitattributes"
    if not os.path.lexists(attributes):
        replace_file(attributes, _ATTRIBUTES.encode())


def _emptied(out: Path, known: Ledger, entries: Ledger) -> tuple[Path, ...]:
    """The packages of decks that had cards and have none any more."""
    live = ((top(entry.deck) for entry in each.values() if entry.live) for each in (known, entries))
    before, after = (set(file_names(names).values()) for names in live)
    # where names that differ in case are the same file, it is the new one
    kept = [out / name for name in after if (out / name).exists()]
    gone = [out / name for name in sorted(before - after)]
    return tuple(path for path in gone if path.exists() and not any(path.samefile(one) for one in kept))


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise files.unwritten(path, error) from None


def _holds(path: Path, content: bytes) -> bool:
    try:
        return files.read(path, len(content)).content == content
    except OSError:
        return False
