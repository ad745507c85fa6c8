"""Notes → decks on disk: the one place that knows the sequence of the rooms."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cards import identity, render, vault
from cards.config import Config
from cards.generator import generate
from cards.media import Packed, targets
from cards.model import (
    Card,
    CardsError,
    Deck,
    Draft,
    Media,
    Note,
    Problem,
    Skipped,
)
from cards.naming import deck_of, file_name, tags_of
from cards.parser import parse

BIRTH = 1795305600  # `mod` of every card until the ledger remembers when each one changed


@dataclass(frozen=True, slots=True)
class Collected:
    """All cards of a run in deck order, with what was left out and what was odd."""

    cards: tuple[Card, ...]
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
    """What a build did."""

    collected: Collected
    written: tuple[Written, ...]


def collect(config: Config) -> Collected:
    """Read the notes and make their cards. Writes nothing."""
    problems: list[Problem] = []
    skipped: list[Skipped] = []
    drafted: list[tuple[Note, Draft]] = []
    paths = vault.note_paths(config, problems)
    with_cards = 0
    for path in paths:
        text = vault.read_note(config.root, path)
        if isinstance(text, Problem):
            problems.append(text)
            continue
        try:
            note = parse(text, path, config.options)
            made = generate(note, config.folder_of(path).kinds or config.kinds)
        except Exception as error:  # a fault of ours in one note must not cost the cards of all others
            message = (
                f"can't be read, which is a fault in Cards ({type(error).__name__}: {error}); please report it with the note"
            )
            problems.append(Problem(path, 0, "fault", message))
            continue
        problems += note.problems
        if not note.wanted:
            continue
        skipped += (*note.skipped, *made.skipped)
        drafted += [(note, draft) for draft in made.drafts]
        with_cards += bool(made.drafts)
    found = Packed(config, problems)
    guids = identity.guids(draft for _, draft in drafted)
    cards = [_card(config, note, draft, guid, found) for (note, draft), guid in zip(drafted, guids, strict=True)]
    ordered = sorted(skipped, key=lambda each: (each.note, each.line))
    return Collected(tuple(cards), tuple(ordered), tuple(sorted(problems)), len(paths), with_cards, found.files)


def build(config: Config, *, dry_run: bool = False) -> Report:
    """Make the decks and write those that differ from what is on disk. Raises CardsError where they can't be written."""
    collected = collect(config)
    if not collected.notes:
        raise CardsError(f"{config.notes[0]}: no Markdown notes here")
    return Report(collected, tuple(write(config.out, decks(collected.cards), collected.files, dry_run=dry_run)))


def decks(cards: Iterable[Card]) -> list[Deck]:
    """One deck a top-level name, each with its subdecks' cards, in the order of the notes."""
    grouped: dict[str, list[Card]] = {}
    for card in cards:
        grouped.setdefault(card.deck.split("::")[0], []).append(card)
    return [Deck(name, tuple(grouped[name])) for name in sorted(grouped)]


def write(out: Path, all_decks: Iterable[Deck], files: Mapping[str, bytes], *, dry_run: bool = False) -> list[Written]:
    """Write each deck whose bytes differ, whole or not at all."""
    from cards.exporter import export  # genanki takes a third of a second to import

    made: list[tuple[Path, Deck, bytes]] = []
    taken: Counter[str] = Counter()
    for deck in all_decks:
        name = file_name(deck.name)
        taken[name.casefold()] += 1
        if (copy := taken[name.casefold()]) > 1:
            name = f"{name}-{copy}"
        made.append((out / f"{name}.apkg", deck, export(deck, files)))
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


# --------------------------------------------------------------------------------------------------------- one card


def _card(config: Config, note: Note, draft: Draft, guid: str, found: Packed) -> Card:
    names: dict[str, Media] = {}
    for target in targets(draft):
        media = found.pack(note.path, draft.place.line, target)
        if media is not None:
            names[target] = media
    source = render.source_line(note.title, note.source, config.vault or _obsidian_vault(config.root), note.path)
    return Card(
        guid,
        draft,
        deck_of(config, note),
        tags_of(config, note),
        note.source,
        render.fields(draft, guid, source, names),
        tuple(sorted({media.name for media in names.values()})),
        BIRTH,
    )


def _obsidian_vault(root: Path) -> str | None:
    """The name under which Obsidian knows the vault: that of the folder with its settings."""
    return root.name if (root / ".obsidian").is_dir() else None
