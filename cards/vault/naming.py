"""What a note's cards are called by in Anki: deck and tags, and the file a deck is written to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from unicodedata import normalize

from cards.model import Note
from cards.parser import metadata
from cards.vault.config import DEFAULT_DECK, Config

_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_DEEPEST = 10  # levels of decks; Anki refuses a package with more than eleven
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.I)


def deck_of(config: Config, note: Note) -> str:
    """A note's deck: frontmatter, then `cards.toml`, then the folder path, then `Takeaways`."""
    given = next(metadata.strings(metadata.get(note.properties, "deck", "cards-deck", "TARGET DECK")), None)
    folder = PurePosixPath(note.path).parent
    name = given or config.folder_of(note.path).deck or config.deck
    parts = name.split("::") if name else [part for part in folder.parts if part != "."]
    clean = [normalize("NFC", re.sub(r'[\x00-\x1f"]+', " ", part).strip()) for part in parts]  # as Anki keeps it
    return "::".join([part for part in clean if part][:_DEEPEST]) or DEFAULT_DECK


_PODCAST_TAGS = (
    ("show", metadata.SHOW_KEYS),
    ("guest", ("guests", "guest")),
    ("host", ("hosts", "host")),
    ("topic", ("topics", "topic")),
    ("author", ("author", "authors")),
)


def tags_of(config: Config, note: Note) -> tuple[str, ...]:
    """Anki's tags of a note: those of the frontmatter and `cards.toml`, and show, guests, hosts, topics, authors, year."""
    values = note.properties
    found = [*config.tags]
    given = metadata.get(values, "tags", "tag")
    for text in metadata.strings(given):
        if "," in text or "，" in text:
            found += re.split(r"[,，]", text)
        else:  # one text of several words is a row of tags, a list entry of several words is one
            found += text.split() if isinstance(given, str) else [text]
    for prefix, keys in _PODCAST_TAGS:
        for name in metadata.names(metadata.get(values, *keys)):  # a topic's folders are levels, a person's are not
            found.append(f"{prefix}::{name if prefix == 'topic' else name.rpartition('/')[2]}")
    if year := metadata.year(metadata.get(values, "published", "publish_date", "publication_date")):
        found.append(f"published::{year}")
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


def top(deck: str) -> str:
    """The top-level deck that a deck belongs to: `a` of `a::b`. It makes a package."""
    return deck.partition("::")[0]


def file_name(deck: str) -> str:
    """A deck's name as a file name that every system takes: at most 100 characters and 200 bytes, where 255 are the limit."""
    name = _UNSAFE.sub("_", deck).strip(" .")[:100].encode()[:200].decode(errors="ignore").rstrip(" .") or "deck"
    return f"{name}_" if _RESERVED.fullmatch(name) else name


def file_names(decks: Iterable[str]) -> dict[str, str]:
    """The package of each top-level deck. Names that a system takes for one, by case or the form of accents, get a number."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for deck in sorted(set(decks)):
        stem, copy = file_name(deck), 1
        name = stem
        while normalize("NFC", name).casefold() in taken:
            copy += 1
            name = f"{stem}-{copy}"
        taken.add(normalize("NFC", name).casefold())
        names[deck] = f"{name}.apkg"
    return names
