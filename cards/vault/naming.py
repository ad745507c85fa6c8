"""Names in Anki: the deck and the tags of a note, and the file name of a deck."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from unicodedata import normalize

from cards.model import Note
from cards.parser import metadata
from cards.vault.config import DEFAULT_DECK, Config

_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_DEEPEST = 10  # levels of decks; Anki rejects packages with more than eleven
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.I)


def named_deck(note: Note) -> str | None:
    """Return the deck that a note's frontmatter names, as it stands there."""
    return next(metadata.strings(metadata.get(note.properties, "deck", "cards-deck", "TARGET DECK")), None)


def deck_of(config: Config, note: Note) -> str:
    """Return a note's deck: from the frontmatter, else `cards.toml`, else its folder, else `Takeaways`."""
    name = named_deck(note) or config.folder_of(note.path).deck or config.deck
    parts = name.split("::") if name else PurePosixPath(note.path).parent.parts
    levels = [normalize("NFC", re.sub(r'[\x00-\x1f"]+', " ", part).strip()) for part in parts]  # as Anki stores it
    return "::".join([level for level in levels if level][:_DEEPEST]) or DEFAULT_DECK


_PODCAST_TAGS = (
    ("show", metadata.SHOW_KEYS),
    ("guest", ("guests", "guest")),
    ("host", ("hosts", "host")),
    ("topic", ("topics", "topic")),
    ("author", ("author", "authors")),
)


def tags_of(note: Note, more: Iterable[str] = ()) -> tuple[str, ...]:
    """Return a note's tags: the frontmatter's tags, show, people, topics and year, and `more` that all notes have."""
    values = note.properties
    tags = [*more]
    in_note = metadata.get(values, "tags", "tag")
    for text in metadata.strings(in_note):
        if "," in text or "，" in text:
            tags += re.split(r"[,，]", text)
        else:  # spaces separate tags in a string, but belong to the tag in a list entry
            tags += text.split() if isinstance(in_note, str) else [text]
    for prefix, keys in _PODCAST_TAGS:
        for name in metadata.names(metadata.get(values, *keys)):  # a topic's folders are levels, a person's are not
            tags.append(f"{prefix}::{name if prefix == 'topic' else name.rpartition('/')[2]}")
    if year := metadata.year(metadata.get(values, "published", "publish_date", "publication_date")):
        tags.append(f"published::{year}")
    clean = filter(None, map(clean_tag, reversed(tags)))  # reversed: of tags that differ in case, the first one wins
    return tuple(sorted({tag.casefold(): tag for tag in clean}.values()))


def clean_tag(tag: str) -> str:
    """Return a tag as Anki accepts it: no white space, `/` as `::`, no empty level.

    Empty for tags that Anki uses itself, and for a hierarchical tag with fewer than two levels left.
    """
    parts = re.split(r"::|/", tag.strip().lstrip("#"))
    levels = [re.sub(r"[\s\x00-\x1f\"“”「」]+", "_", part.strip()).strip("_#:") for part in parts]
    name = "::".join(level for level in levels if level)
    if name.casefold() in ("marked", "leech") or ("::" in tag and len([level for level in levels if level]) < 2):
        return ""
    return name


def top(deck: str) -> str:
    """Return the top-level deck, which becomes a package: `a` for `a::b`."""
    return deck.partition("::")[0]


def file_name(deck: str) -> str:
    """Return a file name for a deck, without suffix, that every system allows: at most 100 characters and 200 bytes."""
    name = _UNSAFE.sub("_", deck).strip(" .")[:100].encode()[:200].decode(errors="ignore").rstrip(" .") or "deck"
    return f"{name}_" if _RESERVED.fullmatch(name) else name


def file_names(decks: Iterable[str]) -> dict[str, str]:
    """Return the package name of each top-level deck. Names that differ only in case or Unicode form get a number."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for deck in sorted(set(decks)):
        name = stem = file_name(deck)
        copy = 1
        while normalize("NFC", name).casefold() in taken:
            copy += 1
            name = f"{stem}-{copy}"
        taken.add(normalize("NFC", name).casefold())
        names[deck] = f"{name}.apkg"
    return names
