"""The folder of the decks: packages and ledger, each put in place whole or not at all, by one build at a time.

The ledger goes before the decks: no card gets out that it does not know. A build that dies between them leaves a ledger that
knows more than the decks hold, and the next one writes the decks that are behind.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cards.identity import ledger_file
from cards.identity.ledger import Entry, Ledger
from cards.model import CardKind, CardsError, Deck
from cards.vault import files
from cards.vault.cache import CLIPS, folder_in
from cards.vault.config import Config
from cards.vault.files import UNFINISHED, replace_file
from cards.vault.naming import file_names, top
from cards.vault.root import way_to_root

if TYPE_CHECKING:
    from cards.anki.read_package import Held

_ATTRIBUTES = f"{ledger_file.NAME} merge=union\n"  # two people's lines both stay; the ledger sorts them out


class Package(NamedTuple):
    """What is to be written of one top-level deck: how many cards of each kind, its questions by guid, and the bytes."""

    deck: str
    counts: Mapping[CardKind, int]
    questions: Mapping[str, str]
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
    """One build at a time over a folder of decks: a second one waits for the first. Raises CardsError."""
    if not waiting:
        yield
        return
    from filelock import FileLock, Timeout

    try:
        folder = folder_in(out)
        lock = FileLock(folder / "lock", timeout=60)
        lock.acquire()
    except Timeout:
        raise CardsError(f"{out}: another build has been running for a minute; wait for it, or end it") from None
    except OSError as error:
        raise files.unwritten(Path(error.filename or out), error) from None
    try:
        with suppress(OSError):  # what can't be removed now is the next build's
            _clear(out)
        yield
    finally:
        lock.release()


def _clear(out: Path) -> None:
    """Remove what a build that was killed had not put in place yet. Who is alone knows that no one is at work on it."""
    for folder in (out, folder_in(out), folder_in(out) / CLIPS):
        for unfinished in folder.glob(f"{UNFINISHED}*"):
            if files.is_unfinished(unfinished.name):
                with suppress(OSError):
                    unfinished.unlink()


def read_ledger(out: Path, *, new_ledger: bool = False) -> dict[str, Entry]:
    """The ledger beside the decks, empty where neither is there yet. Raises CardsError for damage, or decks without one."""
    path = out / ledger_file.NAME
    try:
        return ledger_file.load(files.read(path).content.decode(), str(path))
    except FileNotFoundError:
        pass
    except (OSError, UnicodeDecodeError) as error:
        raise CardsError(f"{path}: can't be read: {error}") from None
    if not new_ledger and any(out.glob("*.apkg")):
        raise CardsError(
            f"{out}: there are decks but no {ledger_file.NAME}, the memory of which card is which. Restore it from git or a backup, "
            f"or rebuild it with `cards recover {out}/*.apkg`; --new-ledger starts anew"
        )
    return {}


def packed(deck: Deck, files: Mapping[str, bytes]) -> Package:
    """The package of a deck. `files` hold those that its cards embed, by name."""
    from cards.anki.write_package import export

    return Package(deck.name, deck.kinds, {card.guid: card.fields[0] for card in deck.cards}, export(deck, files))


def write(
    config: Config,
    packages: list[Package],
    names: Mapping[str, str],
    known: Ledger,
    entries: Ledger,
    *,
    dry_run: bool = False,
    new_ledger: bool = False,
) -> tuple[list[Written], tuple[Path, ...]]:
    """Write the ledger, then each package whose bytes differ; what there is of each deck, and the packages that were removed.

    `names` are those of their files, by deck, `known` is the ledger as it was, `entries` as it is to be. Raises CardsError,
    also where the decks on disk hold more than the ledger knows, unless that is a `new_ledger`.
    """
    out = config.out
    paths = [out / names[package.deck] for package in packages]
    written = [
        Written(path, package.deck, package.counts, not _holds(path, package.content))
        for path, package in zip(paths, packages, strict=True)
    ]
    emptied = _emptied(out, known, entries)
    if not new_ledger:
        again = {guid: question for package in packages for guid, question in package.questions.items()}
        for path in (*(one.path for one in written if one.changed), *emptied):
            _refuse_unknown(path, known, again)
    if dry_run:
        return written, ()
    # before the ledger, which says from then on that these decks have been empty all along
    for path in emptied:
        _remove(path)
    _write_ledger(out, entries, way_to_root(out, config.root))
    for package, one in zip(packages, written, strict=True):
        if one.changed:
            replace_file(one.path, package.content)
    return written, emptied


def _refuse_unknown(path: Path, known: Ledger, again: Mapping[str, str]) -> None:
    """Raise CardsError where a package that is to go holds what the ledger has lost, and would come back as something else.

    A ledger knows all that ever got out; without one of its lines, cards would be new ones, or their gaps other ones. `again`
    are the questions that are made now.
    """
    from cards.anki import read_package

    try:
        held = read_package.questions(path)
    except CardsError:
        return  # no package: nothing to lose
    lost = [guid for guid, one in held.items() if one.question != again.get(guid) and not _remembers(known.get(guid), one)]
    if lost:
        raise CardsError(
            f"{path.parent / ledger_file.NAME}: has lost lines, or is older than {path.name}: {len(lost)} cards are not in it, or "
            f"only as they were (ID:{lost[0]}). Restore it from git or a backup, or add them with `cards recover {path}`; "
            "--new-ledger goes on without them"
        )


def _remembers(entry: Entry | None, held: Held) -> bool:
    """Whether an entry knows all ordinals of a card in a deck, and is no older: else it may have had more of them."""
    if entry is None or held.mod > entry.mod:
        return False
    return held.ordinals <= ({1} if entry.kind == "qa" else {phrase.ordinal for phrase in entry.phrases})


def _write_ledger(out: Path, entries: Ledger, root: str) -> None:
    """Write the ledger where it differs. `root` is the way to the vault's root. Raises CardsError."""
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
    # where names of other case are the same file, it is the new one
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
