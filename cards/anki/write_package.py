"""Write decks as Anki packages: schema 11 in a zip.

The same cards give the same bytes: each Anki note has its own `mod`, and the zip has fixed dates.
"""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import count

import genanki

from cards.anki.note_types import NoteType, note_types
from cards.model import AnkiNote, CardKind, Deck

_OLD = 1  # a `mod` in seconds since 1970 that is newer than no note type in Anki
_MONTH = 30 * 86_400_000  # milliseconds
FIRST_DECK_ID = 1_000_000_000_000  # old versions of Anki take ids for milliseconds since 1970, and refuse future ones
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


class _Model(genanki.Model):  # type: ignore[misc]
    """A genanki model with its own `mod` instead of the time of the build."""

    mod = 0

    def to_json(self, timestamp: float, deck_id: int) -> dict[str, object]:
        return dict(super().to_json(self.mod, deck_id))


def _model(note_type: NoteType, kind: CardKind, *, held: bool) -> _Model:
    name, identity = note_type.template
    model = _Model(
        note_type.id,
        note_type.name,
        fields=[{"name": name, "id": identity} for name, identity in note_type.fields],
        templates=[{"name": name, "id": identity, "qfmt": note_type.front, "afmt": note_type.back}],
        css=note_type.css,
        model_type=genanki.Model.CLOZE if kind == "cloze" else genanki.Model.FRONT_BACK,
    )
    model.mod = _OLD if held else note_type.mod
    return model


def deck_id(name: str) -> int:
    """Derive a deck's id from its name. Anki matches decks by name; the id must only be stable and not 1."""
    return FIRST_DECK_ID + int.from_bytes(hashlib.sha256(name.encode()).digest()[:5], "big") // 2


def export(deck: Deck, media: Mapping[str, bytes], *, held: Iterable[CardKind] = ()) -> bytes:
    """Write the package of a deck and its subdecks. `media` maps names in the package to contents.

    The note types of the kinds in `held` are those that the collection has: an import leaves their looks alone.
    """
    newest = max((note.mod for note in deck.notes), default=note_types()["qa"].mod)
    names = sorted({name for note in deck.notes for name in note.media})
    return _zip(_database(deck.notes, newest, {*held}), {name: media[name] for name in names})


def _database(notes: Sequence[AnkiNote], timestamp: int, held: Set[CardKind]) -> bytes:
    """Write the collection. genanki makes tables, note types and decks; the rows are inserted in bulk, which is faster."""
    decks = _decks(notes, held)
    first = timestamp * 1000  # the id of the first Anki note: milliseconds since 1970
    connection = sqlite3.connect(":memory:")
    try:
        genanki.Package(list(decks.values())).write_to_db(connection.cursor(), timestamp, count(first))
        connection.executemany("insert into notes values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _note_rows(notes, first))
        connection.executemany(
            "insert into cards values (?, ?, ?, ?, ?, -1, 0, 0, ?, 0, 0, 0, 0, 0, 0, 0, 0, '')",
            _card_rows(notes, first, {name: deck.deck_id for name, deck in decks.items()}),
        )
        connection.commit()
        return connection.serialize()
    finally:
        connection.close()


def _decks(notes: Sequence[AnkiNote], held: Set[CardKind]) -> dict[str, genanki.Deck]:
    """The decks by name, each with the note types of its notes."""
    models = {kind: _model(note_type, kind, held=kind in held) for kind, note_type in note_types().items()}
    decks: dict[str, genanki.Deck] = {}
    for name, kind in dict.fromkeys((note.deck, note.kind) for note in notes):
        decks.setdefault(name, genanki.Deck(deck_id(name), name)).add_model(models[kind])
    return decks


def _note_rows(notes: Sequence[AnkiNote], first: int) -> Iterator[tuple[object, ...]]:
    types = note_types()
    for nid, note in enumerate(notes, first):
        tags, fields = f" {' '.join(note.tags)} ", "\x1f".join(note.fields)
        yield nid, note.guid, types[note.kind].id, note.mod, -1, tags, fields, note.fields[0], 0, 0, ""


def _card_rows(notes: Sequence[AnkiNote], first: int, decks: Mapping[str, int]) -> Iterator[tuple[object, ...]]:
    taken: set[int] = set()
    for due, note in enumerate(notes):
        for ordinal in note.ordinals:
            cid = _card_id(first, note.guid, ordinal, taken)
            taken.add(cid)
            yield cid, first + due, decks[note.deck], ordinal - 1, note.mod, due


def _card_id(first: int, guid: str, ordinal: int, taken: set[int]) -> int:
    """Choose a practically unique id in the 30 days before `first` (milliseconds since 1970).

    Anki keeps a deleted card's reviews under its id, so ids must not be reused.
    """
    digest = int.from_bytes(hashlib.sha256(f"{guid}/{ordinal}".encode()).digest()[:8], "big")
    cid = first - digest % _MONTH
    while cid in taken:
        cid -= 1
    return cid


def _zip(database: bytes, media: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    names = dict(enumerate(media))
    with zipfile.ZipFile(out, "w") as package:

        def add(name: str, content: bytes) -> None:
            entry = zipfile.ZipInfo(name, _ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            package.writestr(entry, content)

        add("collection.anki2", database)
        add("media", json.dumps(names).encode())
        for number, name in names.items():
            add(str(number), media[name])
    return out.getvalue()
