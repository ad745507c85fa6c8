"""Read Anki packages, which are untrusted. `write_package` writes them."""

from __future__ import annotations

import io
import json
import re
import sqlite3
import zipfile
from typing import NamedTuple

from cards.anki.note_types import note_types
from cards.model import AnkiNote, CardsError

_FILE = re.compile(r"\[sound:([^\]]+)\]|src=\"([^\"]+)\"")
_LARGEST = 1024**3  # bytes of an unpacked collection, or of all media
_LONGEST = 100_000_000  # bytes of a value in the collection
_VERSIONS = (b"\x08\x01", b"\x08\x02", b"\x08\x03")  # PackageMetadata in Anki's import_export.proto
_PLAIN = re.compile(r"create (?:table|(?:unique )?index)\b(?!.*\b(?:as|select|check|generated|virtual)\b)", re.I | re.S)


class Package(NamedTuple):
    """The Anki notes of our two note types in a package, by id, and whether Anki wrote the package."""

    notes: tuple[AnkiNote, ...]
    by_anki: bool


def read(content: bytes, name: str) -> Package:
    """Read the notes of a package. `name` stands for it in messages. Raises CardsError if it can't be read."""
    database, by_anki = collection(content, name)
    try:
        return Package(tuple(_notes(database)), by_anki)
    except (sqlite3.DatabaseError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CardsError(f"{name}: its collection can't be read: {error}") from None
    finally:
        database.close()


def _notes(database: sqlite3.Connection) -> list[AnkiNote]:
    kinds = {note_type.id: kind for kind, note_type in note_types().items()}
    decks = _decks(database)
    cards: dict[int, list[int]] = {}
    deck_ids: dict[int, int] = {}  # of the first card of each note
    for nid, ordinal, did in database.execute("select nid, ord, did from cards order by ord"):  # a join may take quadratic time
        cards.setdefault(nid, []).append(ordinal + 1)
        deck_ids.setdefault(nid, did)
    notes = []
    for nid, guid, mid, mod, tags, flds in database.execute("select id, guid, mid, mod, tags, flds from notes order by id"):
        if mid not in kinds:
            continue
        ordinals = tuple(cards.get(nid, ()))
        if not (isinstance(guid, str) and isinstance(mod, int) and all(isinstance(ordinal, int) for ordinal in ordinals)):
            raise ValueError(f"note {guid!r} has values of a wrong type")
        notes.append(
            AnkiNote(
                guid=guid,
                kind=kinds[mid],
                deck=decks.get(deck_ids.get(nid, 0), "Default"),
                tags=tuple(tags.split()),
                fields=tuple(flds.split("\x1f")),
                ordinals=ordinals,
                media=tuple(sorted(_files_in(flds))),
                mod=mod,
            )
        )
    return notes


def _decks(database: sqlite3.Connection) -> dict[int, str]:
    tables = {name for (name,) in database.execute("select name from sqlite_master where type = 'table'")}
    if "decks" in tables:
        return {did: name.replace("\x1f", "::") for did, name in database.execute("select id, name from decks")}
    (text,) = database.execute("select decks from col").fetchone()
    return {int(did): str(deck["name"]) for did, deck in json.loads(text).items()}


def _files_in(fields: str) -> set[str]:
    """The names of the files that fields embed."""
    if "[sound:" not in fields and 'src="' not in fields:  # most embed none
        return set()
    return {name for names in _FILE.findall(fields) for name in names if name}


def collection(content: bytes, name: str) -> tuple[sqlite3.Connection, bool]:
    """Open the collection of a package in memory, and tell whether Anki wrote it. Raises CardsError if it is no package."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            # choose as Anki does: https://github.com/ankitects/anki/blob/main/rslib/src/import_export/package/meta.rs
            meta = _read(archive, "meta") if "meta" in names else b""
            if meta not in (b"", *_VERSIONS):  # unknown to us, so Anki may read another file than we do
                raise ValueError("unknown version")
            latest = meta == _VERSIONS[-1]
            file = next(n for n in ("collection.anki21b",) * latest + ("collection.anki21", "collection.anki2") if n in names)
            unpacked = _read(archive, file)
        if file.endswith("b"):
            import zstandard

            with zstandard.ZstdDecompressor().stream_reader(unpacked) as stream:
                unpacked = stream.read(_LARGEST)
                if stream.read(1):
                    raise ValueError("the collection is too large")
        return _opened(unpacked), "meta" in names
    except Exception as error:  # zip, zstd and SQLite each raise their own errors for a broken file
        raise CardsError(f"{name}: is not an Anki package ({type(error).__name__}: {error})") from None


def _opened(content: bytes) -> sqlite3.Connection:
    """Open a database from its bytes. Raises ValueError or DatabaseError if it is damaged or has more than plain tables."""
    # a database in write-ahead mode (2 in the header, https://sqlite.org/fileformat.html) can't be opened from memory
    content = content[:18] + b"\x01\x01" + content[20:]
    database = sqlite3.connect(":memory:")
    try:
        database.create_collation("unicase", lambda a, b: (a.casefold() > b.casefold()) - (a.casefold() < b.casefold()))
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        database.deserialize(content)
        # a view, a computed column or a cycle of pages could keep a query running forever
        if not all(_PLAIN.match(sql) for (sql,) in database.execute("select sql from sqlite_master where sql <> ''")):
            raise ValueError("the tables are not Anki's")
        ((damage,),) = database.execute("pragma quick_check(1)")
        if damage != "ok":
            raise ValueError(damage)
        database.execute("select count(*) from notes")
        return database
    except BaseException:
        database.close()
        raise


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    """Read a file of a package, up to its declared size. Raises ValueError if it is too large."""
    info = archive.getinfo(name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others unpack without a limit
        raise ValueError(f"{name} is packed in a way that Anki does not know")
    if info.file_size > _LARGEST:
        raise ValueError(f"{name} is too large")
    with archive.open(info) as file:
        return file.read(info.file_size)  # without a size it would unpack up to 2 GiB


def media(content: bytes, name: str, wanted: frozenset[str], largest: int = _LARGEST) -> dict[str, bytes]:
    """Read the `wanted` files of one of our own packages, except those over `largest` bytes. Raises CardsError."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            numbers = {file: number for number, file in json.loads(_read(archive, "media")).items() if file in wanted}
            sizes = {file: archive.getinfo(number).file_size for file, number in numbers.items()}
            if sum(sizes.values()) > _LARGEST:
                raise ValueError("the media are too large")
            return {file: _read(archive, number) for file, number in numbers.items() if sizes[file] <= largest}
    except Exception as error:  # as above
        raise CardsError(f"{name}: is not an Anki package ({type(error).__name__}: {error})") from None
