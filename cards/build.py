"""Notes → decks on disk: the one place that knows the sequence of the rooms."""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from cards import identity, properties, render, vault
from cards.config import DEFAULT_DECK, Config
from cards.generator import generate
from cards.model import (
    Card,
    CardsError,
    Cloze,
    Deck,
    Draft,
    Kind,
    Media,
    Note,
    Paragraph,
    Problem,
    Prose,
    Skipped,
    paragraphs,
)
from cards.parser import parse

BIRTH = 1795305600  # `mod` of every card until the ledger remembers when each one changed
_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.I)


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
        note = parse(text, path, config.options)
        problems += note.problems
        if not note.wanted:
            continue
        made = generate(note, config.folder_of(path).kinds or config.kinds)
        skipped += (*note.skipped, *made.skipped)
        drafted += [(note, draft) for draft in made.drafts]
        with_cards += bool(made.drafts)
    found = _Packed(config, problems)
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


def file_name(deck: str) -> str:
    """A deck's name as a file name that every system takes."""
    name = _UNSAFE.sub("_", deck).strip(" .")[:100] or "deck"
    return f"{name}_" if _RESERVED.fullmatch(name) else name


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


def _card(config: Config, note: Note, draft: Draft, guid: str, found: _Packed) -> Card:
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


def targets(draft: Draft) -> list[str]:
    """What a draft embeds, in reading order."""
    prose: list[Prose] = [draft.text if isinstance(draft, Cloze) else draft.front]
    prose += [paragraph.prose for paragraph in paragraphs(draft.back) if isinstance(paragraph, Paragraph)]
    return [run.target for each in prose for run in each if run.kind is Kind.IMAGE and run.target]


class _Packed:
    """The media of a run: each file read once, under a name made from its content."""

    def __init__(self, config: Config, problems: list[Problem]) -> None:
        self.vault = vault.Media(config.root, config.out)
        self.problems = problems
        self.files: dict[str, bytes] = {}
        self.known: dict[Path, Media | None] = {}

    def pack(self, note: str, line: int, target: str) -> Media | None:
        if target.startswith(("http://", "https://")):
            return None
        path = self.vault.find(note, target)
        if path is None:
            suffix = PurePosixPath(target).suffix.lower()
            if suffix in vault.IMAGES | vault.SOUNDS:
                message = f"{target} is not in the vault; the card shows its name instead"
                self._report(Problem(note, line, "media", message))
            return None
        if path not in self.known:
            self.known[path] = self._read(note, line, path)
        return self.known[path]

    def _read(self, note: str, line: int, path: Path) -> Media | None:
        from cards.exporter import media_name

        content = self.vault.read(path)
        if content is None:
            self._report(Problem(note, line, "media", f"{path.name} can't be read, or is larger than Anki syncs (100 MiB)"))
            return None
        name = media_name(path.stem, path.suffix, content)
        self.files[name] = content
        return Media(name, str(path), path.suffix.lower() in vault.SOUNDS)

    def _report(self, problem: Problem) -> None:
        if problem not in self.problems:
            self.problems.append(problem)


def _obsidian_vault(root: Path) -> str | None:
    """The name under which Obsidian knows the vault: that of the folder with its settings."""
    return root.name if (root / ".obsidian").is_dir() else None


def deck_of(config: Config, note: Note) -> str:
    """A note's deck: frontmatter, then `cards.toml`, then the folder path, then `Takeaways`."""
    given = next(properties.strings(properties.get(note.properties, "deck", "cards-deck", "TARGET DECK")), None)
    folder = PurePosixPath(note.path).parent
    name = given or config.folder_of(note.path).deck or config.deck
    parts = name.split("::") if name else [part for part in folder.parts if part != "."]
    clean = [re.sub(r'[\x00-\x1f"]+', " ", part).strip() for part in parts]
    return "::".join(part for part in clean if part) or DEFAULT_DECK


_PODCAST_TAGS = (
    ("show", ("show", "podcast", "show_title")),
    ("guest", ("guests", "guest")),
    ("topic", ("topics", "topic")),
    ("author", ("author", "authors")),
)


def tags_of(config: Config, note: Note) -> tuple[str, ...]:
    """Anki's tags of a note: those of the frontmatter and `cards.toml`, and show, guests, topics, authors."""
    values = note.properties
    found = [*config.tags]
    given = properties.get(values, "tags", "tag")
    for text in properties.strings(given):
        if "," in text or "，" in text:
            found += re.split(r"[,，]", text)
        else:  # one text of several words is a row of tags, a list entry of several words is one
            found += text.split() if isinstance(given, str) else [text]
    for prefix, keys in _PODCAST_TAGS:
        for text in properties.strings(properties.get(values, *keys)):
            found += [f"{prefix}::{one}" for one in re.split(r"\s*[,，]\s*", text) if one]
    clean = (clean_tag(tag) for tag in found)
    return tuple(sorted({tag.casefold(): tag for tag in reversed([tag for tag in clean if tag])}.values()))


def clean_tag(tag: str) -> str:
    """A tag as Anki takes it: no white space, `/` as `::`, no empty level; empty for one that Anki keeps to itself."""
    parts = re.split(r"::|/", tag.strip().lstrip("#"))
    levels = [re.sub(r"[\s\x00-\x1f\"“”「」]+", "_", part.strip()).strip("_#:") for part in parts]
    name = "::".join(level for level in levels if level)
    if name.casefold() in ("marked", "leech") or ("::" in tag and len([level for level in levels if level]) < 2):
        return ""
    return name
