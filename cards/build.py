"""Notes → decks on disk: the one place that knows the sequence of the rooms.

The notes are only read. Decks are written whole or not at all, the ledger last, so a build that dies at any instant
leaves what was there or what was meant, and the next one is right.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath

from cards import changes, identity, ledger, render, vault
from cards.cache import FOLDER, Cache
from cards.changes import Change
from cards.config import Config, way_to_root
from cards.generator import generate
from cards.identity import Recognised
from cards.ledger import Entry, Ledger
from cards.media import Packed, targets
from cards.model import Card, CardsError, Deck, Draft, Media, Problem, Skipped
from cards.naming import deck_of, file_name, file_names, tags_of
from cards.parser import parse
from cards.recognition import recognise

_ATTRIBUTES = f"{ledger.NAME} merge=union\n"  # two people's lines both stay; the ledger sorts them out


@dataclass(frozen=True, slots=True)
class Collected:
    """All cards of a run in deck order, what they are to the ledger, what was left out and what was odd."""

    cards: tuple[Card, ...]
    entries: Ledger
    changes: tuple[Change, ...]
    skipped: tuple[Skipped, ...]
    problems: tuple[Problem, ...]
    notes: int
    notes_with_cards: int
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """One package: where it is, what it holds, and whether this run changed it."""

    path: Path
    deck: Deck
    changed: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did, or would do."""

    collected: Collected
    written: tuple[Written, ...]
    removed: tuple[Path, ...] = ()

    @property
    def behind(self) -> bool:
        """Whether the decks on disk are not those of the notes."""
        return any(each.changed for each in self.written) or any(each.matters for each in self.collected.changes)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one note gave, before identity."""

    title: str
    source: str | None
    deck: str
    tags: tuple[str, ...]
    drafts: tuple[Draft, ...]
    skipped: tuple[Skipped, ...]
    problems: tuple[Problem, ...]


def clock() -> int:
    """The time of this run in seconds, from SOURCE_DATE_EPOCH where it is set."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    return int(given) if given.isdecimal() and given.isascii() else int(time.time())


def build(config: Config, *, dry_run: bool = False, new_ledger: bool = False) -> Report:
    """Make the decks and write those that differ from what is on disk, then the ledger.

    Raises CardsError where nothing could be done: no notes, a damaged or missing ledger, a folder that can't be written.
    """
    with _alone(config.out, waiting=not dry_run):
        known = known_to(config, new_ledger=new_ledger)
        collected = collect(config, known)
        refuse_foreign(config, known, collected)
        removed: tuple[Path, ...] = ()
        if not collected.notes and not known:
            raise CardsError(f"{config.notes[0]}: no Markdown notes here")
        written = write(config.out, decks(collected.cards), collected.files, dry_run=dry_run)
        if not dry_run:
            _write_ledger(config, collected.entries)
            removed = _remove_emptied(config.out, known, collected.entries)
    return Report(collected, tuple(written), removed)


def look(config: Config) -> Collected:
    """The cards of the notes, for looking at: with the identities of the ledger where it is theirs. Writes nothing."""
    known = known_to(config, new_ledger=True)
    collected = collect(config, known)
    return collect(config, {}) if _is_foreign(config, known, collected) else collected


def collect(config: Config, known: Ledger, now: int | None = None) -> Collected:
    """Read the notes, make their cards and say who they are to a ledger. Writes nothing but the cache."""
    now = clock() if now is None else now
    problems: list[Problem] = []
    readings, unread, paths = _readings(config, problems)
    drafted = [(path, reading, draft) for path, reading in readings for draft in reading.drafts]
    in_scope = _Scope(config, unread)
    recognised, doubts = recognise([draft for *_, draft in drafted], known, in_scope)
    found = Packed(config, problems)
    entries, cards = dict(known), []
    for (path, reading, _), one in zip(drafted, recognised, strict=True):
        card, entry = _card(config, path, reading, one, found, now)
        cards.append(card)
        entries[entry.guid] = entry
    claimed = {card.guid for card in cards}
    elsewhere: Counter[str] = Counter()
    for guid, entry in known.items():
        if guid in claimed or not entry.live:
            continue
        if in_scope(entry.note):
            entries[guid] = changes.retire(entry, now)
        else:
            elsewhere[entry.deck.split("::")[0]] += 1
    for deck in sorted({card.deck.split("::")[0] for card in cards} & elsewhere.keys()):
        message = f"the deck holds only the notes read now; {elsewhere[deck]} cards of others stay in the ledger, safe"
        problems.append(Problem(f"{file_name(deck)}.apkg", 0, "partial", message))
    skipped = sorted((each for _, reading in readings for each in reading.skipped), key=lambda each: (each.note, each.line))
    return Collected(
        tuple(cards),
        entries,
        changes.between(known, entries, {card.guid: card for card in cards}),
        tuple(skipped),
        tuple(sorted([*problems, *doubts])),
        len(paths),
        sum(bool(reading.drafts) for _, reading in readings),
        found.files,
    )


def _readings(config: Config, problems: list[Problem]) -> tuple[list[tuple[str, _Reading]], set[str], list[str]]:
    """What each note gave, the notes that could not be read, and all notes there are."""
    paths = vault.note_paths(config, problems)
    cache = Cache(config.out / FOLDER, repr((config.options, config.kinds, config.deck, config.tags, config.folders)))
    readings: list[tuple[str, _Reading]] = []
    unread = {problem.path for problem in problems}  # folders that can't be read
    for path in paths:
        text = vault.read_note(config.root, path)
        if isinstance(text, Problem):
            problems.append(text)
            unread.add(path)
            continue
        try:
            reading = _Reading(*cache.reading(path, text, partial(_read, config, path, text)))
        except Exception as error:  # a fault of ours in one note must not cost the cards of all others
            message = (
                f"can't be read, which is a fault in Cards ({type(error).__name__}: {error}); please report it with the note"
            )
            problems.append(Problem(path, 0, "fault", message))
            unread.add(path)
            continue
        problems += reading.problems
        readings.append((path, reading))
    cache.save(config.root, set(paths))
    return readings, unread, paths


def _read(config: Config, path: str, text: str) -> tuple[object, ...]:
    note = parse(text, path, config.options)
    made = generate(note, config.folder_of(path).kinds or config.kinds)
    wanted = note.wanted
    return (
        note.title,
        note.source,
        deck_of(config, note),
        tags_of(config, note),
        made.drafts if wanted else (),
        (*note.skipped, *made.skipped) if wanted else (),
        note.problems,
    )


class _Scope:
    """Whether this run read (or would have read) a note: only then may its cards be claimed or retired."""

    def __init__(self, config: Config, unread: set[str]) -> None:
        self.unread = unread
        self.roots = [
            given.resolve().relative_to(config.root).as_posix()
            for given in config.notes
            if given.resolve().is_relative_to(config.root)
        ]

    def __call__(self, path: str) -> bool:
        inside = any(root in (".", path) or path.startswith(f"{root}/") for root in self.roots)
        above = (path, *(parent.as_posix() for parent in PurePosixPath(path).parents))
        return (not path or inside) and self.unread.isdisjoint(above)


def _card(config: Config, path: str, reading: _Reading, one: Recognised, found: Packed, now: int) -> tuple[Card, Entry]:
    names: dict[str, Media] = {}
    for target in targets(one.draft):
        media = found.pack(path, one.draft.place.line, target)
        if media is not None:
            names[target] = media
    source = render.source_line(reading.title, reading.source, config.vault or _obsidian_vault(config.root), path)
    fields = render.fields(one.draft, one.guid, source, names)
    entry = identity.remember(one, reading.deck, identity.parts_of(fields, reading.tags), now)
    files = tuple(sorted({media.name for media in names.values()}))
    return Card(one.guid, one.draft, reading.deck, reading.tags, reading.source, fields, files, entry.mod), entry


def _obsidian_vault(root: Path) -> str | None:
    """The name under which Obsidian knows the vault: that of the folder with its settings."""
    return root.name if (root / ".obsidian").is_dir() else None


# ------------------------------------------------------------------------------------------------------------ on disk


def refuse_foreign(config: Config, known: Ledger, collected: Collected) -> None:
    """Raise CardsError where the decks in `out` belong to other notes: all their cards would be retired."""
    if _is_foreign(config, known, collected):
        raise CardsError(f"{config.out}: these decks belong to the notes in {config.foreign}; choose another folder with -o")


def _is_foreign(config: Config, known: Ledger, collected: Collected) -> bool:
    """Whether the ledger is of another folder, and few of its cards are found in this one (else it is a copy)."""
    live = [guid for guid, entry in known.items() if entry.live]
    found = sum(collected.entries[guid].live for guid in live)
    return config.foreign is not None and 2 * found < len(live)


def known_to(config: Config, *, new_ledger: bool = False) -> dict[str, Entry]:
    """The ledger of a run, with the paths of its notes from the vault's root of today. Raises CardsError."""
    known = read_ledger(config.out, new_ledger=new_ledger)
    if not config.rebase:
        return known
    return {guid: replace(entry, note=f"{config.rebase}/{entry.note}" if entry.note else "") for guid, entry in known.items()}


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


def _write_ledger(config: Config, entries: Ledger) -> None:
    path = config.out / ledger.NAME
    if not entries and not path.exists():
        return  # nothing to remember: the folder stays free for the notes that will have cards
    text = ledger.dump(entries.values(), way_to_root(config.out, config.root)).encode()
    if not _holds(path, text):
        replace_file(path, text)
    attributes = config.out / ".gitattributes"
    if not attributes.exists():
        replace_file(attributes, _ATTRIBUTES.encode())


def _remove_emptied(out: Path, known: Ledger, entries: Ledger) -> tuple[Path, ...]:
    """Remove the packages of decks that had cards and have none any more; those that were removed."""
    live = ((entry.deck.split("::")[0] for entry in each.values() if entry.live) for each in (known, entries))
    before, after = (set(file_names(names).values()) for names in live)
    removed = []
    for name in sorted(before - after):
        path = out / name
        # where names of other case are the same file, it is the new one
        if path.exists() and not any((out / kept).exists() and path.samefile(out / kept) for kept in after):
            path.unlink()
            removed.append(path)
    return tuple(removed)


@contextmanager
def _alone(out: Path, *, waiting: bool) -> Iterator[None]:
    """One build at a time over a folder of decks: a second one waits for the first."""
    if not waiting:
        yield
        return
    from filelock import FileLock, Timeout

    folder = out / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "lock", timeout=60)
    except OSError as error:
        raise CardsError(f"{out}: can't be written: {error.strerror or error}; choose another folder with -o") from None
    try:
        with lock:
            yield
    except Timeout:
        raise CardsError(f"{out}: another build has been running for a minute; wait for it, or end it") from None


def decks(cards: Iterable[Card]) -> list[Deck]:
    """One deck a top-level name, each with its subdecks' cards, in the order of the notes."""
    grouped: dict[str, list[Card]] = {}
    for card in cards:
        grouped.setdefault(card.deck.split("::")[0], []).append(card)
    return [Deck(name, tuple(grouped[name])) for name in sorted(grouped)]


def write(out: Path, all_decks: Iterable[Deck], files: Mapping[str, bytes], *, dry_run: bool = False) -> list[Written]:
    """Write each deck whose bytes differ, whole or not at all."""
    from cards.exporter import export  # genanki takes a third of a second to import

    all_decks = list(all_decks)
    names = file_names(deck.name for deck in all_decks)
    made = [(out / names[deck.name], deck, export(deck, files)) for deck in all_decks]
    written: list[Written] = []
    for path, deck, content in made:
        changed = not _holds(path, content)
        if changed and not dry_run:
            replace_file(path, content)
        written.append(Written(path, deck, changed))
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
